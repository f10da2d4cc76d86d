/**
 * Which tests may notice a bug in which file: those that import it, the cheapest first.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import { reachOf } from "./project.ts";

/** Tests that are run together. */
export interface Run {
  /** What they are, in few words. */
  readonly title: string;
  /** Their files, from the root. */
  readonly paths: readonly string[];
  /** Which of their tests, as `deno test --filter` takes it. Default: all. */
  readonly filter?: string;
  /** Whether they own their clock, so that nothing in them fails by chance. */
  readonly steady: boolean;
  /** After so many seconds they hang. */
  readonly limit: number;
}

/** Folders of drivers that need no server. */
const WITHIN = new Set(["kit", "decorators", "sqlite", "browser"]);
/** What tests call a server besides. */
const ALSO: Readonly<Record<string, string>> = { postgres: "pglite", mysql: "mariadb" };
/** The families of drivers that need a server, and how their tests call them: by the names of exports. */
const FAMILIES: ReadonlyMap<string, RegExp> = familiesOf(config.exports);
/** Backends that need no server. */
const SERVERLESS = "memory|sqlite|ipc|browser|all decorators|retrying|namespaced|traced|budgeted";
/** The tests of a backend, as they are called: `memory keeps …`, `on memory all …`. */
const of = (backends: string): string =>
  `/(?i)^((coordinators )?on (the wire of )?)?(${backends})\\b/`;

function familiesOf(exports: Readonly<Record<string, string>>): Map<string, RegExp> {
  const names = new Map<string, string[]>();
  for (const [key, path] of Object.entries(exports)) {
    const [, family] = /^\.\/drivers\/([^/]+)\//.exec(path) ?? [];
    const [, name] = /^\.\/drivers\/([\w-]+)$/.exec(key) ?? [];
    if (!family || !name || WITHIN.has(family)) continue;
    names.set(family, [
      ...names.get(family) ?? [family, ...[ALSO[family]].filter((also) => also !== undefined)],
      name,
    ]);
  }
  return new Map([...names].map(([family, all]) => [family, new RegExp(all.join("|"), "i")]));
}

/** What is known of a test file. */
interface TestFile {
  readonly path: string;
  /** What it imports, directly or not. */
  readonly reach: ReadonlySet<string>;
  /** The families of its own name, and of what it imports. */
  readonly own: readonly string[];
  readonly families: readonly string[];
  /** Whether it belongs to a long proof, which has a command of its own. */
  readonly long: boolean;
  readonly steady: boolean;
}

/** All test files. */
export function testFiles(
  texts: ReadonlyMap<string, string>,
  imports: ReadonlyMap<string, string[]>,
): TestFile[] {
  const familiesIn = (paths: readonly string[]): string[] =>
    [...FAMILIES].filter(([, words]) => paths.some((path) => words.test(path)))
      .map(([family]) => family);
  const clocks = [...texts].filter(([, text]) => /\bclass \w+ implements Runtime\b/.test(text))
    .map(([file]) => file);
  const paths = [...texts.keys()].filter((file) =>
    /^tests\/.*_test\.ts$/.test(file) && !file.startsWith("tests/mutation/")
  );
  return paths.map((path) => {
    const reach = reachOf(path, imports);
    const folder = path.slice(0, path.lastIndexOf("/"));
    const families = familiesIn([...reach].filter((file) => file.startsWith("tests/")));
    return {
      path,
      reach,
      own: familiesIn([path]),
      families,
      long: folder !== "tests" && texts.has(`${folder}/main.ts`),
      steady: families.length === 0 && clocks.some((clock) => reach.has(clock)),
    };
  });
}

/** The runs for a bug in a file, each test once; `quick` leaves out what waits for servers or clocks. */
export function runsFor(file: string, tests: readonly TestFile[], quick = false): Run[] {
  const mine = tests.filter(({ reach }) => reach.has(file));
  const families = [...FAMILIES.keys()];
  const family = families.find((each) => file.startsWith(`drivers/${each}/`)) ??
    families.find((each) => file.startsWith(`fencing/`) && file.includes(each));
  const cheap = mine.filter(({ families, long }) => families.length === 0 && !long);
  const near = cheap.filter(({ path }) => kinship(path, file) > 0)
    .sort((a, b) => kinship(b.path, file) - kinship(a.path, file));
  const far = cheap.filter((test) => !near.includes(test));
  const served = mine.filter(({ families, long }) => families.length > 0 && !long);
  const about = served.filter(({ own }) => family !== undefined && own.includes(family));
  const shared = served.filter(({ own }) => own.length === 0);
  const filter = family === undefined
    ? of(quick ? "memory" : SERVERLESS)
    : `/(?i)${FAMILIES.get(family)?.source}/`;
  const clocks = far.filter(({ steady }) => steady);
  // Where no other test is cheap, quick runs take it too: a survivor that nobody tried says nothing.
  const skipped = quick && near.length + clocks.length > 0;
  const clocked = run("what owns its clock", clocks, 120);
  const laws = run(`with ${family ?? (quick ? "memory" : "no server")}`, shared, 300, filter);
  return [
    run(`near ${file}`, near, 120),
    // A driver is held to the laws of drivers, and all else is held to those of coordinators last.
    ...file.startsWith("drivers/") && family === undefined ? [laws, clocked] : [clocked],
    run("what needs no server", skipped ? [] : far.filter(({ steady }) => !steady), 120),
    run(`about ${family}`, about, 300),
    ...file.startsWith("drivers/") && family === undefined ? [] : [laws],
  ].filter(({ paths }) => paths.length > 0);
}

function run(title: string, tests: readonly TestFile[], limit: number, filter?: string): Run {
  return {
    title,
    paths: tests.map(({ path }) => path),
    steady: tests.every(({ steady }) => steady),
    limit,
    ...(filter !== undefined && { filter }),
  };
}

/** How many words of a file's path are in a test's; those of its own name count more. */
function kinship(test: string, file: string): number {
  const words = wordsOf(test);
  const shared = (part: string): number =>
    wordsOf(part).filter((word) => words.includes(word)).length;
  return shared(file.slice(file.indexOf("/"))) + shared(file.slice(file.lastIndexOf("/")));
}

function wordsOf(path: string): string[] {
  const words = path.replace(/_test\.ts$|\.ts$/, "").split(/[/_]/).slice(1);
  return words.map((word) => word.replace(/s$/, "")).filter((word) => word !== "core");
}

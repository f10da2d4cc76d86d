/**
 * Which tests may notice a bug in which file: those that import it, the cheapest first.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import type { Backend } from "../backends/backend.ts";
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
const of = (backends: readonly string[]): string =>
  `/(?i)^((coordinators )?on (the wire of )?)?(${backends.join("|")})\\b/`;
/** What every function and URL refuses, and every driver promises: it reaches nearly all files, in seconds. */
const DOORS = [
  "tests/drivers/promises_test.ts",
  "tests/slips/doors_test.ts",
  "tests/url/url_test.ts",
];
/** Where every backend is held to the contract of drivers. */
const CONTRACT = "tests/laws/driver_test.ts";

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
  /** Whether it starts a runtime, in which it tries all laws again. */
  readonly runtime: boolean;
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
      runtime: folder === "tests/runtimes",
      steady: families.length === 0 && clocks.some((clock) => reach.has(clock)),
    };
  });
}

/** A backend under test, as the titles of its tests begin, and the files that its driver is made of. */
export interface Tested {
  readonly name: string;
  /** Whether it owns its clock: then its laws take a second or two. */
  readonly fake: boolean;
  readonly reach: ReadonlySet<string>;
}

/** All backends, from the files that the registry is made of. */
export async function backendsOf(imports: ReadonlyMap<string, string[]>): Promise<Tested[]> {
  const files = [...imports.keys()].filter((file) =>
    /^tests\/backends\/(?!mod)\w+\.ts$/.test(file)
  );
  const found = await Promise.all(files.map(async (file) => {
    // What it imports by itself is its driver; its servers may speak through the drivers of others.
    const drivers = (imports.get(file) ?? []).filter((each) =>
      /^(drivers|coordination)\//.test(each)
    );
    const reach = new Set(drivers.flatMap((each) => [...reachOf(each, imports)]));
    const module: Record<string, unknown> = await import(`../../${file}`);
    return Object.values(module).flat().filter(isBackend)
      .map(({ name, clock }) => ({ name, fake: clock === "fake", reach }));
  }));
  return found.flat();
}

function isBackend(value: unknown): value is Backend {
  return typeof (value as Backend | null)?.start === "function" && "lanes" in (value as Backend);
}

/** What is known of the tests. */
export interface Known {
  readonly tests: readonly TestFile[];
  readonly backends: readonly Tested[];
}

/**
 * The runs for a bug in a file, each test once, those first that are cheap and likely to notice it;
 * `quick` leaves out what waits for servers or clocks.
 */
export function runsFor(file: string, { tests, backends }: Known, quick = false): Run[] {
  const mine = tests.filter(({ reach }) => reach.has(file));
  const runs = (file.startsWith("drivers/") ? ofDriver : ofOthers)(file, mine, backends, quick);
  const taken = new Set(runs.flatMap(({ paths }) => paths));
  // Their titles name no backend, so whatever else chooses among tests by title would leave them out.
  const doors = mine.filter(({ path }) => DOORS.includes(path) && !taken.has(path));
  return [...runs, run("the doors", doors, 120)].filter(({ paths }) => paths.length > 0);
}

/** A driver is held to the contract before all else that needs a server. */
function ofDriver(
  file: string,
  mine: readonly TestFile[],
  backends: readonly Tested[],
  quick: boolean,
): Run[] {
  const { family, near, clocks, others, shared, served } = sorted(file, mine);
  const made = backends.filter(({ reach }) => reach.has(file));
  const fakes = made.filter(({ fake }) => fake);
  const real = made.filter(({ fake }) => !fake);
  // What every backend uses is held to the contract on those that are quick.
  const slow = family === undefined && fakes.length > 0 ? [] : real;
  const families = family === undefined
    ? [...FAMILIES.keys()].filter((each) => slow.some(({ reach }) => reaches(reach, each)))
    : [family];
  const about = served.filter(({ own }) => own.some((each) => families.includes(each)));
  const kin = about.filter((test) => isKin(test, file));
  const contract = mine.filter(({ path }) => path === CONTRACT);
  const rest = shared.filter(({ path }) => path !== CONTRACT);
  const laws = (title: string, tests: readonly TestFile[], on: readonly Tested[], limit: number) =>
    run(title, on.length > 0 ? tests : [], limit, of(on.map(({ name }) => RegExp.escape(name))));
  const far = run("what needs no server", others, 120);
  const words = family === undefined ? undefined : `/(?i)${FAMILIES.get(family)?.source}/`;
  return [
    run(`near ${file}`, near, 240),
    laws("the contract within the process", contract, fakes, 240),
    run(`about ${nameOf(file)}`, kin, 300),
    laws("the contract", contract, slow, 600),
    run(`about ${families.join(", ")}`, about.filter((test) => !kin.includes(test)), 600),
    ...quick ? [] : [run("what owns its clock", clocks, 120)],
    ...quick && made.length > 0 ? [] : [far],
    ...quick && near.length + made.length + about.length > 0 ? [] : [
      laws("all that is the same on each", rest, made, 900),
      // A vendor's client and a URL are no backends of the registry.
      run("what is about no backend", made.length > 0 ? [] : rest, 600, words),
    ],
  ];
}

/** All else is held to the laws of coordinators last. */
function ofOthers(
  file: string,
  mine: readonly TestFile[],
  _backends: readonly Tested[],
  quick: boolean,
): Run[] {
  const { family, near, clocks, others, shared, served } = sorted(file, mine);
  const about = served.filter(({ own }) => family !== undefined && own.includes(family));
  const kin = served.filter((test) => test.own.length === 0 && isKin(test, file));
  const rest = shared.filter((test) => !kin.includes(test));
  const filter = family === undefined
    ? of([quick ? "memory" : SERVERLESS])
    : `/(?i)${FAMILIES.get(family)?.source}/`;
  // Where no other test is cheap, quick runs take it too: a survivor that nobody tried says nothing.
  const skipped = quick && near.length + clocks.length > 0;
  return [
    run(`near ${file}`, near, 240),
    run("what owns its clock", clocks, 120),
    run("what needs no server", skipped ? [] : others, 120),
    run(`about ${nameOf(file)}`, kin, 300),
    run(`about ${family}`, about, 300),
    run(`with ${family ?? (quick ? "memory" : "no server")}`, rest, 300, filter),
  ];
}

/** The tests that reach a file, by what they cost. */
function sorted(file: string, mine: readonly TestFile[]) {
  const family = [...FAMILIES.keys()].find((each) => file.startsWith(`drivers/${each}/`)) ??
    [...FAMILIES.keys()].find((each) => file.startsWith("fencing/") && file.includes(each));
  const byKin = [...mine].sort((a, b) => kinship(b.path, file) - kinship(a.path, file));
  const isCheap = ({ families, long, runtime }: TestFile): boolean =>
    families.length === 0 && !long && !runtime;
  const cheap = byKin.filter(isCheap);
  const near = cheap.filter(({ path }) => kinship(path, file) > 0);
  const far = cheap.filter((test) => !near.includes(test));
  const served = byKin.filter((test) => !isCheap(test) && !test.long);
  return {
    ...{ family, near, served },
    clocks: far.filter(({ steady }) => steady),
    others: far.filter(({ steady }) => !steady),
    shared: served.filter(({ own, path }) => own.length === 0 && !DOORS.includes(path)),
  };
}

/** Whether a test is named after the file. */
function isKin({ path }: TestFile, file: string): boolean {
  return kinship(path, `/${nameOf(file)}`) > 0;
}

function reaches(reach: ReadonlySet<string>, family: string): boolean {
  return [...reach].some((each) => each.startsWith(`drivers/${family}/`));
}

/** The file alone, without its folder. */
function nameOf(file: string): string {
  return file.slice(file.lastIndexOf("/") + 1);
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
  return shared(file) + shared(`/${nameOf(file)}`);
}

function wordsOf(path: string): string[] {
  const words = path.replace(/_test\.ts$|\.ts$/, "").split(/[/_]/).slice(1);
  return words.map((word) => word.replace(/s$/, "")).filter((word) => word !== "core");
}

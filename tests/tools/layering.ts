/**
 * Which room may import which, that no two files import each other in a circle, and which globals are
 * left to the runtime port. Run by `deno task check`. `ARCHITECTURE.md` shows the same as a picture.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);

/** What the files of one room may import. A room may always import itself. */
interface Room {
  /** A folder, which ends with "/", or a file; the longest that fits a file is its room. */
  readonly at: string;
  /** Folders, files and packages. */
  readonly may: readonly string[];
  /** The same, of which only the types are needed. */
  readonly asTypes?: readonly string[];
  readonly why: string;
}

/** Each folder beside the kit and the decorators is a family of drivers. */
const FAMILIES = [...Deno.readDirSync(new URL("drivers", ROOT))]
  .filter(({ name, isDirectory }) => isDirectory && !["kit", "decorators"].includes(name))
  .map(({ name }) => name);
/** Every driver's file with the packages that have its name in theirs. */
const VENDORS = FAMILIES.flatMap((family) => {
  const { imports } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  return [...Deno.readDirSync(new URL(`drivers/${family}`, ROOT))].map(({ name }) => {
    const [vendor = ""] = name.split(".");
    const own = Object.keys(imports).filter((each) =>
      each.startsWith(`@${vendor}`) ||
      // A client over sockets has the name of its package; `redis.ts` is the family's own.
      (vendor !== family && each.split("/")[0] === vendor)
    );
    return { family, file: `drivers/${family}/${name}`, own };
  });
  // Upstash's package is there for tests alone: its protocol takes no more than a `fetch`.
}).filter(({ own, file }) => own.length > 0 && file !== "drivers/redis/upstash.ts");
const SPI = ["errors.ts", "drivers/driver.ts", "drivers/kit/"];
/** The port and the leases listen to the same signals as drivers do. */
const ABORTS = "drivers/kit/aborts.ts";
/** And they refuse numbers, and names of options, in the same words. */
const CHECKS = ["drivers/kit/check.ts", "drivers/kit/options.ts"];
/** And they call users' functions as decorators do. */
const HARMLESS = "drivers/kit/harmless.ts";
const LEASES = [
  ...["errors.ts", "coordination/runtime.ts", "coordination/names.ts"],
  ...[ABORTS, ...CHECKS, HARMLESS],
];
const WING = [...LEASES, "coordination/leases/"];
/** Their types: the modules themselves are asked for when they are needed. */
const NODE = ["sqlite", "url", "fs", "os", "path"].map((name) => `node:${name}`);
/** What a family may import besides. An object's storage is a SQLite like any other. */
/**
 * What a family may import besides. An object's storage is a SQLite like any other. Requests to S3 are
 * signed by a package, which no other driver of one document imports.
 */
const BESIDES: Readonly<Record<string, readonly string[]>> = {
  sqlite: NODE,
  document: ["aws4fetch"],
  durable_object: ["drivers/sqlite/schema.ts", "drivers/sqlite/table.ts"],
};
/** Options and events name what stands above them, as types alone. */
const WIRED = ["coordination/options.ts", "coordination/events.ts", "drivers/driver.ts"];

const ROOMS: readonly Room[] = [
  { at: "errors.ts", may: [], why: "everyone imports the errors, so they import nobody" },
  { at: "drivers/driver.ts", may: [], why: "the SPI stands alone" },
  { at: "drivers/kit/", may: ["errors.ts", "drivers/driver.ts"], why: "the kit knows no driver" },
  {
    at: "drivers/decorators/",
    may: [...SPI],
    why: "a decorator wraps any driver, so it knows none",
  },
  { at: "drivers/memory.ts", may: SPI, why: "a driver knows the SPI and the kit" },
  {
    at: "drivers/zake.ts",
    may: [...SPI, "drivers/memory.ts"],
    why: "it is the memory that a process shares",
  },
  { at: "drivers/characteristics.ts", may: SPI, why: "it reads guarantees, of any driver" },
  ...FAMILIES.map((family): Room => ({
    at: `drivers/${family}/`,
    may: [...SPI, ...BESIDES[family] ?? []],
    why: "a family knows the SPI, the kit and itself, and no other family",
  })),
  ...VENDORS.map(({ family, file, own }): Room => ({
    at: file,
    may: [...SPI, `drivers/${family}/`, ...own],
    why: "a vendor's file imports its family and its vendor's package",
  })),
  {
    at: "drivers/schemes.ts",
    may: [...SPI],
    asTypes: FAMILIES.map((family) => `drivers/${family}/`),
    why: "drivers are loaded on demand",
  },
  {
    at: "coordination/runtime.ts",
    may: ["errors.ts", ABORTS, ...CHECKS],
    why: "the port knows nobody",
  },
  { at: "coordination/names.ts", may: ["errors.ts", ...CHECKS], why: "names know nobody" },
  {
    at: "coordination/events.ts",
    may: ["errors.ts"],
    asTypes: ["drivers/decorators/"],
    why: "events are types",
  },
  {
    at: "coordination/options.ts",
    may: [],
    asTypes: ["coordination/"],
    why: "options are types",
  },
  { at: "coordination/shutdown.ts", may: ["errors.ts"], why: "it knows the process alone" },
  {
    at: "coordination/leases/",
    may: [...LEASES, "drivers/decorators/"],
    asTypes: WIRED,
    why: "leases know the SPI as types, and no wing",
  },
  {
    at: "coordination/locks/",
    may: WING,
    asTypes: WIRED,
    why: "no wing sees another",
  },
  {
    at: "coordination/election/",
    may: WING,
    asTypes: WIRED,
    why: "no wing sees another",
  },
  {
    at: "coordination/cron/",
    may: [...WING, "coordination/member.ts", "coordination/namespace_of.ts"],
    asTypes: WIRED,
    why: "no wing sees another",
  },
  {
    at: "coordination/groups/",
    may: WING,
    asTypes: [...WIRED, "coordination/election/candidate.ts"],
    why: "groups may see a candidate, and no other wing",
  },
  {
    at: "coordination/partition/",
    may: ["errors.ts", ...CHECKS],
    asTypes: ["coordination/groups/group_events.ts"],
    why: "a ring knows keys and nodes",
  },
  {
    at: "coordination/member.ts",
    may: ["errors.ts", "coordination/", "drivers/decorators/", ...CHECKS],
    asTypes: ["drivers/driver.ts"],
    why: "it wraps the driver in what every request needs, and knows none",
  },
  {
    at: "coordination/namespace_of.ts",
    may: ["errors.ts", "drivers/decorators/"],
    why: "it knows what a namespace may be, and no coordinator",
  },
  {
    at: "coordination/",
    may: ["errors.ts", "coordination/", "drivers/characteristics.ts", ...CHECKS],
    asTypes: ["drivers/driver.ts"],
    why: "coordinators join the wings, and know no driver",
  },
  {
    at: "http/",
    may: ["errors.ts", "http/", "coordination/", ...CHECKS],
    asTypes: ["hono"],
    why: "handlers are made of what users have, and of a framework they know the types alone",
  },
  {
    at: "fencing/",
    may: [
      ...["errors.ts", "drivers/kit/"],
      ...["errors", "send"].map((file) => `drivers/redis/${file}.ts`),
      ...["errors", "send", "migration"].map((file) => `drivers/postgres/${file}.ts`),
      ...["errors", "send", "hex"].map((file) => `drivers/mysql/${file}.ts`),
      "drivers/sqlite/send.ts",
    ],
    why: "a fence stands where the writes go, which need not be where the leases are",
  },
  {
    at: "cli/",
    may: [
      ...["errors.ts", "url.ts", "fencing/", "drivers/kit/", "drivers/schemes.ts"],
      ...FAMILIES.map((family) => `drivers/${family}/`),
      ...["node:process", "node:util"],
    ],
    why: "a command does what a user could do",
  },
  {
    at: "url.ts",
    may: [
      ...["errors.ts", "coordination/", "drivers/schemes.ts", "drivers/characteristics.ts"],
      "drivers/kit/",
    ],
    asTypes: ["drivers/driver.ts", "drivers/postgres/", "drivers/mysql/"],
    why: "drivers are loaded on demand",
  },
  {
    at: "mod.ts",
    may: ["errors.ts", "coordination/", "drivers/characteristics.ts"],
    asTypes: ["drivers/driver.ts", "drivers/decorators/"],
    why: "the entrance brings no driver with it",
  },
  {
    at: "tests/conformance/",
    may: [
      ...["mod.ts", "errors.ts", "drivers/kit/", "drivers/decorators/namespaced.ts"],
      "drivers/memory.ts",
      "coordination/leases/retrying.ts",
      "node:assert/strict",
    ],
    asTypes: ["drivers/driver.ts"],
    why: "the published suite runs anywhere, on any driver",
  },
];

/** Globals that only `coordination/runtime.ts` may use, in what is published. */
const PORTED =
  /\b(Date\.now|performance\.(now|timeOrigin)|setTimeout|setInterval|Math\.random|crypto\.|AbortSignal\.timeout|fetch)\b/;
/** What would tie the package to one runtime. */
const FOREIGN = /\b(Deno|process|Buffer|global)\./;

/** Files that reach past the port, and why they may. */
const EXEMPT = new Map([
  ["coordination/runtime.ts", "it is the port"],
  ["drivers/kit/instants.ts", "how old something is that only a driver's own handle knows"],
  ["drivers/kit/pause.ts", "patience ends here, where the backend does not count it"],
  ["drivers/memory.ts", "its clock is the backend's"],
  ["drivers/durable_object/durable_object.ts", "its binding has a method of this name"],
  ["drivers/durable_object/object.ts", "its clock and its timers are the backend's"],
  ["drivers/browser/browser.ts", "its clock is the backend's"],
  ["drivers/sqlite/files.ts", "it compares what the host's file system says with the host's clock"],
  ["drivers/sqlite/sqlite.ts", "its clock is the backend's"],
  ["drivers/sqlite/turn.ts", "it waits as SQLite would, in the middle of a call"],
  ["drivers/kit/nonce.ts", "a request differs from those of every other process by chance"],
  ["drivers/redis/redis.ts", "the sender's clock may raise a token"],
  ["drivers/redis/rest.ts", "it is a transport: its caller's signal ends what it fetches"],
  ["drivers/mysql/planetscale.ts", "the vendor's client takes no signal, only a fetch"],
  ["drivers/sqlite/hrana.ts", "it is a transport: its caller's signal ends what it fetches"],
  ["drivers/consul/client.ts", "Consul has no client of its own for this"],
  ["drivers/document/deno_kv.ts", "its clock is the backend's"],
  ["drivers/document/http.ts", "it sends requests"],
  ["drivers/document/memcached.ts", "tokens begin at the sender's clock"],
  ["drivers/document/r2.ts", "the first clock that it writes is chosen by chance"],
  ["drivers/etcd/etcd.ts", "the first sender's clock says where tokens begin"],
  ["drivers/etcd/gateway.ts", "it sends requests"],
  ["drivers/etcd/leases.ts", "patience ends here, and the backend does not count it"],
  ["drivers/zookeeper/ensemble.ts", "chance says which server is asked first"],
  ["drivers/kit/sweeps.ts", "chance says what is looked at"],
  ["drivers/decorators/traced.ts", "it times requests, as a default"],
  ["http/secret.ts", "it hashes, which no test needs to own"],
]);

const problems: string[] = [];
/** Who imports whom, among what is published. */
const graph = new Map<string, string[]>();

for await (const file of sources(ROOT, "")) {
  const text = await Deno.readTextFile(new URL(file, ROOT));
  const outside = /^(tests|examples)\//.test(file);
  const room = ROOMS.filter(({ at }) =>
    isIn(file, at)
  ).sort((a, b) => b.at.length - a.at.length)[0];
  if (!room && !outside) problems.push(`${file} is in no room of tests/tools/layering.ts`);
  const imports = [...importsOf(text, file)];
  for (const { name, isType } of imports) {
    const may = [room?.at ?? "", ...room?.may ?? [], ...isType ? room?.asTypes ?? [] : []];
    if (room && !/_test\.ts$/.test(file) && !may.some((at) => isIn(name, at))) {
      problems.push(`${file} imports ${name}: ${room.why}`);
    }
    if (/^(tests|examples)\//.test(name) && !outside) {
      problems.push(`${file} imports ${name}: nothing imports tests or examples`);
    }
  }
  if (outside) continue;
  graph.set(file, imports.map(({ name }) => name));
  const code = text.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, "");
  const ported = PORTED.exec(code)?.[0];
  if (ported && !EXEMPT.has(file) && !file.startsWith("cli/")) {
    problems.push(`${file} uses ${ported}, which belongs to Runtime`);
  }
  const foreign = FOREIGN.exec(code)?.[0];
  if (foreign && !file.startsWith("cli/")) {
    problems.push(`${file} uses ${foreign} which not every runtime has`);
  }
}
for (const circle of circles(graph)) {
  problems.push(`these files import each other in a circle: ${circle.join(" → ")}`);
}

if (problems.length > 0) {
  // deno-lint-ignore no-console -- this is a command
  console.error(problems.join("\n"));
  Deno.exit(1);
}

function isIn(name: string, at: string): boolean {
  return name === at || (at.endsWith("/") && name.startsWith(at));
}

/** Each circle once, from where a walk first meets it. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) found.push([...path.slice(at), file]);
    if (at >= 0 || done.has(file)) return;
    for (const next of graph.get(file) ?? []) walk(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  return found;
}

/** Every TypeScript file under a folder, by its path from the root. */
async function* sources(root: URL, folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder || ".", root))) {
    if (/^(\.|node_modules$|coverage$)/.test(name)) continue;
    if (isDirectory) yield* sources(root, `${folder}${name}/`);
    else if (name.endsWith(".ts")) yield `${folder}${name}`;
  }
}

/** What a file imports or exports from, by its path from the root. */
function* importsOf(text: string, file: string): Generator<{ name: string; isType: boolean }> {
  const statements = /^(?:import|export)\s+(type\s)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gm;
  for (const [, type, specifier = ""] of text.matchAll(statements)) {
    const local = specifier.startsWith(".");
    const name = local
      ? new URL(specifier, new URL(file, ROOT)).href.slice(ROOT.href.length)
      : specifier;
    yield { name, isType: type !== undefined };
  }
}

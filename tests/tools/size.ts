/**
 * `deno run -A tests/tools/size.ts`: what users download, bundled, minified and gzipped, against a budget.
 * It also proves that the entry runs anywhere: nothing in it names a runtime's own modules or globals.
 */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "./bundler.ts";

/** Bytes after gzip; a few hundred above what is measured, so that growth is a choice. */
const CORE_BUDGET = 17_550;
/** With groups, watches, hash ring and all of Tooz's verbs; who needs none of that imports the core. */
const ENTRY_BUDGET = 23_900;
/** What the memory driver may add to an entry that shares most of its checks. */
const MEMORY_BUDGET = 2_300;
/** Handlers and middleware, with the errors they know. */
const HTTP_BUDGET = 6_540;
/** All that a scheduled Worker on Upstash ships; it needs no vendor's package. */
const WORKER_BUDGET = 18_350;
/** What a driver or decorator may add to the core. */
const PART_BUDGET = 4_096;
/**
 * Those that add more: Redis ships a script, PlanetScale and MySQL write SQL for servers that differ,
 * Turso, etcd, Consul and ZooKeeper have no client of a vendor beside them, etcd has the queue of those who wait,
 * Consul removes what has no session, and ZooKeeper has its wire protocol and the sockets under it. With the driver of Durable Objects comes their
 * class, which is the server; the driver is measured alone, too. IPC is SQLite and the care of a folder.
 * S3 reads errors in XML, and tries which conditions a store knows. Kubernetes looks for its own account.
 * Memcached has the family of one document and the sockets under it, which are 3.7 kB of it.
 */
const LARGE_PARTS: Readonly<Record<string, number>> = {
  redis: 4_980,
  upstash: 6_050,
  mysql: 5_200,
  planetscale: 5_950,
  turso: 5_100,
  etcd: 6_980,
  consul: 9_100,
  zookeeper: 11_050,
  ipc: 4_520,
  s3: 5_270,
  kubernetes: 5_100,
  memcached: 6_300,
  "durable-object": 6_100,
};

/** Every driver and decorator, as `deno.json` exports them. */
const PARTS = Object.entries<string>(
  JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url))).exports,
).flatMap(([key, path]) => {
  const [, name] = /^\.\/drivers\/(?!driver$|kit$)(.+)$/.exec(key) ?? [];
  return name ? [{ name, path, what: "*" }] : [];
});

interface Bundle {
  readonly name: string;
  readonly minified: number;
  readonly gzipped: number;
  readonly budget: number;
  /** What keeps the entry from running anywhere; empty is good. */
  readonly faults: readonly string[];
}

const root = fileURLToPath(new URL("../..", import.meta.url));

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

/** Bundles a source text that stands in the project's root. */
async function bundle(name: string, source: string, budget: number): Promise<Bundle> {
  const { outputFiles, metafile } = await esbuild.build({
    stdin: { contents: source, resolveDir: root, sourcefile: "size-entry.ts", loader: "ts" },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    // Vendors' packages and a runtime's own modules are not ours to ship; that the entry needs none
    // of them is looked at below.
    packages: "external",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const [output] = outputFiles;
  // An entry that was not found, or taken for something else, would look wonderfully small.
  if (!output || output.contents.length < 100) throw new Error(`nothing came out of ${name}`);
  const imports = Object.values(metafile.outputs).flatMap((each) => each.imports);
  return {
    name,
    minified: output.contents.length,
    gzipped: gzipSync(output.contents, { level: 9 }).length,
    budget,
    faults: [
      ...imports.map(({ path }) => `imports ${path}`),
      ...(await globalsIn(output.text)).map((each) => `names ${each}`),
    ],
  };
}

/** A runtime's own globals that a minified text uses; strings are taken out, for they may say so. */
async function globalsIn(text: string): Promise<string[]> {
  // Templates become strings first: they hold code, and apostrophes that begin no string.
  const supported = { "template-literal": false };
  const { code } = await esbuild.transform(text, { supported, minify: true });
  const bare = code.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');
  const used = bare.match(/(?<![\w$.])(?:Deno|Bun|process|Buffer|require|__dirname)(?![\w$:])/g);
  return [...new Set(used)];
}

function lineOf({ name, minified, gzipped, budget }: Bundle): string {
  const columns = [name.padEnd(22), `${minified}`.padStart(9), `${gzipped}`.padStart(8)];
  return `  ${columns.join("  ")}  ≤ ${budget} ${gzipped <= budget ? "PASS" : "FAIL"}`;
}

const core = 'export * from "./coordination/core.ts";';
const entry = 'export * from "./mod.ts";';
const bundles = [
  await bundle(
    "core with memory",
    `${core} export { memory } from "./drivers/memory.ts";`,
    CORE_BUDGET,
  ),
  await bundle(
    "mod.ts with memory",
    `${entry} export { memory } from "./drivers/memory.ts";`,
    ENTRY_BUDGET + MEMORY_BUDGET,
  ),
  await bundle("mod.ts", entry, ENTRY_BUDGET),
  await bundle("hono", 'export * from "./http/hono.ts";', HTTP_BUDGET),
  await bundle(
    "cron with upstash",
    'export * from "./coordination/cron/mod.ts"; export * from "./drivers/redis/upstash.ts";',
    WORKER_BUDGET,
  ),
];
const faults = bundles.flatMap((each) => each.faults.map((fault) => `${each.name} ${fault}`));
// What a part adds to the core, for nobody has it alone and they share their errors and checks.
const alone = await bundle("core", core, CORE_BUDGET);
const driverAlone = {
  name: "durable-object's driver",
  path: "./drivers/durable_object/durable_object.ts",
  what: "{ durableObject }",
};
for (const { name, path, what } of [...PARTS, driverAlone]) {
  const source = `${core} export ${what} from "${path}";`;
  const budget = LARGE_PARTS[name] ?? PART_BUDGET;
  const both = await bundle(`+ ${name}`, source, budget + alone.gzipped);
  const gzipped = both.gzipped - alone.gzipped;
  const minified = both.minified - alone.minified;
  bundles.push({ ...both, minified, gzipped, budget });
}
print(`  ${"bytes".padEnd(22)}   minified   gzipped`);
for (const each of bundles) print(lineOf(each));
for (const fault of faults) print(`  ${fault}, so it would not run everywhere: FAIL`);
const over = bundles.some(({ gzipped, budget }) => gzipped > budget);
Deno.exitCode = over || faults.length > 0 ? 1 : 0;

/**
 * Who may import whom, and which globals are left to the runtime port. Run by `deno task check`.
 *
 * @module
 */

const ROOT = new URL("../", import.meta.url);

/** What the files of a folder may import; the first rule that fits a file holds. */
const RULES: readonly { files: RegExp; may: RegExp; asTypes?: RegExp; why: string }[] = [
  {
    files: /^coordination\//,
    may: /^(coordination\/|drivers\/(budgeted|namespaced|retrying|traced)\.ts$)/,
    asTypes: /^drivers\/driver\.ts$/,
    why: "the core knows the SPI as types, and the decorators, but no driver",
  },
  {
    files: /^drivers\/sqlite\.ts$/,
    may: /^(drivers\/|coordination\/errors\.ts$|node:(sqlite|url)$)/,
    why: "the SQLite driver needs Node's SQLite, and nothing else of Node",
  },
  ...[
    { file: "upstash", may: "@upstash/redis/cloudflare" },
    { file: "neon", may: "@neondatabase/serverless" },
    { file: "planetscale", may: "@planetscale/database" },
  ].map(({ file, may }) => ({
    files: new RegExp(`^drivers/${file}\\.ts$`),
    may: new RegExp(`^(drivers/|coordination/errors\\.ts$|${may}$)`),
    why: "a vendor's file imports its algorithm and its vendor's package",
  })),
  {
    files: /^drivers\//,
    may: /^(drivers\/(?!upstash|neon|planetscale|sqlite)|coordination\/(errors|runtime)\.ts$)/,
    why: "a driver imports the SPI and the errors, a decorator the runtime port too",
  },
  {
    files: /^http\//,
    may: /^(http|coordination)\//,
    asTypes: /^hono$/,
    why: "handlers are made of what users have, and of a framework they know the types alone",
  },
  {
    files: /^fencing\//,
    may:
      /^(fencing\/|coordination\/errors\.ts$|drivers\/(check|mysql_hex|postgres_migration|redis_run|\w+_(name|errors))\.ts$)/,
    asTypes: /^drivers\/redis\.ts$/,
    why: "a fence stands where the writes go, which need not be where the leases are",
  },
  {
    files: /^url\.ts$/,
    may: /^(coordination\/|drivers\/schemes\.ts$)/,
    asTypes: /^drivers\/(driver|postgres|mysql)\.ts$/,
    why: "drivers are loaded on demand",
  },
  {
    files: /^mod\.ts$/,
    may: /^coordination\//,
    asTypes: /^drivers\/(driver|traced)\.ts$/,
    why: "the entrance brings no driver with it",
  },
  {
    files: /^tests\/conformance\/(?!.*_test\.ts$)/,
    may:
      /^(tests\/conformance\/|mod\.ts$|drivers\/(check|namespaced)\.ts$|coordination\/errors\.ts$|node:assert\/strict$)/,
    asTypes: /^drivers\/driver\.ts$/,
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
  ["drivers/memory.ts", "its clock is the backend's"],
  ["drivers/sqlite.ts", "its clock is the backend's"],
  ["drivers/redis.ts", "the sender's clock may raise a token"],
  ["drivers/planetscale.ts", "the vendor's client takes no signal, only a fetch"],
  ["drivers/traced.ts", "it times requests, as a default"],
  ["http/secret.ts", "it hashes, which no test needs to own"],
]);

const problems: string[] = [];

for await (const file of sources(ROOT, "")) {
  const text = await Deno.readTextFile(new URL(file, ROOT));
  const published = /^(coordination|drivers|fencing|http|mod\.ts|url\.ts)/.test(file);
  const rule = RULES.find(({ files }) => files.test(file));
  for (const { name, isType } of importsOf(text, file)) {
    if (rule && !rule.may.test(name) && !(isType && rule.asTypes?.test(name))) {
      problems.push(`${file} imports ${name}: ${rule.why}`);
    }
    if (/^(tests|examples)\//.test(name) && !/^(tests|examples)\//.test(file)) {
      problems.push(`${file} imports ${name}: nothing imports tests or examples`);
    }
  }
  if (!published) continue;
  const code = text.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, "");
  const ported = PORTED.exec(code)?.[0];
  if (ported && !EXEMPT.has(file)) {
    problems.push(`${file} uses ${ported}, which belongs to Runtime`);
  }
  const foreign = FOREIGN.exec(code)?.[0];
  if (foreign) problems.push(`${file} uses ${foreign} which not every runtime has`);
}

if (problems.length > 0) {
  // deno-lint-ignore no-console -- this is a command
  console.error(problems.join("\n"));
  Deno.exit(1);
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

/**
 * How a function starts cold: import and first claim, against the import and first command of the
 * vendor's client, which Baton does without, each in a Node process of its own.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as esbuild from "../tools/bundler.ts";
import { requireRuntimes } from "../runtimes/install.ts";
import type { Backend } from "./backend.ts";
import type { Row } from "./row.ts";
import { median, ratios } from "./statistics.ts";

/** The most that Baton may take, in units of the vendor's client. */
const LIMIT = 1.1;

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What each side does first; bundled and minified as a function's code is, vendor's package and all. */
const SIDES = {
  bare: `import { bareEval, senderOf, vendorsClient } from "./tests/bench/clients.ts";
export const first = (url, token) => bareEval(senderOf(vendorsClient({ url, token })));`,
  ours: `import { cronJob } from "./coordination/cron/mod.ts";
import { upstash } from "./drivers/redis/upstash.ts";
export const first = (url, token, slot) =>
  cronJob(upstash({ url, token }), "cold").run({ slot: Number(slot) }, () => {});`,
} as const;

const ONCE = `const [file, ...given] = process.argv.slice(1);
const start = performance.now();
const { first } = await import(file);
await first(...given);
console.log(performance.now() - start);`;

/** Takes turns in starting each; the bare one a second time shows what is noise. */
export async function coldStartRows(
  { url, token }: Pick<Backend, "url" | "token">,
  { rounds }: { readonly rounds: number },
): Promise<Row[]> {
  const { node, modules } = await requireRuntimes();
  const folder = await Deno.makeTempDir({ prefix: "baton-cold-" });
  try {
    const [bare, ours] = [
      await bundled(folder, "bare", modules),
      await bundled(folder, "ours", modules),
    ];
    const files = [bare, ours, bare];
    const times = files.map((): number[] => []);
    let slot = Math.floor(Date.now() / 1_000) * 1_000;
    // The first round is for the machine to warm up: it reads the files, and Redis learns the script.
    for (let round = -1; round < rounds; round++) {
      for (let place = 0; place < files.length; place++) {
        const who = (place + round + 1) % files.length;
        const once = ["--input-type=module", "-e", ONCE, files[who] ?? ""];
        const took = await promisify(execFile)(node, [...once, url, token, `${slot -= 1_000}`]);
        if (round >= 0) times[who]?.push(Number(took.stdout));
      }
    }
    const [base = [], claim = [], again = []] = times;
    return [
      row("import and first claim of a cron slot", claim, base, LIMIT),
      row("the baseline again (the noise)", again, base),
    ];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function bundled(
  folder: string,
  side: keyof typeof SIDES,
  modules: string,
): Promise<string> {
  const outfile = join(folder, `${side}.mjs`);
  await esbuild.build({
    stdin: { contents: SIDES[side], resolveDir: root, sourcefile: `${side}.ts`, loader: "ts" },
    outfile,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    mainFields: ["module", "main"],
    nodePaths: [modules],
    logLevel: "silent",
  });
  return outfile;
}

function row(
  name: string,
  subject: readonly number[],
  baseline: readonly number[],
  limit?: number,
): Row {
  const { low, high } = ratios(subject, baseline);
  return {
    table: "Cold start in Node: in units of import and first eval of the vendor's client",
    name,
    value: median(subject) / median(baseline),
    low,
    high,
    timed: true,
    note: `${Math.round(median(subject))} ms, and ${Math.round(median(baseline))} ms bare`,
    ...(limit !== undefined && { limit }),
  };
}

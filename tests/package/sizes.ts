/**
 * What programs ship of Baton and of the vendor's client, from the npm package, on every platform.
 * `deno run -A tests/package/sizes.ts` measures it, and writes the table of `docs/coordinators.md`.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "../tools/bundler.ts";
import { run } from "../servers/cache.ts";
import { type Project, withPackage } from "./project.ts";

/** Bytes after gzip; "client" is the vendor's. */
export interface Size {
  readonly baton: number;
  readonly client: number;
  readonly together: number;
  /** Together, but not minified, as `wrangler deploy` sends it unless it is asked to minify. */
  readonly plain: number;
}

/** What each program of the table imports. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  "one cron job, a Durable Object": [
    ...["cronJob cron", "durableObject drivers/durable-object"],
    "BatonObject drivers/durable-object",
  ],
  "one cron job, Upstash": ["cronJob cron", "upstash drivers/upstash"],
  "one cron job, Neon": ["cronJob cron", "neon drivers/neon"],
  "one cron job, PlanetScale": ["cronJob cron", "planetscale drivers/planetscale"],
  "a coordinator, Upstash": ["Coordinator", "upstash drivers/upstash"],
  "a coordinator, Neon": ["Coordinator", "neon drivers/neon"],
  "a coordinator, PlanetScale": ["Coordinator", "planetscale drivers/planetscale"],
  "a coordinator and `withLock` of Hono, Upstash": [
    ...["Coordinator", "withLock hono", "upstash drivers/upstash"],
  ],
  "a coordinator, your own Postgres client": ["Coordinator", "postgres drivers/postgres"],
};

/** How the bundlers of the platforms look packages up. */
export const PLATFORMS = {
  "Cloudflare Workers": {
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
  },
  "Vercel Edge": { platform: "browser", conditions: ["edge-light", "worker", "browser"] },
  "Node": { platform: "node", conditions: [] },
  "Deno": { platform: "node", conditions: ["deno"] },
} as const satisfies Record<string, Pick<esbuild.BuildOptions, "platform" | "conditions">>;

const PAGE = fileURLToPath(new URL("../../docs/coordinators.md", import.meta.url));
const HEADER = /^\| gzipped, minified +\|.*\n\|[-: |]+\|\n(?:\|.*\n)+/m;

/** The sizes of all programs on a platform. */
export async function sizesOn(
  platform: keyof typeof PLATFORMS,
  { folder, manifest }: Project,
): Promise<Map<string, Size>> {
  const clients = Object.keys(manifest.peerDependencies).flatMap((name) => [name, `${name}/*`]);
  const sizes = new Map<string, Size>();
  for (const [name, imports] of Object.entries(PROGRAMS)) {
    const bytes = (minify: boolean, external: string[]) =>
      bundled({
        ...{ ...PLATFORMS[platform], conditions: [...PLATFORMS[platform].conditions] },
        stdin: { contents: imports.map(exported).join("\n"), resolveDir: folder },
        ...{ minify, external: ["node:*", ...external] },
      });
    const [baton, together] = [await bytes(true, clients), await bytes(true, [])];
    sizes.set(name, { baton, client: together - baton, together, plain: await bytes(false, []) });
  }
  return sizes;
}

function exported(text: string): string {
  const [name, entry] = text.split(" ");
  return `export { ${name} } from "@baton/baton${entry ? `/${entry}` : ""}";`;
}

async function bundled(options: esbuild.BuildOptions): Promise<number> {
  const { outputFiles: [output] = [] } = await esbuild.build({
    ...{ ...options, bundle: true, format: "esm", target: "es2022" },
    ...{ write: false, logLevel: "silent" },
  });
  // What was not found would look wonderfully small.
  if (!output || output.contents.length < 1_000) throw new Error("nothing came out of the bundler");
  return gzipSync(output.contents, { level: 9 }).length;
}

function tableOf(sizes: ReadonlyMap<string, Size>): string {
  const head = ["gzipped, minified", "Baton", "the client", "together", "not minified"];
  const rows = [...sizes].map(([name, { baton, client, together, plain }]) => [
    name,
    ...[baton, client, together, plain].map((bytes) => `${(bytes / 1_000).toFixed(1)} kB`),
  ]);
  return [head, head.map(() => "-"), ...rows].map((row) => `| ${row.join(" | ")} |\n`).join("");
}

/** The page's table: of each program what `Size` has, in bytes, in the same order. */
export function sizesOfPage(page: string): Map<string, readonly number[]> {
  const [, , ...rows] = (HEADER.exec(page)?.[0] ?? "").trim().split("\n");
  return new Map(rows.map((row) => {
    const [, name = "", ...cells] = row.split("|").map((cell) => cell.trim());
    return [name, cells.filter(Boolean).map((cell) => Math.round(parseFloat(cell) * 1_000))];
  }));
}

/** The page that has the table. */
export function readPage(): Promise<string> {
  return Deno.readTextFile(PAGE);
}

if (import.meta.main) {
  const sizes = await withPackage(({ full }) => sizesOn("Cloudflare Workers", full));
  const page = await readPage();
  if (!HEADER.test(page)) throw new Error(`${PAGE} has no table "gzipped, minified"`);
  await Deno.writeTextFile(PAGE, page.replace(HEADER, tableOf(sizes)));
  await run(Deno.execPath(), ["fmt", "--quiet", PAGE]);
}

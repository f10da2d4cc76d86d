/**
 * Builds one file of the package, and small files around it that start it in each kind of runtime.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "../tools/bundler.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const here = fileURLToPath(new URL(".", import.meta.url));

/** What all bundles have in common. */
export function bundleOptions(modules: string) {
  return {
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    mainFields: ["module", "main"],
    nodePaths: [modules],
    logLevel: "silent",
  } satisfies esbuild.BuildOptions;
}

/** Writes `package.mjs`, which imports nothing, and what runs it, into the folder. */
export async function build(folder: string, modules: string): Promise<void> {
  const shared = {
    ...bundleOptions(modules),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    write: true,
    metafile: true,
  } satisfies esbuild.BuildOptions;
  const { metafile } = await esbuild.build({
    ...shared,
    entryPoints: [join(here, "package.ts")],
    plugins: [redirect(/^node:assert\/strict$/, { path: join(here, "assert.ts") })],
  });
  const needed = Object.values(metafile.outputs).flatMap(({ imports }) => imports);
  if (needed.length > 0) throw new Error(`the package imports ${needed.map(({ path }) => path)}`);
  await esbuild.build({
    ...shared,
    entryPoints: ["process_main.ts", "worker.ts", "miniflare_main.ts"].map((f) => join(here, f)),
    external: ["node:*"],
    // As it was built, not built anew into each.
    plugins: [redirect(/\/package\.ts$/, { path: "./package.mjs", external: true })],
  });
}

/** Writes an example's Worker as wrangler would ship it, and answers its bytes, packed. */
export async function buildExample(
  folder: string,
  modules: string,
  example = "worker-cron-upstash",
): Promise<number> {
  const { exports } = JSON.parse(await readFile(join(root, "deno.json"), "utf8"));
  const shared = {
    ...bundleOptions(modules),
    entryPoints: [join(root, "examples", example, "src/index.ts")],
    minify: true,
    plugins: [{
      name: "baton",
      setup: ({ onResolve }) =>
        onResolve({ filter: /^@baton\/baton(\/|$)/ }, ({ path }) => ({
          path: join(root, exports[path.replace("@baton/baton", ".")]),
        })),
    }],
  } satisfies esbuild.BuildOptions;
  const outfile = join(folder, "example.mjs");
  await esbuild.build({ ...shared, outfile });
  return gzipSync(await readFile(outfile), { level: 9 }).length;
}

function redirect(filter: RegExp, to: esbuild.OnResolveResult): esbuild.Plugin {
  return { name: "redirect", setup: ({ onResolve }) => onResolve({ filter }, () => to) };
}

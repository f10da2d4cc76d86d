/**
 * Builds one file of the package, and small files around it that start it in each kind of runtime.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Writes `package.mjs`, which imports nothing, and what runs it, into the folder. */
export async function build(folder: string, modules: string): Promise<void> {
  const shared = {
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    mainFields: ["module", "main"],
    nodePaths: [modules],
    logLevel: "silent",
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

function redirect(filter: RegExp, to: esbuild.OnResolveResult): esbuild.Plugin {
  return { name: "redirect", setup: ({ onResolve }) => onResolve({ filter }, () => to) };
}

/** Ends the bundler's process. */
export const stopBundler: () => Promise<void> = esbuild.stop;

/**
 * Builds the clients: what runs in Node and Deno, a Worker, and what starts that one.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "../tools/bundler.ts";
import { bundleOptions } from "../runtimes/bundle.ts";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Writes `process_main.mjs`, `worker.mjs` and `miniflare_main.mjs` into the folder. */
export async function build(folder: string, modules: string): Promise<void> {
  const files = ["process_main.ts", "worker.ts", "miniflare_main.ts"];
  await esbuild.build({
    ...bundleOptions(modules),
    entryPoints: files.map((file) => join(here, file)),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    external: ["node:*"],
  });
}

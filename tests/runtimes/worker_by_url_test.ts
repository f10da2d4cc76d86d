/**
 * What a Worker ships that makes its coordinator from a URL: the drivers of all schemes, and the packages
 * by which some of them speak HTTPS; no client that opens connections.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "../tools/bundler.ts";
import { bundleOptions } from "./bundle.ts";
import { requireRuntimes } from "./install.ts";

/**
 * Bytes, minified and gzipped, of which Neon's client has about a third. Each new scheme adds its driver; no
 * package is added by one.
 */
const BUDGET = 140_000;

const BY_URL = 'export { getCoordinator } from "./url.ts";';

async function shipped(modules: string) {
  const { metafile, outputFiles: [output] } = await esbuild.build({
    ...bundleOptions(modules),
    stdin: { contents: BY_URL, resolveDir: fileURLToPath(new URL("../../", import.meta.url)) },
    // They cannot be loaded there, and whoever would import one would be seen below.
    external: ["node:*", "cloudflare:*"],
    ...{ minify: true, metafile: true, write: false },
  });
  assert.ok(output);
  const packages = Object.keys(metafile.inputs)
    .flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
  return {
    bytes: gzipSync(output.contents, { level: 9 }).length,
    packages: [...new Set(packages)].sort(),
  };
}

Deno.test("a Worker by URL ships what speaks HTTPS, and no client that opens connections", async () => {
  const { modules } = await requireRuntimes();
  const { packages, bytes } = await shipped(modules);
  assert.deepEqual(packages, ["@neondatabase/serverless", "@planetscale/database", "aws4fetch"]);
  assert.ok(bytes > 1_000 && bytes <= BUDGET, `${bytes} bytes`);
});

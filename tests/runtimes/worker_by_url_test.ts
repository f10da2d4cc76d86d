/**
 * What a Worker ships that makes its coordinator from a URL: the drivers of all schemes, and the clients
 * of those vendors that are spoken to over HTTPS through a package; no client that opens connections, and
 * no package that only some URLs need.
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

async function shipped(modules: string, source: string) {
  const { metafile, outputFiles: [output] } = await esbuild.build({
    ...bundleOptions(modules),
    stdin: { contents: source, resolveDir: fileURLToPath(new URL("../../", import.meta.url)) },
    // They cannot be loaded there, and whoever would import one would be seen below.
    external: ["node:*", "cloudflare:*"],
    ...{ minify: true, metafile: true, write: false },
  });
  assert.ok(output);
  const packages = Object.keys(metafile.inputs)
    .flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
  const imports = Object.values(metafile.outputs).flatMap(({ imports }) => imports);
  return {
    bytes: gzipSync(output.contents, { level: 9 }).length,
    packages: [...new Set(packages)].sort(),
    imports: imports.map(({ path }) => path),
  };
}

const BY_URL = 'export { getCoordinator } from "./url.ts";';

Deno.test("a Worker by URL ships no client but Neon's and PlanetScale's,", async () => {
  const { modules } = await requireRuntimes();
  const byUrl = await shipped(modules, BY_URL);
  assert.deepEqual(byUrl.packages, ["@neondatabase/serverless", "@planetscale/database"]);
  assert.ok(byUrl.bytes > 1_000 && byUrl.bytes <= BUDGET, `${byUrl.bytes} bytes`);
});

Deno.test("S3's signer comes along only with the driver that needs it", async () => {
  const { modules } = await requireRuntimes();
  const [without, by] = await Promise.all([
    shipped(modules, BY_URL),
    shipped(modules, `${BY_URL} export { s3 } from "./drivers/document/s3.ts";`),
  ]);
  assert.deepEqual(by.packages.filter((each) => !without.packages.includes(each)), ["aws4fetch"]);
  assert.ok(by.bytes > without.bytes + 1_000, `${by.bytes} and ${without.bytes} bytes`);
});

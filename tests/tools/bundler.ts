/**
 * The bundler. Its process is there before any test begins, and ends with the process that uses it:
 * `stop()` of esbuild does not wait for that end, so a test that stopped it could be over first, and
 * was then blamed for what it had left behind.
 *
 * @module
 */

import { build, transform } from "esbuild";

await transform("");

export { build, transform };
export type { BuildOptions, OnResolveResult, Plugin } from "esbuild";

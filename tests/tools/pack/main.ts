/**
 * `deno task pack [FOLDER]` makes the npm package of what is committed. Default: this folder.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- this is a command

import process from "node:process";
import { REPOSITORY } from "./manifest.ts";
import { pack } from "./pack.ts";

try {
  console.log(await pack(Deno.args[0] ?? process.cwd()));
  if (REPOSITORY === undefined) {
    console.warn(
      "It names no repository, so npm cannot prove where it comes from: set REPOSITORY in " +
        "tests/tools/pack/manifest.ts.",
    );
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exitCode = 1;
}

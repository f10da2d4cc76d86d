/**
 * A file by the clients of other runtimes than Deno: Bun's own two. better-sqlite3 is a program in C++,
 * which not every machine can install; `tests/drivers/sqlite/` has what is different in it.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { driverCases, noPushCases } from "../conformance/mod.ts";
import { sideBySide } from "../laws/side_by_side.ts";
import { removeFolder, temporaryFolder } from "../servers/folders.ts";
import * as esbuild from "../tools/bundler.ts";
import { requireRuntimes } from "./install.ts";
import { startChild } from "./talk.ts";

/** Most laws wait, so many do so at once. */
const LANES = 6;

for (const client of ["builtin", "bun:sqlite"]) {
  Deno.test(`in Bun a file keeps the driver's contract, by its client "${client}"`, async (test) => {
    const { bun } = await requireRuntimes();
    const folder = await temporaryFolder("baton-sqlite-");
    try {
      const outfile = join(folder, "cases.mjs");
      await esbuild.build({
        entryPoints: [fileURLToPath(new URL("sqlite_cases.ts", import.meta.url))],
        outfile,
        bundle: true,
        format: "esm",
        platform: "node",
        logLevel: "silent",
      });
      const child = startChild(bun, [outfile, join(folder, "leases.db"), client]);
      try {
        const cases = [...driverCases, ...noPushCases].map(({ name, crowd }) => (
          { name, crowd, run: () => child.ask<void>({ name }) }
        ));
        await sideBySide(test, cases, LANES);
      } finally {
        await child.stop();
      }
    } finally {
      await removeFolder(folder);
    }
  });
}

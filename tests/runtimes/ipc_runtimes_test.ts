/**
 * Processes of several runtimes meet by one name: the same file, by the SQLite that each of them brings.
 *
 * @module
 */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../servers/cache.ts";
import { removeFolder, temporaryFolder } from "../servers/folders.ts";
import * as esbuild from "../tools/bundler.ts";
import { requireNodeWithSqlite, requireRuntimes } from "./install.ts";

/** Grants of each process. */
const GRANTS = 10;

Deno.test("on one ipc name two processes of Node, one of Deno and one of Bun hold a lock one at a time", async () => {
  const [node, { bun }] = [await requireNodeWithSqlite(), await requireRuntimes()];
  const folder = await temporaryFolder("baton-ipc-");
  const name = crypto.randomUUID();
  try {
    const program = join(folder, "program.mjs");
    await esbuild.build({
      entryPoints: [fileURLToPath(new URL("ipc_program.ts", import.meta.url))],
      outfile: program,
      ...{ bundle: true, format: "esm", platform: "node", target: "es2022", logLevel: "silent" },
    });
    const args = [program, name, join(folder, "held"), "4", `${GRANTS}`];
    const said = await Promise.all([
      run(node, args),
      run(node, args),
      run(Deno.execPath(), ["run", "-A", "--no-config", ...args]),
      run(bun, args),
    ]);
    const tokens = said.map((text): number[] => JSON.parse(text));
    for (const own of tokens) {
      assert.equal(own.length, GRANTS);
      assert.deepEqual(own, own.toSorted((a, b) => a - b), "its tokens grow");
    }
    assert.equal(new Set(tokens.flat()).size, 4 * GRANTS, "no token was given twice");
    assert(!existsSync(join(folder, "held")));
  } finally {
    const base = ["/dev/shm", "/tmp"].map((each) => `${each}/baton-${Deno.uid()}/${name}.db`);
    for (const file of base) {
      for (const end of ["", "-wal", "-shm"]) await Deno.remove(file + end).catch(() => {});
    }
    await removeFolder(folder);
  }
});

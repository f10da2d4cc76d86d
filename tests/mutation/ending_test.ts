/**
 * What is left of a run that is asked to end: nothing, whatever was under way.
 *
 * @module
 */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { inFolder, removeFolder } from "../servers/folders.ts";
import { until } from "../servers/process.ts";
import { copied } from "./project.ts";
import { runTests } from "./run_tests.ts";

/** Writes one file after the other into the folder that it is given, until it is gone. */
const WRITER = `
Deno.test("writes", async () => {
  for (let n = 0;; n++) {
    await Deno.writeTextFile(Deno.env.get("TMPDIR") + "/" + n, "x");
    await new Promise((resolve) => setTimeout(resolve));
  }
});`;

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name);
}

Deno.test("a copy that is aborted while it is made leaves nothing", async () => {
  await inFolder("baton-ending-", async (folder) => {
    const ending = new AbortController();
    const before = Deno.env.get("TMPDIR");
    Deno.env.set("TMPDIR", folder);
    const copy = copied(ending.signal);
    if (before === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", before);
    await until("a copy is being made", () => namesIn(folder).length > 0);
    ending.abort(new Error("enough"));
    await assert.rejects(copy, /enough/);
    assert.deepEqual(namesIn(folder), []);
  });
});

Deno.test("a run that is aborted has ended when it rejects, and nothing of it is left or comes later", async () => {
  await inFolder("baton-ending-", async (root) => {
    const ending = new AbortController();
    await Deno.writeTextFile(`${root}/a_test.ts`, WRITER);
    const run = { title: "endless", paths: ["a_test.ts"], steady: true, limit: 600 };
    const result = runTests(root, run, ending.signal);
    const scratch = `${root}/.scratch`;
    // The run makes the folder, too.
    await until("the run writes", () => existsSync(scratch) && namesIn(scratch).length > 0);
    ending.abort(new Error("enough"));
    await assert.rejects(result, /enough/);
    assert.deepEqual(namesIn(root), ["a_test.ts"]);
    await assert.rejects(runTests(root, run, ending.signal), /enough/);
    assert.deepEqual(namesIn(root), ["a_test.ts"]);
  });
});

Deno.test("a folder goes away though somebody still writes into it", async () => {
  await inFolder("baton-ending-", async (folder) => {
    const full = `${folder}/full`;
    await Deno.mkdir(full);
    for (let n = 0; n < 500; n++) Deno.writeTextFileSync(`${full}/${n}`, "x");
    const removed = removeFolder(full);
    // Until it is at work, and a little longer.
    for (let n = 0, more = 50; more > 0; n++) {
      try {
        await Deno.writeTextFile(`${full}/late ${n}`, "x");
        if (namesIn(full).length < 500) more--;
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
        break;
      }
    }
    await removed;
    assert.deepEqual(namesIn(folder), []);
  });
});

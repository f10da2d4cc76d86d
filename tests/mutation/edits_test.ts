/**
 * The list of bugs is kept up with the code: `deno task mutate` plants them, which takes long.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { EDITS } from "./edits.ts";
import { applied, original, planted } from "./plant.ts";
import { enough, row, verdicts } from "./report.ts";
import { roomOf, runsFor } from "./rooms.ts";

Deno.test("what each edit looks for is in its file exactly once, and is changed", async () => {
  const texts = new Map<string, string>();
  const wrong: string[] = [];
  for (const edit of EDITS) {
    const text = texts.get(edit.file) ?? await original(edit);
    texts.set(edit.file, text);
    try {
      if (applied(edit, text) === text) wrong.push(`"${edit.name}" changes nothing`);
    } catch (error) {
      wrong.push((error as Error).message);
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("no file has two edits of one name", () => {
  const names = EDITS.map(({ file, name }) => `${file}: ${name}`);
  assert.deepEqual(names.filter((name, n) => names.indexOf(name) !== n), []);
});

Deno.test("there are edits enough in the core and in the drivers, and a test that may notice each", async () => {
  for (const room of ["core", "drivers"] as const) {
    assert(EDITS.filter(({ file }) => roomOf(file) === room).length >= 40, room);
  }
  for (const { file } of EDITS) {
    assert(runsFor(file).length > 0, file);
    for (const { path } of runsFor(file)) {
      await Deno.stat(new URL(`../../${path}`, import.meta.url));
    }
  }
});

Deno.test("an edit that fits nowhere, or in two places, is refused", () => {
  const edit = { name: "n", file: "f", put: "c" };
  assert.equal(applied({ ...edit, find: "b" }, "abd"), "acd");
  assert.throws(() => applied({ ...edit, find: "x" }, "abd"), /is not in f/);
  assert.throws(() => applied({ ...edit, find: "a" }, "aba"), /is more than once in f/);
  assert.throws(() => applied({ ...edit, find: "" }, "aba"), /has no text in f/);
});

Deno.test("a copy has the bug and the project has not; a script goes by the name of what it has become", async () => {
  const edit = EDITS.find(({ file }) => file === "drivers/redis/script.ts");
  assert(edit);
  const copy = await planted(edit);
  try {
    const text = await Deno.readTextFile(`${copy.root}/${edit.file}`);
    assert(text.includes(edit.put) && !(await original(edit)).includes(edit.put));
    const { SCRIPT, SCRIPT_SHA1 } = await import(`file://${copy.root}/${edit.file}`);
    assert.equal(createHash("sha1").update(SCRIPT).digest("hex"), SCRIPT_SHA1);
    const files = [...Deno.readDirSync(`${copy.root}/drivers`)].map(({ name }) => name);
    const project = Deno.readDirSync(new URL("../../drivers", import.meta.url));
    assert.deepEqual(files.sort(), [...project].map(({ name }) => name).sort());
  } finally {
    await copy.remove();
  }
  await assert.rejects(Deno.stat(copy.root), Deno.errors.NotFound);
});

Deno.test("one survivor of twenty is enough, one of nineteen is not, wherever it is", () => {
  for (const file of ["coordination/a.ts", "drivers/a.ts"]) {
    const judged = Array.from({ length: 20 }, (_, n) => ({
      edit: { name: `${n}`, file, find: "", put: "" },
      seconds: n,
      ...(n > 0 && { by: "a test" }),
    }));
    assert.equal(enough(judged), true);
    assert.equal(enough(judged.slice(0, 19)), false);
    const lines = verdicts(judged);
    assert.deepEqual(lines[0], row(judged[0]!));
    assert.match(lines[0]!, /^SURVIVED .*a\.ts: 0$/);
    assert.match(lines[1]!, /^\w+: 19 of 20 killed \(95\.0 %\), half of them within 10\.0 s$/);
  }
});

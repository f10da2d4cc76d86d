/**
 * What the lock file brings to a fresh machine.
 *
 * @module
 */

import assert from "node:assert/strict";

const root = new URL("../../", import.meta.url);

Deno.test("the lock file has no package named deno, which tasks would run in place of Deno itself", async () => {
  const { npm } = JSON.parse(await Deno.readTextFile(new URL("deno.lock", root)));
  const names = Object.keys(npm);
  assert(names.length > 0);
  assert.deepEqual(names.filter((name) => /^@?deno[@/]/.test(name)), []);
});

Deno.test("the lock file says what is loaded, never from where", async () => {
  const text = await Deno.readTextFile(new URL("deno.lock", root));
  assert.equal(/https?:|tarball/.exec(text), null);
});

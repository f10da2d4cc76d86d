import assert from "node:assert/strict";
import { shrunk } from "./shrink.ts";

const hundred = Array.from({ length: 100 }, (_, n) => n);

Deno.test("what a failure does not take is left out, wherever it stands", async () => {
  for (const needed of [[], [0], [99], [3, 4], [0, 50, 99], [10, 11, 12, 70, 71]]) {
    const found = await shrunk(
      hundred,
      (some) => Promise.resolve(needed.every((each) => some.includes(each))),
    );
    assert.deepEqual(found, needed);
  }
});

Deno.test("of several reasons one is kept", async () => {
  const found = await shrunk(
    hundred,
    (some) => Promise.resolve(some.includes(7) || (some.includes(1) && some.includes(80))),
  );
  assert.ok([["7"], ["1", "80"]].some((reason) => reason.join() === found.join()), `${found}`);
});

Deno.test("a hundred things take some hundred tries at most", async () => {
  let tries = 0;
  await shrunk(hundred, (some) => {
    tries++;
    return Promise.resolve(some.includes(41) && some.includes(42));
  });
  assert.ok(tries < 150, `${tries} tries`);
});

/** How much of an error may be repeated: plain words, up to the first that we have sent. */

import assert from "node:assert/strict";
import { plain } from "../../../drivers/kit/mod.ts";

Deno.test("words of four letters and more that were sent end what is told, and shorter ones do not", () => {
  for (
    const [error, sent, told] of [
      ["ERR the key is gone", "the key", "ERR the key is gone"],
      ["ERR the lock is gone", "lock", "ERR the …"],
      ["lock", "a lock", "…"],
      ["ERR unlocked", "lock", "ERR unlocked"],
      ["ERR lock", "unlocked", "ERR …"],
    ] as const
  ) assert.equal(plain(error, sent), told, error);
});

Deno.test("what is no plain word ends what is told, and no more than thirty words are", () => {
  const words = Array(40).fill("word");
  assert.equal(plain(words.join(" "), ""), words.slice(0, 30).join(" "));
  for (
    const [error, told] of [
      ["failed: at 123456.", "failed: at 123456."],
      ["failed at 1234567", "failed at …"],
      ["token=abc was wrong", "…"],
      ["it is 'quoted' here", "it is …"],
      [`a ${"b".repeat(16)}`, `a ${"b".repeat(16)}`],
      [`a ${"b".repeat(17)}`, "a …"],
    ] as const
  ) assert.equal(plain(new Error(error), ""), told, error);
});

import assert from "node:assert/strict";
import { retryAfter } from "../../http/mod.ts";

Deno.test("Retry-After is whole seconds, rounded up, at least one, or nothing", () => {
  for (
    const [left, expected] of [
      [0, "1"],
      [-5, "1"],
      [0.1, "1"],
      [1, "1"],
      [1_000, "1"],
      [1_000.5, "2"],
      [1_001, "2"],
      [59_999, "60"],
      [2 ** 31, "2147484"],
      [Infinity, undefined],
      [NaN, undefined],
      [null, undefined],
      [undefined, undefined],
    ] as const
  ) {
    assert.equal(retryAfter(left), expected, `${left}`);
  }
});

/** The kit's small parts: what each promises in its own words. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Outcome } from "../../../drivers/driver.ts";
import { decoded, encoded } from "../../../drivers/kit/base64.ts";
import { since } from "../../../drivers/kit/instants.ts";
import { nonces } from "../../../drivers/kit/nonce.ts";
import { nearest } from "../../../drivers/kit/options.ts";
import { slicesOf } from "../../../drivers/kit/slices.ts";
import { checkGiven, slipIn } from "../../../drivers/kit/slips.ts";
import { isSwept, some } from "../../../drivers/kit/sweeps.ts";
import { wrapped } from "../../../drivers/kit/wrapped.ts";
import { memory } from "../../../drivers/memory.ts";

Deno.test("a text comes back from its base64, which is anybody's, and what is none is refused", () => {
  const texts = ["", "a", "\ufeffé€😀\0", ..."1234".split("").map((n) => "x".repeat(8_190 + +n))];
  for (const text of [...texts, "€".repeat(100_000)]) {
    assert.equal(encoded(text), Buffer.from(text).toString("base64"), `${text.length}`);
    assert.equal(decoded(encoded(text)), text, `${text.length}`);
  }
  assert.equal(decoded(undefined), "");
  for (const wrong of ["a", "%", Buffer.from([0xff]).toString("base64")]) {
    assert.throws(() => decoded(wrong), wrong);
  }
});

Deno.test("of the grants of any client one in so many is followed by a sweep, and no refusal", () => {
  const outcome = (token: number, ok = true): Outcome => ({
    ok,
    leases: [{ seat: "", id: "i", token, value: "", left: 1 }],
  });
  const START = 1_800_000_000_000;
  for (const oneIn of [16, 32, 64]) {
    // Tokens of one client alone may all be even, or come once a second.
    for (const step of [1, 2, 1_000]) {
      const tokens = Array.from({ length: 32_000 }, (_, n) => START + n * step);
      const swept = tokens.filter((token) => isSwept(outcome(token), oneIn)).length;
      const due = tokens.length / oneIn;
      assert.ok(Math.abs(swept - due) < due / 5, `${swept}, not ${due}, of steps of ${step}`);
      assert.ok(!tokens.some((token) => isSwept(outcome(token, false), oneIn)));
    }
  }
  assert.equal(isSwept({ ok: true, leases: [] }, 1), false);
});

Deno.test("some of a list are different ones of it, each by chance", () => {
  const all = Array.from({ length: 5 }, (_, n) => n);
  const seen = new Set<number>();
  for (let n = 0; n < 200; n++) {
    const picked = some(all, 3);
    assert.deepEqual([picked.length, new Set(picked).size], [3, 3]);
    for (const each of picked) seen.add(each);
  }
  assert.deepEqual([...seen].sort(), all);
  assert.deepEqual(some(all, 9).sort(), all);
  assert.deepEqual(some(all, 0), []);
});

Deno.test("a list in parts has all of it, in order, and no part that is empty", () => {
  assert.deepEqual(slicesOf([], 2), []);
  assert.deepEqual(slicesOf([1], 2), [[1]]);
  assert.deepEqual(slicesOf([1, 2], 2), [[1, 2]]);
  assert.deepEqual(slicesOf([1, 2, 3, 4, 5], 2), [[1, 2], [3, 4], [5]]);
});

Deno.test("how long ago something was is what the clock says that has gone on further", () => {
  const [wall, steady] = [Date.now(), performance.now()];
  // A wall clock that was set, and a steady one that has slept.
  for (const [one, two] of [[5_000, 0], [0, 5_000], [-9_000, 5_000]] as const) {
    const ago = since({ wall: wall - one, steady: steady - two });
    assert.ok(ago >= 5_000 && ago < 5_000 + 60_000, `${ago}`);
  }
});

Deno.test("no text that makes requests different comes twice, nor from two of these functions", () => {
  const [one, two] = [nonces(), nonces()];
  const all = Array.from({ length: 500 }, () => [one(), two()]).flat();
  assert.equal(new Set(all).size, all.length);
  for (const each of all) assert.match(each, /^[0-9a-f]{8}-[0-9a-z]+$/);
});

Deno.test("the name that is most like a misspelt one shares the most of its letters", () => {
  assert.equal(nearest("holdr", ["value", "ttl", "holder"]), "holder");
  assert.equal(nearest("tlt", ["title", "ttl", "tick"]), "ttl");
  assert.equal(nearest("ab", ["xy", "zw"]), "xy");
  assert.equal(nearest("ab", []), undefined);
});

Deno.test("a slip in a user's function is told from an outage by what engines say", () => {
  const slip = (make: () => unknown) => {
    try {
      return make();
    } catch (error) {
      return error;
    }
  };
  // deno-lint-ignore no-explicit-any -- what no type allows is what this is about
  const missing: any = undefined;
  for (
    const error of [
      slip(() => missing.query),
      slip(() => missing()),
      slip(() => ({} as typeof missing).query()),
      new ReferenceError("client is not defined"),
      new TypeError("undefined is not an object (evaluating 'a.b')"),
    ]
  ) {
    const found = slipIn("query", error);
    assert.equal(found?.code, "misuse", String(error));
    assert.match(found.message, /^Cannot use this query: /);
    assert.equal(found.cause, error);
  }
  for (
    const error of [
      new TypeError("fetch failed"),
      new Error("x is not a function"),
      new SyntaxError("TypeError: Cannot read it"),
      "TypeError: Cannot read",
      undefined,
    ]
  ) assert.equal(slipIn("query", error), undefined, String(error));
});

Deno.test("what is missing is named with the variable that it is usually read from", () => {
  checkGiven("URL", "x", "A_URL");
  for (const [value, said] of [[undefined, "undefined"], ["", '""'], [null, "null"]] as const) {
    assert.throws(() => checkGiven("URL", value, "A_URL"), {
      code: "invalid-argument",
      message: `Cannot use this URL: it is ${said}. Is A_URL set?`,
    });
  }
});

Deno.test("what a decorator passes on is all of a driver but its operations", async () => {
  const { apply: _, ...rest } = memory();
  assert.deepEqual(wrapped(memory()), rest);
  let disposed = 0;
  const driver = { ...memory(), [Symbol.asyncDispose]: () => Promise.resolve(void disposed++) };
  await wrapped(driver)[Symbol.asyncDispose]!();
  assert.equal(disposed, 1);
});

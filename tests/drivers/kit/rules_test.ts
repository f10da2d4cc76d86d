/** What all drivers share: what they refuse, what an error says, and in what order things come. */

import assert from "node:assert/strict";
import { ConnectionError, InvalidArgument, UnknownOutcome } from "../../../errors.ts";
import { checkOps, MAX_TTL } from "../../../drivers/kit/check.ts";
import { isLoopback } from "../../../drivers/kit/urls.ts";
import type { Acquire } from "../../../drivers/driver.ts";
import { failure, type Verdict } from "../../../drivers/kit/failure.ts";
import { bySeat, placeKey } from "../../../drivers/kit/order.ts";

const OP: Acquire = { op: "acquire", resource: "r", seat: "", id: "i", ttl: 1_000, value: "v" };

Deno.test("this machine is known by its whole name, and by nothing around it", () => {
  for (const host of ["localhost", "localhost:80", "127.0.0.1", "127.9.9.9:1", "[::1]:8080"]) {
    assert.equal(isLoopback(host), true, host);
  }
  for (
    const host of [
      "",
      "my-localhost",
      "localhost.example",
      "127.0.0.1.example:80",
      "1127.0.0.1",
      "localhost:80x",
      "[::1].example",
      "[::12]",
    ]
  ) {
    assert.equal(isLoopback(host), false, host);
  }
});

Deno.test("an operation that lacks what its kind needs is refused, each field at its limit", () => {
  const refused = (change: object, minTtl = 1): void => {
    const op = { ...OP, ...change } as Acquire;
    assert.throws(() => checkOps([OP, op], minTtl), InvalidArgument, JSON.stringify(change));
  };
  checkOps([OP, { ...OP, value: "" }, { ...OP, ttl: Infinity }, { ...OP, ttl: MAX_TTL }], 1_000);
  refused({ value: undefined });
  refused({ id: undefined });
  refused({ id: "" });
  refused({ seat: undefined });
  refused({ resource: "" });
  refused({ op: "steal" });
  refused({ ttl: MAX_TTL + 1 });
  refused({ ttl: 999 }, 1_000);
  refused({ guard: { when: "held", resource: "" } });
  refused({ guard: { when: "empty", resource: "r" } });
  // 171 letters of three bytes are 513.
  checkOps([{ ...OP, resource: "é".repeat(256) }, { ...OP, resource: "語".repeat(170) }], 1);
  refused({ resource: "é".repeat(257) });
  refused({ resource: "語".repeat(171) });
});

/** What an error becomes. */
function told(error: unknown, verdict: Partial<Verdict> = {}): Error & { retryable?: boolean } {
  const plain = { said: "it", refused: false, unauthorized: false, mayPass: false, advice: "do" };
  return failure("x", error, () => ({ ...plain, ...verdict }));
}

Deno.test("only what proves that nothing was written is definite", () => {
  assert(told(new Error("cut")) instanceof UnknownOutcome);
  assert(told(new Error("cut"), { mayPass: true, unauthorized: true }) instanceof UnknownOutcome);
  for (const code of ["ECONNRESET", "EPIPE", "ETIMEDOUT", "xECONNREFUSED"]) {
    assert(told(Object.assign(new Error(), { code })) instanceof UnknownOutcome, code);
  }
  const refusal = told(new Error("no"), { refused: true });
  assert(refusal instanceof ConnectionError);
  assert.deepEqual([refusal.code, refusal.retryable], ["connection", false]);
  const rights = told(new Error("no"), { refused: true, unauthorized: true });
  assert(rights instanceof ConnectionError && rights.code === "unauthorized");
  assert.equal(told(new Error("busy"), { refused: true, mayPass: true }).retryable, true);
  assert.equal(told(rights), rights);
});

Deno.test("that no connection came about is known at any depth, and may pass", () => {
  const refused = Object.assign(new Error(), { code: "ECONNREFUSED" });
  for (
    const error of [
      refused,
      Object.assign(new Error(), { code: "ENOTFOUND" }),
      new Error("client error (Connect): tcp connect error"),
      new Error("fetch failed", { cause: refused }),
      new Error("outer", { cause: new Error("inner", { cause: refused }) }),
      Object.assign(new Error("wrapped"), { sourceError: refused }),
    ]
  ) {
    const result = told(error);
    assert(result instanceof ConnectionError, String(error));
    assert.equal(result.retryable, true);
  }
});

Deno.test("leases are ordered by code units, and two places never have one key", () => {
  const seats = ["b", "é", "a", "B", "10", "9", "", "Ä", "-"];
  const sorted = seats.map((seat) => ({ seat })).sort(bySeat).map(({ seat }) => seat);
  assert.deepEqual(sorted, ["", "-", "10", "9", "B", "a", "b", "Ä", "é"]);
  const places = [["a", "bc"], ["ab", "c"], ["abc", ""], ["abc"], ['a","b', "c"], ["a", '","bc']];
  const keys = places.map(([resource = "", seat]) => placeKey({ resource, seat }));
  assert.equal(new Set(keys).size, places.length);
});

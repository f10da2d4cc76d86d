/** What all drivers share: what they refuse, what an error says, and in what order things come. */

import assert from "node:assert/strict";
import { ConnectionError, InvalidArgument, UnknownOutcome } from "../../../errors.ts";
import { checkOps, MAX_TTL } from "../../../drivers/kit/check.ts";
import { isLoopback } from "../../../drivers/kit/urls.ts";
import type { Acquire } from "../../../drivers/driver.ts";
import {
  failure,
  isTlsFailure,
  isUnreachable,
  noAnswer,
  partly,
  type Verdict,
} from "../../../drivers/kit/failure.ts";
import { bySeat, endOf, placeKey } from "../../../drivers/kit/order.ts";

const OP: Acquire = { op: "acquire", resource: "r", seat: "", id: "i", ttl: 1_000, value: "v" };

Deno.test("this machine is known by its whole name, and by nothing around it", () => {
  for (
    const host of ["localhost", "localhost:80", "127.0.0.1", "127.9.9.9:1", "[::1]:8080"]
  ) {
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
      "::1:80",
      "::12",
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
  refused({ patience: -1 });
  refused({ op: "inspect", limit: 0 });
  refused({ op: "inspect", limit: 1_001 });
  refused({ op: "list", prefix: "", limit: 1_001 });
  refused({ op: "list", prefix: "", limit: 1, after: "" });
  checkOps([{ op: "inspect", resource: "r", limit: 1_000, before: "" }], 1);
  checkOps(
    [{ op: "list", prefix: "", limit: 1_000 }, { op: "release", resource: "r", seat: "" }],
    1,
  );
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

Deno.test("what fails after an abort proves nothing, whatever it looks like", () => {
  const judge = () => assert.fail("it was looked at");
  const signal = AbortSignal.abort();
  for (const error of [new ConnectionError("refused"), new Error("cut")]) {
    const result = failure("x", error, judge, signal);
    assert(result instanceof UnknownOutcome);
    assert.match(result.message, /\(the call was aborted\)/);
  }
  const open = new AbortController().signal;
  const refused = new ConnectionError("refused");
  assert.equal(failure("x", refused, judge, open), refused);
});

Deno.test("an error says in the network's own words what happened, and carries no more of it", () => {
  const of = (code: string) => Object.assign(new Error("s3cr3t"), { code });
  for (
    const [error, code, connected] of [
      [of("ECONNRESET"), "ECONNRESET", true],
      [of("ECONNREFUSED"), "ECONNREFUSED", false],
      [new Error("outer", { cause: of("EPIPE") }), "EPIPE", true],
      [new Error("client error (Connect): dns error: s3cr3t"), "dns error", false],
      [new Error("dns error: s3cr3t"), "dns error", true],
      [new Error("s3cr3t: Connection reset by peer"), "Connection reset", true],
      [new Error("s3cr3t: connection refused"), "connection refused", true],
      [of("EOF"), undefined, true],
      [of("ERR_S3CR3T_4711"), undefined, true],
      [of("lower case"), undefined, true],
    ] as const
  ) {
    const result = told(error);
    assert.equal(result instanceof UnknownOutcome, connected, result.message);
    assert.doesNotMatch(Deno.inspect(result), /s3cr3t/i);
    const cause = result.cause as { code?: string; message: string } | undefined;
    assert.deepEqual([cause?.code, cause?.message], [code, code]);
    assert.equal(result.message.includes(`(it${code ? `, ${code}` : ""})`), true, result.message);
  }
});

Deno.test("a part of a batch that was written makes what comes after it unknown", () => {
  const refused = new ConnectionError("the key is gone");
  const result = partly(refused) as Error;
  assert(result instanceof UnknownOutcome && result.cause === refused);
  assert.match(result.message, /^A part of the batch was written, and then: the key is gone$/);
  const unknown = noAnswer("x", "cut");
  assert.equal(partly(unknown), unknown);
});

Deno.test("where TLS could not begin is told from where it broke", () => {
  for (
    const words of [
      "wrong version number",
      "TLS handshake failed",
      "InvalidContentType",
      "self-signed Certificate",
    ]
  ) {
    assert.equal(isTlsFailure(new Error("fetch failed", { cause: new Error(words) })), true, words);
  }
  assert.equal(isTlsFailure(new Error("connection reset")), false);
  assert.equal(isUnreachable(new Error("x", { cause: new Error(" bad port") })), true);
  assert.equal(isUnreachable(new Error("certificate")), false);
  assert.equal(isUnreachable("ECONNREFUSED "), false);
});

Deno.test("that no connection came about is known at any depth, and may pass", () => {
  const refused = Object.assign(new Error(), { code: "ECONNREFUSED" });
  for (
    const error of [
      refused,
      ...["ENOTFOUND", "EAI_AGAIN", "ConnectionRefused", "ERR_INVALID_URL"].map((code) =>
        Object.assign(new Error(), { code })
      ),
      new TypeError("Requests to port 6000 are blocked"),
      new TypeError("bad port"),
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
  // Where causes are many, so deep and no deeper.
  for (const [depth, found] of [[7, true], [8, false]] as const) {
    let error: Error = refused;
    for (let n = 0; n < depth; n++) error = new Error("outer", { cause: error });
    assert.equal(isUnreachable(error), found, `${depth}`);
  }
});

Deno.test("the first text after all that begin so is known for every beginning but the last", () => {
  const last = "\u{10ffff}";
  for (
    const [prefix, end] of [
      ["a", "b"],
      ["lock:", "lock;"],
      ["é", "ê"],
      ["\ud7ff", "\ue000"],
      ["\uffff", "\u{10000}"],
      [`a${last}${last}`, "b"],
      [`a${last}b`, `a${last}c`],
      [last, undefined],
      ["", undefined],
    ] as const
  ) assert.equal(endOf(prefix), end, prefix);
});

Deno.test("leases are ordered by code units, and two places never have one key", () => {
  const seats = ["b", "é", "a", "B", "10", "9", "", "Ä", "-"];
  const sorted = seats.map((seat) => ({ seat })).sort(bySeat).map(({ seat }) => seat);
  assert.deepEqual(sorted, ["", "-", "10", "9", "B", "a", "b", "Ä", "é"]);
  const places = [["a", "bc"], ["ab", "c"], ["abc", ""], ["abc"], ['a","b', "c"], ["a", '","bc']];
  const keys = places.map(([resource = "", seat]) => placeKey({ resource, seat }));
  assert.equal(new Set(keys).size, places.length);
});

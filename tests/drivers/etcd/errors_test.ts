/**
 * What of an answer's text counts and is repeated, and what an error of the network says. The table of
 * etcd's own refusals is in `refusals_test.ts`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Answer, etcdError, isStaleToken } from "../../../drivers/etcd/errors.ts";
import { ConnectionError, UnknownOutcome } from "../../../errors.ts";

const NO = "no ".repeat(33);
const answer = (text: string | object): Answer =>
  new Answer(503, typeof text === "string" ? text : JSON.stringify(text));

Deno.test("etcd: an error repeats a short text, and names the status in place of a long one", () => {
  const rows: readonly (readonly [text: string | object, said: RegExp])[] = [
    ["it is busy\n", /\(it is busy\)/],
    [NO, /\(no no /],
    [`${NO}n`, /\(HTTP status 503\)/],
    [{ error: "out of order" }, /\(out of order\)/],
    [{ message: "out of order" }, /\(out of order\)/],
    [{ error: {}, message: "out of order" }, /\(…\)/],
    // What is said of TLS within an answer is no failure of it.
    ["no certificate", /\(no certificate\)/],
  ];
  for (const [text, said] of rows) {
    const error = etcdError(answer(text), "");
    assert.ok(error instanceof UnknownOutcome, error.message);
    assert.match(error.message, said);
  }
});

Deno.test("etcd: only what begins as etcd's own errors do has a code", () => {
  assert.equal(answer({ code: 8, message: "etcdserver: no" }).code, 8);
  assert.equal(answer({ code: 8, message: "a proxy: etcdserver: " }).code, undefined);
  assert.equal(answer({ code: 8 }).code, undefined);
  const other = etcdError(
    answer({ code: 3, message: "etcdserver: etcdserver: user name is empty" }),
    "",
  );
  assert.deepEqual([other instanceof ConnectionError, other.code], [true, "connection"]);
  assert.match(other.message, /\); look at the server$/);
  assert.equal(isStaleToken(answer({ code: 16, message: "etcdserver: invalid auth token" })), true);
  assert.equal(isStaleToken(answer("a proxy: etcdserver: invalid auth token")), false);
});

Deno.test("etcd: where no connection was made the error says what it may be", () => {
  const network = (text: string, cause?: string) =>
    etcdError(new TypeError(text, cause === undefined ? {} : { cause: new Error(cause) }), "");
  const rows: readonly (readonly [error: Error, says: RegExp])[] = [
    [network("client error (Connect)"), /\); check the URL and the network$/],
    [
      network("client error (Connect)", "Connection reset by peer"),
      /\); check that the scheme fits .*, and look at the server$/,
    ],
    [network("client error (Connect): connection reset"), /; check that the scheme .* the server$/],
    [network("invalid peer certificate"), /; check that the scheme fits .*, and the certificate$/],
  ];
  for (const [error, says] of rows) {
    assert.ok(error instanceof ConnectionError, error.message);
    assert.match(error.message, says);
  }
  assert.ok(network("error reading a body") instanceof UnknownOutcome);
  // What a server would say is nothing that an error of the network means.
  assert.ok(network("Not Found") instanceof UnknownOutcome);
});

/**
 * What an error of MySQL's, or of the way there, proves, and what is said of it: word by word, for nothing else
 * may get out.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError, UnknownOutcome } from "../../../errors.ts";
import { ddlError, errnoOf, isDeadlock, mysqlError } from "../../../drivers/mysql/errors.ts";
import { mysql } from "../../../drivers/mysql/mysql.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { acquire } from "../acquire.ts";
import { errors } from "./server_errors.ts";

function error(fields: object, message = "canary"): Error {
  return Object.assign(new Error(message), fields);
}

const body = (code: unknown) => ({ body: { code } });
const UNKNOWN =
  /^mysql gave no valid answer, so the outcome is unknown \((.*)\); sending it again is safe$/;
const REFUSED = /^mysql refused the request, so nothing was written \((.*)\); (.*)$/;
const CHECK = "check URL, network and database";
const RIGHTS = "check user, password, database and rights";

const failing = (error: unknown) => mysql(() => Promise.reject(error)).apply([acquire("a")]);

Deno.test("only errors that prove that nothing was written are definite", async () => {
  const table = [
    [[1205, 1040, 1203, 1129, 1226, 1021, 1114], {
      code: "connection",
      retryable: true,
      says: /errno/,
    }],
    [[1044, 1045, 1142, 1143, 1227, 1698], { code: "unauthorized", says: /check user, password/ }],
    [[1146, 1054, 1049], {
      code: "connection",
      says: /run migrate\(\) of @baton\/baton\/schema\/mysql$/,
    }],
    [[1290, 1836, 1792, 3100, 3101, 3024], { code: "connection", retryable: true, says: /errno/ }],
    [[1064, 1235], { code: "connection", says: /nothing was written/ }],
    [[1690], { code: "connection", says: /nothing was written .*autocommit is off/ }],
  ] as const;
  for (const [numbers, { code, says, ...more }] of table) {
    for (const error of numbers.flatMap(errors)) {
      const told = await batonErrorOf(failing(error));
      assert(told instanceof ConnectionError, `${error.message} ${told}`);
      assert.deepEqual([told.code, told.retryable], [code, "retryable" in more]);
      assert.match(told.message, says);
      assert.doesNotMatch(Deno.inspect(told), /canary/);
    }
  }
  const none = [new Error("canary"), new TypeError("canary"), "canary", null, undefined];
  const codes = ["ECONNRESET", "EPIPE", "PROTOCOL_CONNECTION_LOST"].map((code) =>
    Object.assign(new Error("canary"), { code })
  );
  for (const error of [...[2013, 2006, 1053, 1180, 1317].flatMap(errors), ...none, ...codes]) {
    const told = await batonErrorOf(failing(error));
    assert(told instanceof UnknownOutcome && told.retryable, `${error} ${told}`);
    assert.doesNotMatch(Deno.inspect(told), /canary/);
  }
  // Of a statement that was cut off Vitess says so, too, when it has not waited for its end.
  for (const number of [1053, 1317]) {
    const told = await batonErrorOf(failing(errors(number)[0]!));
    assert.match(told.message, new RegExp(`outcome is unknown .errno ${number}`));
  }
});

/** Each with what is said of an unknown outcome. */
const SAID: readonly (readonly [error: unknown, said: string])[] = [
  [error({}), "Error"],
  [new TypeError("canary"), "TypeError"],
  ["canary", ""],
  [undefined, ""],
  [error({ errno: 0 }), "Error"],
  [error({ errno: "x" }), "Error"],
  [error({ errno: 1 }), "errno 1"],
  [error({ errno: 2013 }), "errno 2013"],
  [error({}, "oops (errno 2013) (sqlstate HY000)"), "errno 2013"],
  [error({ errno: 2013 }, "oops (errno 2006)"), "errno 2013"],
  [error({ status: 503 }), "HTTP status 503, Error"],
  [error({ status: 404, ...body("NOT_found") }), "HTTP status 404, NOT_found"],
  [error({ errno: 2013, status: 200, ...body("UNKNOWN") }), "errno 2013, HTTP status 200"],
  ...[undefined, "", "id-canary", "canary-id", "a b", "x".repeat(41), 7].map((code) =>
    [error({ status: 503, ...body(code) }), "HTTP status 503, Error"] as const
  ),
  [error(body("x".repeat(40))), `${"x".repeat(40)}, Error`],
];

/** Each with what is said of a definite refusal, and what to do. */
const DEFINITE: readonly (readonly [error: unknown, code: string, said: string, advice: string])[] =
  [
    [error({ errno: 1064 }), "connection", "errno 1064", CHECK],
    [error({ errno: 1045 }), "unauthorized", "errno 1045", RIGHTS],
    [error({ status: 401 }), "unauthorized", "HTTP status 401, Error", RIGHTS],
    [error({ status: 403, ...body("no") }), "unauthorized", "HTTP status 403, no", RIGHTS],
  ];

Deno.test("an error says its number, the status and a plain word, two of these at most, and nothing of its own", () => {
  for (const [thrown, said] of SAID) {
    const told = mysqlError("mysql", thrown);
    assert.deepEqual([told.code, UNKNOWN.exec(told.message)?.[1]], ["unknown-outcome", said]);
  }
  for (const [thrown, code, said, advice] of DEFINITE) {
    const told = mysqlError("mysql", thrown);
    const [, ...words] = REFUSED.exec(told.message) ?? [];
    assert.deepEqual([told.code, ...words], [code, said, advice]);
  }
  const aborted = mysqlError("mysql", error({ errno: 1064 }), AbortSignal.abort());
  assert.match(aborted.message, /\(the call was aborted\)/);
});

Deno.test("a number is a field of the client's, or a part of Vitess's text", () => {
  assert.deepEqual([error({ errno: 7 }), error({}, "x (errno 1213) y")].map(errnoOf), [7, 1213]);
  assert.deepEqual([error({}), "1213", undefined, error({}, "errno 1213")].map(errnoOf), [
    ...[NaN, NaN, NaN, NaN],
  ]);
  assert.deepEqual([error({ errno: 1213 }), error({ errno: 1205 })].map(isDeadlock), [true, false]);
});

Deno.test("a branch that takes no DDL directly is named, and what to deploy", () => {
  const refused = ddlError(error({}, "direct DDL is disabled"), "the statements of schema()");
  assert.equal(refused.code, "connection");
  assert.match(
    refused.message,
    /takes no DDL directly.*make a deploy request with the statements of/,
  );
  const other = ddlError(error({ errno: 1142 }, "no DDLs"), "");
  assert.deepEqual([other.code, other.message.includes("errno 1142")], ["unauthorized", true]);
});

/**
 * What an error of MySQL's, or of the way there, is told as: word by word, for nothing else may get out. Which
 * numbers prove that nothing was written is in `mysql_test.ts`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ddlError, errnoOf, isDeadlock, mysqlError } from "../../../drivers/mysql/errors.ts";

function error(fields: object, message = "canary"): Error {
  return Object.assign(new Error(message), fields);
}

const body = (code: unknown) => ({ body: { code } });
const UNKNOWN =
  /^mysql gave no valid answer, so the outcome is unknown \((.*)\); sending it again is safe$/;
const REFUSED = /^mysql refused the request, so nothing was written \((.*)\); (.*)$/;
const CHECK = "check URL, network and database";
const RIGHTS = "check user, password, database and rights";

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

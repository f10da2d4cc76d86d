/**
 * What an error of SQLite shows: whether anything was written, whether it may pass, and what to do.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isBusy, refused, replaced, uncommitted } from "../../../drivers/sqlite/errors.ts";
import { verdictOn } from "../../../drivers/sqlite/refusals.ts";
import { ConnectionError, NotSupported, UnknownOutcome } from "../../../errors.ts";

Deno.test("over a network SQLite's name for an error tells whether it was undone, and whether it may pass", () => {
  for (
    const [code, text, undone, passes] of [
      ["SQLITE_BUSY", "x", true, true],
      ["SQLITE_LOCKED_SHAREDCACHE", "x", true, true],
      ["SQLITE_ERROR", "database is locked", true, true],
      ["SQLITE_ERROR", "database table is locked", true, true],
      ["SQLITE_ERROR", "it is locked", true, false],
      ["SQLITE_CONSTRAINT", "x", true, false],
      ["SQLITE_IOERR_WRITE", "x", false, false],
      ["SQLITE_CORRUPT", "x", false, false],
      ["SQLITE_NOMEM", "x", false, false],
      ["A_SQLITE_BUSY", "x", false, false],
      [undefined, "database is locked", false, true],
    ] as const
  ) {
    const error = Object.assign(new Error(text), { code });
    const found = verdictOn(error, "");
    assert.deepEqual([found.refused, found.mayPass], [undone, passes], `${code} ${text}`);
    // Who knows better says so.
    for (const known of [true, false]) assert.equal(verdictOn(error, "", known).refused, known);
  }
});

Deno.test("what is wrong with tables is told from what is wrong with a database", () => {
  for (
    const [text, advice] of [
      ["no such table: baton_state", /^the database lacks version 1 .* run migrate\(\)/],
      ["malformed JSON", /^the database lacks version 1/],
      ["no such table: theirs", /^check the database/],
      ["no such column: swept_seat", /it is not Baton's: rename or drop it$/],
      ["table baton_leases has no column named token", /rename or drop it$/],
      ["table baton_leases has 2 columns but 6 values were supplied", /rename or drop it$/],
      ["table baton_leases has two columns but 6 values were supplied", /^check the database/],
    ] as const
  ) assert.match(verdictOn(new Error(text), "").advice, advice, text);
  assert.equal(verdictOn(new Error("near mine: it is wrong"), "mine").said, "near …");
});

Deno.test("in a file, another process's write is known by its number or its words", () => {
  for (const errcode of [5, 6, 261, 262, 517]) {
    assert.equal(isBusy({ errcode }), true, `${errcode}`);
  }
  for (const errcode of [0, 1, 4, 7, 1_282]) assert.equal(isBusy({ errcode }), false, `${errcode}`);
  for (const text of ["database is locked", "database table is locked: baton_leases"]) {
    assert.equal(isBusy(new Error(text)), true, text);
  }
  for (const error of [new Error("locked"), undefined, "x"]) assert.equal(isBusy(error), false);
});

Deno.test("a failure before the commit is definite, one of the commit is unknown", () => {
  const own = new NotSupported("mine");
  assert.equal(refused(own), own);
  for (
    const [text, passes, words] of [
      ["database is locked", true, /wrote nothing: database is locked; another process is writing/],
      ["the key s3cr3t-4711 is wrong", false, /wrote nothing: the key …$/],
    ] as const
  ) {
    const error = refused(new Error(text));
    assert.ok(error instanceof ConnectionError);
    assert.equal(error.retryable, passes);
    assert.match(error.message, words);
  }
  const late = uncommitted(new Error("the key s3cr3t-4711 is wrong"));
  assert.ok(late instanceof UnknownOutcome);
  assert.match(late.message, /unknown \(the key …\); sending it again is safe$/);
  assert.equal(replaced().retryable, true);
});

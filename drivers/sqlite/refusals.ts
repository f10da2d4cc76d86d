/**
 * What an error of SQLite, as a database over the network tells it, shows about what happened.
 *
 * @module
 */

import type { Verdict } from "../kit/failure.ts";
import { plain, textOf } from "../kit/plain_words.ts";
import { SCHEMA_VERSION } from "./schema.ts";

/** SQLite's names for errors that alone prove that the transaction was rolled back. */
const UNDONE = /^SQLITE_(?!IOERR|CORRUPT|NOMEM)/;
/** No table; or no JSON, which the statements are given where the tables have another version. */
const NO_SCHEMA = /no such table: baton_|malformed JSON/;
/** A table of somebody else's. */
const NOT_OURS = /no such column|has no column named|has \d+ columns but/;

/**
 * How an error of SQLite is judged, which has SQLite's name for it, such as `"SQLITE_BUSY"`, as its `code`.
 *
 * @param sent What was sent. It may be in the error.
 * @param undone Whether it is certain that the transaction was rolled back. Default: by that name.
 */
export function verdictOn(error: unknown, sent: string, undone?: boolean): Verdict {
  const text = textOf(error);
  const { code } = Object(error);
  return {
    said: plain(text, sent),
    refused: undone ?? UNDONE.test(code),
    mayPass: /^SQLITE_(BUSY|LOCKED)/.test(code) || /database (table )?is locked/.test(text),
    advice: adviceOn(text),
  };
}

function adviceOn(text: string): string {
  if (NOT_OURS.test(text)) {
    return "the table baton_leases or baton_state is there, but it is not Baton's: rename or drop it";
  }
  return NO_SCHEMA.test(text)
    ? `the database lacks version ${SCHEMA_VERSION} of Baton's tables: run migrate() of ` +
      "@baton/baton/schema/sqlite, or what `npx baton-schema sqlite` prints. If its tables are of a " +
      "later version, update Baton here"
    : "check the database and how it is reached";
}

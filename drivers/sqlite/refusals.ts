/**
 * What an error of SQLite, as a database over the network tells it, shows about what happened.
 *
 * @module
 */

import type { Verdict } from "../kit/failure.ts";
import { plain } from "../kit/plain_words.ts";
import { SCHEMA_VERSION } from "./schema.ts";

/** An error of the database. */
export interface SqlError {
  /** What it says, without the database's own prefix. */
  readonly text: string;
  /** SQLite's name for it, such as `"SQLITE_BUSY"`; empty if it is not an error of SQLite's. */
  readonly code: string;
  /** Whether it is certain that the transaction was rolled back. */
  readonly undone: boolean;
}

/** Whether an error of this name alone proves that the transaction was rolled back. */
export function isUndone(code: string): boolean {
  return code.startsWith("SQLITE_") && !IN_DOUBT.test(code);
}

const IN_DOUBT = /^SQLITE_(IOERR|CORRUPT|NOMEM)/;
/** No table; or no JSON, which the statements are given where the tables have another version. */
const NO_SCHEMA = /no such table: baton_|malformed JSON/;
/** A table of somebody else's. */
const NOT_OURS = /no such column|has no column named|has \d+ columns but/;

/** How an error of SQLite is judged; what was `sent` may be in it. */
export function verdictOn({ text, code, undone }: SqlError, sent: string): Verdict {
  return {
    said: plain(text, sent),
    refused: undone,
    unauthorized: false,
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
    : "check the database";
}

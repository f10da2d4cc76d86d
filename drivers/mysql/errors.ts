/**
 * What an error from MySQL, or from the way there, says about what happened.
 *
 * @module
 */

import { ConnectionError, type CoordinationError } from "../../errors.ts";
import { failure } from "../kit/failure.ts";
import { slipIn } from "../kit/slips.ts";

/** Errors that say that the statement did nothing; about any other, that is not certain. */
const UNAUTHORIZED = [1044, 1045, 1142, 1143, 1227, 1698];
const NO_SCHEMA = [1049, 1054, 1146];
/** What to do where a grant would be answered before it is committed. */
export const AUTOCOMMIT =
  "autocommit is off, or a transaction is open, so others would see it only later, or " +
  "never: set autocommit = 1, and give Baton a pool or a connection of its own";
/** What to do where two could be granted at once. */
const LEVEL =
  "Or the isolation level is below REPEATABLE READ, under which two can be granted what " +
  "excludes each other: set it for Baton's connections";
/** What a statement of ours says where it would not be committed at once, or would not lock what it reads. */
const UNCOMMITTED = 1690;
/**
 * Deadlock, lock wait, too many connections, a host or a user that has had too many; a full disk or table;
 * read-only since a fail-over; a commit that a replication group has undone; too long a look.
 */
const MAY_PASS = [
  ...[1205, 1213, 1040, 1203, 1129, 1226, 1021, 1114],
  ...[1290, 1836, 1792, 3100, 3101, 3024],
];
/** Syntax and what the server does not support. */
const REFUSED = [1064, 1235, UNCOMMITTED];

/** Whether the server undid the statement to end a deadlock. */
export function isDeadlock(error: unknown): boolean {
  return errnoOf(error) === 1213;
}

/** The server's number of an error: a field of mysql2's, a part of the text in Vitess's; or NaN. */
export function errnoOf(error: unknown): number {
  const { errno, message } = Object(error) as Record<string, unknown>;
  return Number(errno ?? /\(errno (\d+)\)/.exec(String(message))?.[1]);
}

/** An error as Baton throws it. */
export function mysqlError(
  name: string,
  error: unknown,
  signal?: AbortSignal,
): CoordinationError {
  return slipIn("query", error) ?? failure(name, error, () => {
    const { status, body } = Object(error) as Record<string, unknown>;
    const number = errnoOf(error);
    const unauthorized = UNAUTHORIZED.includes(number) || status === 401 || status === 403;
    // Never the message: Vitess repeats the statement in it, and so the ids of leases.
    const said = [
      number > 0 && `errno ${number}`,
      status !== undefined && `HTTP status ${status}`,
      // A word of the service's, and nothing that a proxy sends back.
      /^[A-Za-z_]{1,40}$/.exec(Object(body).code ?? "")?.[0],
      // What the number says already is not said twice.
      !(number > 0) && error instanceof Error && error.name,
    ].filter(Boolean).slice(0, 2).join(", ");
    return {
      said,
      refused: unauthorized ||
        [...NO_SCHEMA, ...MAY_PASS, ...REFUSED].includes(number),
      unauthorized,
      mayPass: MAY_PASS.includes(number),
      advice: NO_SCHEMA.includes(number)
        ? "the database lacks version 1 of Baton's table: run migrate() of " +
          "@baton/baton/schema/mysql"
        : number === UNCOMMITTED
        ? `${AUTOCOMMIT}. ${LEVEL}`
        : unauthorized
        ? "check user, password, database and rights"
        : "check URL, network and database",
    };
  }, signal);
}

/**
 * An error of a statement that creates a table, as Baton throws it.
 *
 * @param deploy What to make a deploy request with, where the branch takes no DDL directly.
 */
export function ddlError(error: unknown, deploy: string): CoordinationError {
  // Vitess's words, for it has no number of its own for that.
  if (!/\bDDL\b/.test(String(Object(error).message))) return mysqlError("mysql", error);
  return new ConnectionError(
    "The database takes no DDL directly (PlanetScale's safe migrations), so the table was not " +
      `created; make a deploy request with ${deploy}`,
  );
}

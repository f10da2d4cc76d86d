/**
 * What an error from PostgreSQL, or from the way there, says about what happened.
 *
 * @module
 */

import type { CoordinationError } from "../../errors.ts";
import { failure } from "../kit/failure.ts";
import { slipIn } from "../kit/slips.ts";
import { plain } from "../kit/plain_words.ts";

/**
 * A statement that fails is rolled back, so a SQLSTATE proves that nothing was written; but for
 * those of a server or a connection that went down on the way (08, 57P01, 57P02, 58, XX), and for
 * one that says that the commit is in doubt (40003).
 */
const IN_DOUBT = /^(08|58|XX|57P01|57P02|57P05|40003)/;
/** Wrong role, password or database, or a role without rights on the table. */
const UNAUTHORIZED = /^(28|42501|3D)/;
/** No such schema, table, column or function. */
const NO_SCHEMA = /3F000|42P01|42703|42883/;
/** A commit within somebody's open transaction, or a statement there that cannot be. */
const IN_TRANSACTION = /2D000|25001/;
/**
 * Deadlocks, time-outs, too many connections, a server that starts; one that is read-only or a replica (BT001)
 * since a fail-over; a pooled connection with another's prepared statements (26000, 42P05, 0A000), or with
 * the rest of another's transaction (25P02, 25P03).
 */
const MAY_PASS = /^(40|53|55P03|57014|57P03|25006|BT001|26000|42P05|0A000|25P0[23])/;

/** Whether the server undid everything to end a deadlock. */
export function isDeadlock(error: unknown): boolean {
  return Object(error).code === "40P01";
}

/** An error as Baton throws it; what was `sent` may be in it, and is not repeated. */
export function postgresError(
  name: string,
  error: unknown,
  sent = "",
  signal?: AbortSignal,
): CoordinationError {
  return slipIn("query", error) ?? failure(name, error, () => {
    const code = String((error as { code?: unknown } | null)?.code ?? "");
    // Every SQLSTATE has a digit; EPIPE, from a socket, is none.
    const state = /^(?=.*\d)[0-9A-Z]{5}$/.test(code) ? code : "";
    return {
      said: (state && `SQLSTATE ${state}: `) + plain(error, sent),
      refused: state !== "" && !IN_DOUBT.test(state),
      unauthorized: UNAUTHORIZED.test(state),
      mayPass: MAY_PASS.test(state),
      advice: adviceOn(state),
    };
  }, signal);
}

function adviceOn(state: string): string {
  if (NO_SCHEMA.test(state)) {
    return "the database lacks version 3 of Baton's schema: run migrate() of " +
      "@baton/baton/schema/postgres";
  }
  if (IN_TRANSACTION.test(state)) {
    return "it was sent within an open transaction, which others see only later, or never: give Baton " +
      "a pool or a connection of its own, outside of begin and commit";
  }
  if (UNAUTHORIZED.test(state)) return "check user, password, database and the role's rights";
  return "check URL, network and database";
}

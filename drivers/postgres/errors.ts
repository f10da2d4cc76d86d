/**
 * What an error from PostgreSQL, or from the way there, says about what happened.
 *
 * @module
 */

import type { CoordinationError } from "../../errors.ts";
import { failure } from "../kit/failure.ts";
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
const NO_SCHEMA = /^(3F000|42P01|42703|42883)$/;
/** Deadlocks, time-outs, too many connections, a server that starts. */
const MAY_PASS = /^(40|53|55P03|57014|57P03)/;

/** An error as Baton throws it; what was `sent` may be in it, and is not repeated. */
export function postgresError(name: string, error: unknown, sent = ""): CoordinationError {
  return failure(name, error, () => {
    const code = String((error as { code?: unknown } | null)?.code ?? "");
    // Every SQLSTATE has a digit; EPIPE, from a socket, is none.
    const state = /^(?=.*\d)[0-9A-Z]{5}$/.test(code) ? code : "";
    const unauthorized = UNAUTHORIZED.test(state);
    return {
      said: (state && `SQLSTATE ${state}: `) + plain(error, sent),
      refused: state !== "" && !IN_DOUBT.test(state),
      unauthorized,
      mayPass: MAY_PASS.test(state),
      advice: NO_SCHEMA.test(state)
        ? "the database lacks version 3 of Baton's schema: run migrate(), or what schema.ts prints"
        : unauthorized
        ? "check user, password, database and the role's rights"
        : "check URL, network and database",
    };
  });
}

/**
 * How a statement goes out, and the name of ours that stands in it.
 *
 * @module
 */

import { refuse } from "../kit/check.ts";

/** The rows that a statement answers, each by the names of its columns. */
export type PostgresRows = readonly Readonly<Record<string, unknown>>[];

/** What a statement answers: its rows, as postgres.js has them, or what has them, as `pg` does. */
export type PostgresAnswer = PostgresRows | { readonly rows: PostgresRows };

/**
 * Sends one statement with its parameters, `$1`…, and answers its rows; rejects with the server's
 * error, its `code` being the SQLSTATE. It must not send twice by itself, and must go to the primary.
 * The parameters are the callee's to keep. It has the form of `MysqlQuery`, so that one function can
 * serve both.
 */
export type PostgresQuery = (
  text: string,
  params: string[],
  signal?: AbortSignal,
) => Promise<PostgresAnswer>;

/** The rows of an answer, or what a client without any has sent. */
export function rowsOf(answer: PostgresAnswer): PostgresRows {
  return "rows" in Object(answer)
    ? (answer as { rows: PostgresRows }).rows
    : answer as PostgresRows;
}

/** Checks the name of the Postgres schema where Baton's table is, which becomes part of SQL. */
export function schemaName(name = "baton"): string {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name)) {
    refuse("schema name", "it must be at most 63 of a-z, 0-9 and _, and not begin with a digit");
  }
  return name;
}

/**
 * How a statement goes out, and the name of ours that stands in it.
 *
 * @module
 */

import { refuse } from "../kit/check.ts";

/**
 * Sends one statement with its parameters, `$1`…, and answers its rows; rejects with the server's
 * error, its `code` being the SQLSTATE. It must not send twice by itself, and must go to the primary.
 */
export type PostgresQuery = (
  text: string,
  params: readonly string[],
  signal?: AbortSignal,
) => Promise<readonly Readonly<Record<string, unknown>>[]>;

/** Checks the name of the Postgres schema where Baton's table is, which becomes part of SQL. */
export function schemaName(name = "baton"): string {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name)) {
    refuse("schema name", "it must be at most 63 of a-z, 0-9 and _, and not begin with a digit");
  }
  return name;
}

/**
 * Clean-up of dead rows, off the path of whoever waits for a lease.
 *
 * @module
 */

import type { MysqlQuery } from "./send.ts";
import { mysqlError } from "./errors.ts";
import { tableName } from "./table_name.ts";
import { Statements } from "./statements.ts";

/**
 * Deletes up to 100 rows that have been dead for more than an hour, in two requests, and answers how
 * many there were. Tokens of their seats go on growing, for the next one is the clock's.
 *
 * @throws {ConnectionError} when nothing was deleted; {@link UnknownOutcome} when that is not known.
 */
export async function sweep(query: MysqlQuery, options: { table?: string } = {}): Promise<number> {
  try {
    return await deleteDead(new Statements(tableName(options.table)), query);
  } catch (error) {
    throw mysqlError("mysql", error);
  }
}

/** As {@link sweep}; rejects with the server's error. */
export async function deleteDead(
  statements: Statements,
  query: MysqlQuery,
  signal?: AbortSignal,
): Promise<number> {
  const { rows = [] } = await query(statements.findDead(), signal);
  if (rows.length > 0) await query(statements.deleteDead(rows), signal);
  return rows.length;
}

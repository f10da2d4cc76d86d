/**
 * Clean-up of dead rows, off the path of those who wait for a lease.
 *
 * @module
 */

import type { SendStatement } from "./send.ts";
import type { Statements } from "./statements.ts";

/**
 * Deletes up to 100 rows that have been dead for more than an hour, in two requests, and answers how
 * many there were. Tokens of their seats go on growing, for the next one is the clock's. Rejects with
 * the server's error.
 */
export async function sweep(statements: Statements, send: SendStatement): Promise<number> {
  const { rows = [] } = await send(statements.findDead());
  if (rows.length > 0) await send(statements.deleteDead(rows));
  return rows.length;
}

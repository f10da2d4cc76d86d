/**
 * Leases in MySQL: one statement per operation, through any function that can send a statement.
 * `./planetscale.ts` is the transport for PlanetScale; mysql2 is one line.
 *
 * MySQL can neither branch within a request nor read back what it writes. So what succeeds is one
 * request; a refused `acquire` or `release` is two, for a second must ask who is in the way. In a
 * batch, neighbouring renewals share a request, and neighbouring looks; everything else has its own.
 *
 * An acknowledged lease is as durable as the server's commits (on disk by default). What it does
 * **not** promise: after a fail-over, what the new primary had not received is forgotten. Guards
 * need the isolation level REPEATABLE READ, which is the default and which `migrate()` checks. A
 * server clock that is set back by more than an hour can repeat fencing tokens of seats that were
 * cleaned up. Where a server does not let a statement choose its insert id, an acquisition learns of
 * its grant by a second look; if its lease is broken in between, it acquires once more.
 *
 * The table comes from `./schema.ts`; create it once.
 *
 * @module
 */

import { checkOps } from "../kit/check.ts";
import type { Driver, Guarantees, Op, Outcome } from "../driver.ts";
import { MysqlBatch } from "./batch.ts";
import { tableName } from "./table_name.ts";
import type { MysqlQuery } from "./send.ts";
import { Statements } from "./statements.ts";
import { deleteDead } from "./sweep.ts";
import { placeKey } from "../kit/order.ts";
import { SQL_GUARANTEES } from "../kit/sql_guarantees.ts";

export type { MysqlAnswer, MysqlQuery } from "./send.ts";

/** How the MySQL driver is made. */
export interface MysqlOptions {
  /** The driver's name in messages and traces; `"mysql"` unless given. */
  name?: string;
  /** The table; `"baton_leases"` unless given. */
  table?: string;
  /**
   * Whether one grant in 64 also deletes up to 100 dead rows, in two further requests; true unless
   * given. Who says no calls `sweep()` of `./schema.ts` now and then.
   */
  sweep?: boolean;
  /** What this database promises, where that is more than any MySQL does. */
  guarantees?: Partial<Guarantees>;
}

/**
 * Makes the driver over a function that sends one statement.
 *
 * @example
 * ```ts
 * import { mysql } from "@baton/baton/drivers/mysql";
 *
 * declare const pool: { query(sql: string): Promise<[any, unknown]> }; // mysql2/promise
 * const driver = mysql(async (sql) => {
 *   const [answer] = await pool.query(sql);
 *   if (Array.isArray(answer)) return { rows: answer };
 *   return { insertId: answer.insertId, rowsAffected: answer.affectedRows };
 * });
 * ```
 * @throws {InvalidArgument} when the table is not a plain name.
 */
export function mysql(query: MysqlQuery, options: MysqlOptions = {}): Driver {
  const { name = "mysql", sweep = true } = options;
  const guarantees = { ...SQL_GUARANTEES, ...options.guarantees };
  const statements = new Statements(tableName(options.table));
  // One refusal tells that this server does not let a statement choose its insert id.
  const server = { name, query, statements, hints: true };
  return {
    name,
    guarantees,
    async apply(ops, { signal } = {}) {
      checkOps(ops, guarantees.minTtl);
      signal?.throwIfAborted();
      const batch = new MysqlBatch(server, signal);
      const outcomes: Outcome[] = [];
      for (const run of runsOf(ops)) outcomes.push(...await batch.run(run));
      // The answer is complete without it, and a dead row is dead whether or not it is there: so a
      // failure is left to the next sweep.
      if (sweep && batch.litters) await deleteDead(statements, query, signal).catch(() => {});
      return outcomes;
    },
  };
}

/**
 * Neighbours that can share a request: looks, and renewals of several leases. Of several changes the
 * answer tells only how many were made, so whoever may have seen a change needs an answer of its own.
 */
function runsOf(ops: readonly Op[]): [Op, ...Op[]][] {
  const runs: [Op, ...Op[]][] = [];
  const places = new Set<string>();
  for (const op of ops) {
    const run = runs.at(-1);
    const place = placeKey(op);
    if (run && (areLooks(run[0], op) || (areBeats(run[0], op) && !places.has(place)))) {
      run.push(op);
    } else {
      runs.push([op]);
      places.clear();
    }
    places.add(place);
  }
  return runs;
}

function areLooks(...ops: readonly Op[]): boolean {
  return ops.every(({ op }) => op === "inspect");
}

/** Nobody sees of a renewal without a value when it was made. */
function areBeats(...ops: readonly Op[]): boolean {
  return ops.every((op) => op.op === "renew" && op.value === undefined);
}

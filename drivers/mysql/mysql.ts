/**
 * Leases in MySQL: one statement per operation, through any function that can send a statement.
 * `./planetscale.ts` is the transport for PlanetScale; mysql2 is one line.
 *
 * MySQL can neither branch within a request nor read back what it writes. So what succeeds is one
 * request. A refused `acquire` or `release` is two, for a second must ask who is in the way; so is a
 * replayed `acquire`, and a batch of renewals of which one has ended. In a batch, neighbouring renewals
 * share a request, and neighbouring looks; everything else has its own. One grant in 64 also deletes up
 * to 100 dead rows, in two further requests. Each request goes through `beforeRequest`; a clean-up that
 * is not allowed there is skipped.
 *
 * An acknowledged lease is as durable as the server's commits (on disk by default). What it does
 * **not** promise: after a fail-over, what the new primary had not received is forgotten. Guards
 * need the isolation level REPEATABLE READ, which is the default and which each statement checks. A
 * server clock that is set back by more than an hour can repeat fencing tokens of seats that were
 * cleaned up.
 *
 * The table comes from `./schema.ts`; create it once.
 *
 * @module
 */

import { checkOps } from "../kit/check.ts";
import { checkOptions } from "../kit/options.ts";
import type { Driver, Guarantees, Op, Outcome } from "../driver.ts";
import { placeKey } from "../kit/order.ts";
import { MysqlBatch, type MysqlServer, Turns } from "./batch.ts";
import { type MysqlQuery, senderThrough, tableName } from "./send.ts";
import { Statements } from "./statements.ts";
import { sweep } from "./sweep.ts";

export type { Mysql2Answer, MysqlAnswer, MysqlQuery } from "./send.ts";

/** How the MySQL driver is made. */
export interface MysqlOptions {
  /** The driver's name in messages and traces. Default: `"mysql"`. */
  name?: string | undefined;
  /** The table. Default: `"baton_leases"`. */
  table?: string | undefined;
}

/** What any MySQL promises as long as it lives; a vendor's transport may promise more. */
const GUARANTEES: Guarantees = {
  consistency: "until-failover",
  clock: "server",
  durability: "disk",
  push: false,
  minTtl: 1,
};

/**
 * Makes the driver over a function that sends one statement.
 *
 * @example
 * ```ts
 * import { mysql } from "@baton/baton/drivers/mysql";
 * import { createPool } from "mysql2/promise";
 *
 * const pool = createPool("mysql://localhost/db");
 * const driver = mysql((sql) => pool.query(sql));
 * ```
 * @throws {InvalidArgument} when the query is no function, or the table is not a plain name.
 */
export function mysql(query: MysqlQuery, options: MysqlOptions = {}): Driver {
  checkOptions(options, "name table");
  const { name = "mysql" } = options;
  const statements = new Statements(tableName(options.table));
  const server: MysqlServer = { name, send: senderThrough(query), statements, turns: new Turns() };
  return {
    name,
    guarantees: GUARANTEES,
    async apply(ops, options = {}) {
      checkOps(ops, GUARANTEES.minTtl);
      // Throws where a cursor is not right, before anything is sent.
      for (const op of ops) if (op.op === "list") statements.list(op);
      options.signal?.throwIfAborted();
      const batch = new MysqlBatch(server, options);
      const outcomes: Outcome[] = [];
      // Not all of a run at once: a call takes only so many arguments.
      for (const run of runsOf(ops)) for (const each of await batch.run(run)) outcomes.push(each);
      // The answer is complete without it, and a dead row is dead whether or not it is there: so a
      // failure is left to the next sweep.
      if (batch.litters) await sweep(statements, batch.send).catch(() => {});
      return outcomes;
    },
  };
}

/**
 * Neighbours that can share a request: looks, and renewals of several leases. Of several changes the
 * answer says only how many were made, so a change that others may have seen has a request of its own.
 */
function runsOf(ops: readonly Op[]): [Op, ...Op[]][] {
  const runs: [Op, ...Op[]][] = [];
  const places = new Set<string>();
  for (const op of ops) {
    const run = runs.at(-1);
    const place = op.op === "list" ? "" : placeKey(op);
    const fits = run && run[0].op === op.op &&
      (op.op === "inspect" || (isBeat(op) && isBeat(run[0]) && !places.has(place)));
    if (fits) {
      run.push(op);
    } else {
      runs.push([op]);
      places.clear();
    }
    places.add(place);
  }
  return runs;
}

/** Whether it is a renewal without a value: nobody sees when it was made. */
function isBeat(op: Op): boolean {
  return op.op === "renew" && op.value === undefined;
}

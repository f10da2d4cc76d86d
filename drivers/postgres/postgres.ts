/**
 * Leases in PostgreSQL: one statement, one request and one commit per `apply`, through any function
 * that can send a statement. `./neon.ts` is the transport for Neon and PlanetScale Postgres; the
 * `pg` package is one line.
 *
 * A lease is a row; who holds it is decided by the server's clock, read after the row's lock is
 * ours. An acknowledged lease is on disk before the answer leaves (`synchronous_commit` is turned on
 * where it is off). What it does **not** promise: after a fail-over to an asynchronous standby,
 * leases acknowledged last can be forgotten; and a server clock that is set back by more than an
 * hour can repeat fencing tokens of seats that were cleaned up.
 *
 * The table and the functions it calls come from `./schema.ts`; create them once with its `migrate()` or
 * with what `schema.ts` prints.
 *
 * @module
 */

import { checkFunction, checkOps, SENDS } from "../kit/check.ts";
import { checkOptions } from "../kit/options.ts";
import type { ApplyOptions, Driver, Guarantees, Op, Outcome } from "../driver.ts";
import { partly } from "../kit/failure.ts";
import { nonces } from "../kit/nonce.ts";
import { outcomesIn } from "./answer.ts";
import { isDeadlock, postgresError } from "./errors.ts";
import { partsOf, rangeOf, requestOf } from "./request.ts";
import { type PostgresQuery, rowsOf, schemaName } from "./send.ts";

export type { PostgresAnswer, PostgresQuery, PostgresRows } from "./send.ts";

/** How the Postgres driver is made. */
export interface PostgresOptions {
  /** The driver's name in messages and traces. Default: `"postgres"`. */
  name?: string | undefined;
  /** The Postgres schema where the table is. Default: `"baton"`. */
  schema?: string | undefined;
}

/** What any PostgreSQL promises as long as it lives; a vendor's transport may promise more. */
const GUARANTEES: Guarantees = {
  consistency: "until-failover",
  clock: "server",
  durability: "disk",
  push: false,
  minTtl: 1,
};

/** So many in a row are not an accident any more. */
const DEADLOCKS = 10;

/**
 * Makes the driver over a function that sends one statement.
 *
 * @example
 * ```ts
 * import { postgres } from "@baton/baton/drivers/postgres";
 * import { Pool } from "pg";
 *
 * const pool = new Pool({ connectionString: "postgresql://localhost/db" });
 * const driver = postgres((text, params) => pool.query(text, params));
 * ```
 * @throws {InvalidArgument} when the query is no function, or the schema is not a plain lower-case name.
 */
export function postgres(query: PostgresQuery, options: PostgresOptions = {}): Driver {
  checkFunction("query", query, SENDS);
  checkOptions(options, "name schema");
  const { name = "postgres" } = options;
  const schema = schemaName(options.schema);
  const nonce = nonces();
  const statement = `call ${schema}.apply_3($1, null)`;

  /** Sends operations that share a request, and once more what the server undid to end a deadlock. */
  async function run(ops: readonly Op[], { signal, beforeRequest }: ApplyOptions) {
    for (let deadlocks = 0;; deadlocks++) {
      const request = requestOf(ops, nonce());
      beforeRequest?.();
      try {
        const answer = await query(statement, [request.text], signal);
        return outcomesIn(rowsOf(answer), request);
      } catch (error) {
        if (isDeadlock(error) && deadlocks < DEADLOCKS && !signal?.aborted) continue;
        throw postgresError(name, error, request.text, signal);
      }
    }
  }

  return {
    name,
    guarantees: GUARANTEES,
    async apply(ops, options = {}) {
      checkOps(ops, GUARANTEES.minTtl);
      // Throws where a cursor is not right, before anything is sent.
      for (const op of ops) if (op.op === "list") rangeOf(op);
      options.signal?.throwIfAborted();
      const outcomes: Outcome[] = [];
      for (const part of partsOf(ops)) {
        try {
          outcomes.push(...await run(part, options));
        } catch (error) {
          throw outcomes.length > 0 ? partly(error) : error;
        }
      }
      return outcomes;
    },
  };
}

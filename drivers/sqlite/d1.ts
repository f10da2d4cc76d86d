/**
 * Leases in Cloudflare D1, over a Worker's own binding: one call of `batch()` for each `apply`, which D1 runs
 * in one transaction. There is no address and no credential.
 *
 * D1's clock decides when a lease ends. Every batch goes to the primary (`withSession("first-primary")`),
 * never to a read replica. What it does **not** promise: an aborted call only stops waiting, because the
 * binding takes no signal, so its outcome is unknown.
 *
 * Cloudflare limits the queries of one invocation: 50 on the free plan, 1,000 on the paid one. Each statement
 * of a batch is taken for one of them, so the option `subrequests` of a coordinator counts statements here: a
 * renewal of any number of leases and a look are one, a release is two, an acquisition three or, once in 32
 * times, four.
 *
 * The tables come from `./schema.ts`; create them once with its `migrate(d1Query(env.DB))`, or with what
 * `npx baton-schema sqlite` prints and `wrangler d1 execute` runs.
 *
 * @module
 */

import type { CoordinationError } from "../../errors.ts";
import type { Driver, Guarantees } from "../driver.ts";
import { unlessAborted } from "../kit/aborts.ts";
import { checkFunction } from "../kit/check.ts";
import { failure } from "../kit/failure.ts";
import { checkOptions } from "../kit/options.ts";
import { textOf } from "../kit/plain_words.ts";
import { checkGiven } from "../kit/slips.ts";
import { batchDriver } from "./batch.ts";
import { verdictOn } from "./refusals.ts";
import type { SqliteBatch, SqliteRows } from "./send.ts";

export type { SqliteAnswer, SqliteBatch, SqliteRows, SqliteStatement } from "./send.ts";

/** The part of a D1 statement that Baton needs. */
export interface D1Statement {
  /** Gives it its parameters. */
  bind(...values: unknown[]): D1Statement;
}

/** The part of a D1 database, or of a session on it, that Baton needs. */
export interface D1Session {
  /** Makes a statement. */
  prepare(sql: string): D1Statement;
  /** Runs statements in one transaction. */
  batch(statements: D1Statement[]): Promise<readonly { results?: unknown }[]>;
}

/** A D1 database, as a Worker's binding `env.DB` is one. */
export interface D1Database extends D1Session {
  /** A session on it; D1 from before 2025, which had no read replicas, lacks it. */
  withSession?(constraint: "first-primary"): D1Session;
}

/** How the D1 driver is made. */
export interface D1Options {
  /** The driver's name in messages and traces. Default: `"d1"`. */
  name?: string | undefined;
}

const NAME = "d1";

const GUARANTEES: Guarantees = {
  consistency: "linearizable",
  clock: "server",
  durability: "replicas",
  push: false,
  minTtl: 1,
};

/**
 * Makes the driver over a binding.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { d1, type D1Database } from "@baton/baton/drivers/d1";
 *
 * declare const env: { DB: D1Database };
 * const baton = new Coordinator(d1(env.DB));
 * ```
 * @throws {InvalidArgument} when it is no D1 database.
 */
export function d1(database: D1Database, options: D1Options = {}): Driver {
  const send = d1Query(database, options);
  const { name = NAME } = options;
  return batchDriver({ name, guarantees: GUARANTEES, counts: "statement", send });
}

/**
 * What sends statements to D1, for `migrate()` and `migrateSqliteFences()`.
 *
 * @throws {InvalidArgument} when it is no D1 database.
 */
export function d1Query(database: D1Database, options: D1Options = {}): SqliteBatch {
  checkGiven("D1 database", database, "the binding in wrangler.jsonc");
  checkFunction(
    "D1 database's batch",
    database.batch,
    "; give it env.DB, a binding of d1_databases",
  );
  checkOptions(options, "name");
  const { name = NAME } = options;
  return async (statements, signal) => {
    try {
      // A new session each time: later queries of one may be answered by a replica.
      const session = database.withSession?.("first-primary") ?? database;
      const batch = statements.map(({ sql, args }) => session.prepare(sql).bind(...args));
      const answers = await unlessAborted(session.batch(batch), signal);
      return answers.map(({ results }) => ({ rows: results as SqliteRows }));
    } catch (error) {
      throw d1Error(name, error, statements.map(({ args }) => args.join()).join(), signal);
    }
  };
}

/** An error as Baton throws it; what was `sent` may be in it, and is not repeated. */
function d1Error(
  name: string,
  error: unknown,
  sent: string,
  signal: AbortSignal | undefined,
): CoordinationError {
  return failure(name, error, () => {
    const [, message = "", code] =
      /^(?:D1_ERROR: )?(.*?)(?:: (SQLITE_\w+))?$/s.exec(textOf(error)) ?? [];
    const verdict = verdictOn({ message, code }, sent);
    // It waited for its turn, and did not get it.
    const overloaded = message.startsWith("D1 DB is overloaded");
    return { ...verdict, ...overloaded && { refused: true, mayPass: true } };
  }, signal);
}

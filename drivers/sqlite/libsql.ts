/**
 * Leases in Turso, and in any libSQL, through a client that you already have, such as one of
 * `@libsql/client`. It promises what `./turso.ts` does, and needs the same tables.
 *
 * What it does **not** promise: an abort only stops waiting where the client takes no signal, so the outcome
 * is unknown.
 *
 * @module
 */

import type { Driver } from "../driver.ts";
import { unlessAborted } from "../kit/aborts.ts";
import { checkFunction, SENDS } from "../kit/check.ts";
import { failure } from "../kit/failure.ts";
import { checkOptions } from "../kit/options.ts";
import { slipIn } from "../kit/slips.ts";
import { batchDriver } from "./batch.ts";
import { LIBSQL } from "./guarantees.ts";
import { verdictOn } from "./refusals.ts";
import type { SqliteBatch } from "./send.ts";

export type { SqliteAnswer, SqliteBatch, SqliteRows, SqliteStatement } from "./send.ts";

/** How a driver over a client is made. */
export interface LibsqlOptions {
  /** The driver's name in messages and traces. Default: `"libsql"`. */
  name?: string | undefined;
}

/**
 * Makes the driver over a function that sends statements in one transaction, such as one that calls
 * `@libsql/client`.
 *
 * @example
 * ```ts ignore
 * const driver = libsql((statements) => client.batch(statements, "write"));
 * ```
 * @throws {InvalidArgument} when it is no function.
 */
export function libsql(send: SqliteBatch, options: LibsqlOptions = {}): Driver {
  checkFunction("batch", send, SENDS);
  checkOptions(options, "name");
  const { name = "libsql" } = options;
  return batchDriver({
    name,
    guarantees: LIBSQL,
    counts: "batch",
    async send(statements, signal) {
      try {
        return await unlessAborted(send(statements, signal), signal);
      } catch (error) {
        const slip = slipIn("batch", error);
        if (slip) throw slip;
        const sent = statements.map(({ args }) => args.join()).join();
        throw failure(name, error, () => verdictOn(error, sent), signal);
      }
    },
  });
}

/**
 * Leases in a SQLite file. They are durable and need no server, for any number of processes on one
 * host.
 *
 * It does **not** coordinate between hosts: a file on a network share is not safe, because SQLite's
 * locks are not safe there. The host's wall clock decides when a lease ends. A write takes about a
 * millisecond; a process that is stopped in the middle of one holds up the others until it goes on.
 *
 * If the file is deleted or replaced while it is open, the next request writes nothing and throws
 * `ConnectionError`. The request after that uses the file that is there then, in which nothing of
 * the old one is held. A coordinator repeats a request by itself, so `lease.confirm()` throws
 * `LeaseLost`. The same holds for the files `-wal` and `-shm` beside it. Where a folder does not say
 * when it changed, as on some file systems, it can take a second until a request notices. On
 * Windows nobody can delete or replace a file that SQLite has open.
 *
 * If the host's clock is set back by an hour, leases that are not renewed live an hour longer. This
 * is safe, but others wait longer. Leases that are held are renewed by the new clock.
 * `lock.break()` frees what a crashed process left.
 *
 * It needs `node:sqlite`: Deno, or Node 22.13 and later.
 *
 * @module
 */

import type { Driver, Guarantees } from "../driver.ts";
import { checkOps, refuse } from "../kit/check.ts";
import { checkOptions } from "../kit/options.ts";
import { absolute, pathOf } from "./files.ts";
import { SqliteTable } from "./table.ts";

/** How the SQLite driver is made. */
export interface SqliteOptions {
  /**
   * How long a request waits for another process's write, in ms. Default: 1,000. The wait blocks this
   * process, so keep it well under the ttl.
   */
  busyTimeout?: number | undefined;
  /**
   * The clock that decides when a lease ends, in ms since the epoch. It must be the same for all
   * processes. Default: the host's, `Date.now`.
   */
  now?: (() => number) | undefined;
}

/** A driver that holds a file open. */
export interface SqliteDriver extends Driver, Disposable {
  /** Closes the file; a later `apply` opens it again. */
  close(): void;
  /** As {@link SqliteDriver.close}. */
  [Symbol.asyncDispose](): Promise<void>;
}

const GUARANTEES: Guarantees = {
  consistency: "linearizable",
  clock: "host",
  durability: "disk",
  push: false,
  minTtl: 1,
};

/**
 * Makes the driver for a file. The file and its tables are created at the first use.
 *
 * @param file A path, or a `file:` URL, absolute or relative (`file:./baton.db`).
 * @example
 * ```ts
 * import { sqlite } from "@baton/baton/drivers/sqlite";
 *
 * using driver = sqlite("file:./baton.db");
 * ```
 * @throws {InvalidArgument} when `file` is not a path or a `file:` URL.
 */
export function sqlite(file: string | URL, options: SqliteOptions = {}): SqliteDriver {
  const path = pathOf(file);
  checkOptions(options, "busyTimeout now");
  const { busyTimeout = 1_000, now = Date.now } = options;
  if (!Number.isSafeInteger(busyTimeout) || busyTimeout < 0) {
    refuse("busyTimeout", `${busyTimeout} is not a whole number of milliseconds`);
  }
  let table: SqliteTable | undefined;
  let place: string | undefined;
  const close = (): void => {
    table?.close();
    table = undefined;
  };
  return {
    name: "sqlite",
    guarantees: GUARANTEES,
    // deno-lint-ignore require-await -- errors are rejections, never thrown by the call itself
    async apply(ops, { signal, beforeRequest } = {}) {
      checkOps(ops, GUARANTEES.minTtl);
      signal?.throwIfAborted();
      if (ops.length === 0) return [];
      beforeRequest?.();
      table ??= SqliteTable.open({ path: place ??= absolute(path), busyTimeout, now });
      try {
        return table.run(ops);
      } finally {
        if (table.replaced) close();
      }
    },
    close,
    [Symbol.dispose]: close,
    [Symbol.asyncDispose]: () => Promise.resolve(close()),
  };
}

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
 * Deno, Bun, and Node 22.13 and later bring the SQLite that it needs. On older versions of Node give it
 * better-sqlite3, by the option {@link SqliteOptions.open}.
 *
 * @module
 */

import type { Driver, Guarantees } from "../driver.ts";
import { checkFunction, checkOps, refuse } from "../kit/check.ts";
import { checkOptions } from "../kit/options.ts";
import { absolute, pathOf } from "./files.ts";
import { openBuiltin } from "./builtin.ts";
import type { SqliteDatabase } from "./client.ts";
import { OpenDatabase } from "./database.ts";

export type { SqliteDatabase, SqliteStatement } from "./client.ts";
export type { SqlValue } from "./table.ts";

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
  /**
   * Opens the file, with a client that answers at once. Default: the runtime's own, `node:sqlite` or
   * `bun:sqlite`.
   *
   * @example On Node 20, with `npm install better-sqlite3`:
   * ```ts ignore
   * import Database from "better-sqlite3";
   *
   * const driver = sqlite("file:./baton.db", { open: (path) => new Database(path) });
   * ```
   */
  open?: ((path: string) => SqliteDatabase) | undefined;
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
  checkOptions(options, "busyTimeout now open");
  const { busyTimeout = 1_000, now = Date.now, open = openBuiltin } = options;
  checkFunction("open", open);
  if (!Number.isSafeInteger(busyTimeout) || busyTimeout < 0) {
    refuse("busyTimeout", `${busyTimeout} is not a whole number of milliseconds`);
  }
  let database: OpenDatabase | undefined;
  let place: string | undefined;
  const close = (): void => {
    database?.close();
    database = undefined;
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
      database ??= OpenDatabase.open({ path: place ??= absolute(path), open, busyTimeout, now });
      try {
        return database.run(ops);
      } finally {
        if (database.replaced) close();
      }
    },
    close,
    [Symbol.dispose]: close,
    [Symbol.asyncDispose]: () => Promise.resolve(close()),
  };
}

/**
 * Leases in a SQLite file: durable, without a server, for any number of processes on one host.
 *
 * It does **not** coordinate between hosts: a file on a network share is not safe, for SQLite's
 * locks are not. Life is decided by the host's wall clock. A process that is stopped in the middle
 * of its write, a matter of a millisecond, holds up the others until it goes on.
 *
 * A file that was deleted or replaced while it was open is noticed at the next request, which throws
 * `ConnectionError` and wrote nothing. The request after it uses the file that is there then, where
 * nothing of the old one is held. A coordinator sends twice by itself, so `lease.confirm()` throws
 * `LeaseLost`. The same holds for the files `-wal` and `-shm` beside it. On Windows nobody can delete or
 * replace a file that SQLite has open.
 *
 * If the host's clock is set back, by an hour say, leases that are not renewed live that hour longer:
 * nobody else gets them before, which is safe and takes long. Those that are held are renewed by the new
 * clock. `lock.break()` frees what a crashed process left.
 *
 * Needs `node:sqlite`: Deno, or Node 22.13 and later.
 *
 * @module
 */

import type { Driver, Guarantees } from "../driver.ts";
import { checkOps, refuse } from "../kit/check.ts";
import { absolute, pathOf } from "./files.ts";
import { SqliteTable } from "./table.ts";

/** How the SQLite driver is made. */
export interface SqliteOptions {
  /**
   * How long a request waits for another process's write, in ms. Default: 1,000. The wait blocks this
   * process, so keep it well under the ttl.
   */
  busyTimeout?: number | undefined;
  /** The clock that decides life, in ms since the epoch: the host's, the same for all processes. */
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
 * Makes the driver over a file, which is created, with its tables, at the first use.
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
  const { busyTimeout = 1_000, now = Date.now } = options;
  if (!Number.isSafeInteger(busyTimeout) || busyTimeout < 0) {
    refuse("busyTimeout", `${busyTimeout} is not whole milliseconds`);
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

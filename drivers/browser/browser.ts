/**
 * Leases among the tabs and workers of one origin in one browser, in its IndexedDB. It needs no server
 * and no network.
 *
 * It does **not** coordinate between browsers, profiles, devices or origins, and a private window is a
 * browser of its own. A frame of another site has a store of its own, too. The leases are data of the
 * site: when its user clears them, or the browser does because the disk is full, nothing that was held is
 * held any more, and a tab that held it learns so at its next request. `navigator.storage.persist()` asks
 * the browser not to do that by itself. It does not push: a released lock is noticed when those who wait
 * ask again.
 *
 * **A tab that nobody looks at runs slowly.** Browsers run the timers of a hidden page once a second, and
 * after five minutes once a minute, so it renews its leases late. Use a ttl of at least three minutes in a
 * page, or hold leases in a worker, whose timers go on. Browsers also freeze tabs, and keep pages that the
 * user has left in memory: nothing runs there. A lease that ends meanwhile is lost, which its holder learns
 * when the page runs again. If a page is frozen in the middle of a transaction, which takes about a
 * millisecond, the others wait until the browser ends it; Chromium does so after a minute.
 *
 * @module
 */

import type { Driver, Guarantees, Op, Outcome } from "../driver.ts";
import { unlessAborted } from "../kit/aborts.ts";
import { checkOps, checkText } from "../kit/check.ts";
import { checkOptions } from "../kit/options.ts";
import { step } from "../kit/step.ts";
import { NamedDatabase, STORE } from "./database.ts";
import { failed } from "./errors.ts";
import type { Database } from "./idb.ts";
import { BrowserTable } from "./table.ts";

/** How the driver is made. */
export interface BrowserOptions {
  /**
   * The clock that decides when a lease ends, in ms since the epoch. It must be the same for all tabs
   * and workers. Default: the host's, `Date.now`.
   */
  now?: (() => number) | undefined;
}

/** A driver that holds a database open. */
export interface BrowserDriver extends Driver, Disposable {
  /** Closes the database; a later `apply` opens it again. */
  close(): void;
  /** As {@link BrowserDriver.close}. */
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
 * Makes the driver. The database is made at the first use.
 *
 * @param name Tabs and workers of one origin that give the same name share the leases. At most 64 bytes.
 * @example
 * ```ts
 * import { browser } from "@baton/baton/drivers/browser";
 *
 * using driver = browser("my-app");
 * ```
 * @throws {InvalidArgument} when the name or an option cannot be right.
 */
export function browser(name: string, options: BrowserOptions = {}): BrowserDriver {
  checkText("name", name, 1, 64);
  checkOptions(options, "now");
  const { now = Date.now } = options;
  const place = new NamedDatabase(`baton:${name}`);
  const close = (): void => place.close();
  return {
    name: "browser",
    guarantees: GUARANTEES,
    async apply(ops, { signal, beforeRequest } = {}) {
      checkOps(ops, GUARANTEES.minTtl);
      signal?.throwIfAborted();
      if (ops.length === 0) return [];
      // Nothing is sent before it is open.
      const database = await unlessAborted(place.open(), signal);
      beforeRequest?.();
      try {
        return await transact(database, ops, now, signal);
      } catch (error) {
        // The connection may be dead: browsers that stop pages in the background lose it at times, and do
        // not say so. The next call opens another one.
        close();
        throw error;
      }
    },
    close,
    [Symbol.dispose]: close,
    [Symbol.asyncDispose]: () => Promise.resolve(close()),
  };
}

/** A transaction that was aborted by nobody here, and has no error. */
const ENDED = { name: "AbortError", message: "the browser ended the transaction" };

/** Runs a batch. */
async function transact(
  database: Database,
  ops: readonly Op[],
  now: () => number,
  signal: AbortSignal | undefined,
): Promise<Outcome[]> {
  let committing = false;
  let undo = (): void => {};
  try {
    // Also for looks. In a transaction that only reads, a browser may answer from an older state, which
    // a renewal that was acknowledged since is not in. On the disk, because a lease is a promise.
    const transaction = database.transaction(STORE, "readwrite", { durability: "strict" });
    undo = () => transaction.abort();
    const written = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? ENDED);
    });
    // Whatever fails first is reported.
    written.catch(() => {});
    const work = async (): Promise<Outcome[]> => {
      const table = new BrowserTable(transaction.objectStore(STORE), now);
      await table.begin(ops);
      const outcomes: Outcome[] = [];
      for (const op of ops) {
        await table.turn(op);
        outcomes.push(step(op, table));
      }
      await table.end();
      committing = true;
      transaction.commit?.();
      await written;
      return outcomes;
    };
    return await unlessAborted(work(), signal);
  } catch (error) {
    try {
      undo();
    } catch {
      // It has ended.
    }
    throw failed(error, committing, signal);
  }
}

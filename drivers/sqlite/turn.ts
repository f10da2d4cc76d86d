/**
 * Waiting until another process has written.
 *
 * @module
 */

import { isBusy } from "./errors.ts";

const cell = new Int32Array(new SharedArrayBuffer(4));

/**
 * Runs a transaction, and runs it again while another process is writing, for up to `limit` ms. It
 * blocks, as SQLite's own wait does.
 *
 * SQLite's own wait pauses longer each time, up to 100 ms, so those that came later go first: of four
 * processes that write all the time one got 1 turn in 6 s, another 746. Here all pause alike, however
 * long they have waited: 815 to 1,414 turns, more than twice as many in all.
 */
export function inTurn<T>(limit: number, transaction: () => T): T {
  const start = performance.now();
  for (;;) {
    try {
      return transaction();
    } catch (error) {
      if (!isBusy(error) || performance.now() - start >= limit) throw error;
    }
    Atomics.wait(cell, 0, 0, 0.1 + Math.random() * 0.3);
  }
}

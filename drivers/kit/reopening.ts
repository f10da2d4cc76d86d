/**
 * Drivers that open something when they are used, be it after they were disposed of.
 *
 * @module
 */

import type { Driver } from "../driver.ts";

/** A driver that keeps open what it has opened until it is disposed of, and then no longer than a call. */
export interface Reopening extends Driver {
  /** Closes what is open. */
  [Symbol.asyncDispose](): Promise<void>;
  /** From now on it keeps open what it opens. */
  resume(): void;
}

/**
 * Disposes of the driver also after calls that end later: a call that was under way would open a connection
 * again, which nobody would close, and so would one that gives back what the first was granted.
 */
export function reopening(driver: Driver & AsyncDisposable): Reopening {
  const { name, guarantees } = driver;
  let disposed = false;
  let calls = 0;
  const dispose = async (): Promise<void> => await driver[Symbol.asyncDispose]();
  return {
    name,
    guarantees,
    async apply(ops, options) {
      calls++;
      try {
        return await driver.apply(ops, options);
      } finally {
        // Whatever becomes of it, the call has its outcome.
        if (--calls === 0 && disposed) await dispose().catch(() => {});
      }
    },
    resume: () => void (disposed = false),
    async [Symbol.asyncDispose]() {
      disposed = true;
      await dispose();
    },
  };
}

/**
 * Drivers that answer one operation after the other, so that a bug can be put in front of each.
 *
 * @module
 */

import type { Driver, Outcome, SeatOp } from "../../drivers/driver.ts";
import { checkOps } from "../../drivers/kit/check.ts";

/** Answers one operation; `run` is the sound driver. */
export type Step = (op: SeatOp, run: (op: SeatOp) => Promise<Outcome>) => Promise<Outcome>;

/** Puts a step in front of a sound driver. What the step leaves alone stays sound. */
export function eachOp(inner: Driver, step: Step): Driver {
  const run = async (op: SeatOp) => (await inner.apply([op]))[0] as Outcome;
  return {
    ...inner,
    async apply(ops, { signal } = {}) {
      checkOps(ops, inner.guarantees.minTtl);
      signal?.throwIfAborted();
      const outcomes: Outcome[] = [];
      for (const op of ops as readonly SeatOp[]) outcomes.push(await step(op, run));
      return outcomes;
    },
  };
}

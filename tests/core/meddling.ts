/** A wire on which others are always a little quicker. */

import type { Driver, Op, Outcome } from "../../drivers/driver.ts";

/** Runs `before` ahead of each request and `after` once it was answered, with what was asked. */
export function meddling(
  driver: Driver,
  { before = () => {}, after = () => {} }: {
    before?: (ops: readonly Op[]) => unknown;
    after?: (ops: readonly Op[]) => unknown;
  },
): Driver {
  return {
    ...driver,
    async apply(ops, options): Promise<readonly Outcome[]> {
      await before(ops);
      const outcomes = await driver.apply(ops, options);
      await after(ops);
      return outcomes;
    },
  };
}

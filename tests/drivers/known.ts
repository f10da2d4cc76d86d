/**
 * Operations on servers that may not answer in time: their outcomes, once they are known.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver, Op, Outcome } from "../../drivers/driver.ts";
import { isUnknown } from "../../errors.ts";
import { until } from "../servers/process.ts";

/** What is asked of servers of a kind. */
export interface Asking {
  /** The outcome; `undefined` when it is unknown, or the error is excused. */
  outcomeOf(driver: Driver, op: Op, signal?: AbortSignal): Promise<Outcome | undefined>;
  /** The outcome, for which the operation is sent again until it is known, as the core does. */
  known(driver: Driver, op: Op): Promise<Outcome>;
}

/**
 * @param patience How long each of several tries is waited for, in ms.
 * @param isExcused Which definite errors are as good as none.
 */
export function asking(
  patience: number,
  isExcused: (error: unknown) => boolean = () => false,
): Asking {
  const outcomeOf: Asking["outcomeOf"] = async (driver, op, signal) => {
    try {
      return (await driver.apply([op], { signal }))[0];
    } catch (error) {
      assert.ok(isUnknown(error) || isExcused(error), `${error}`);
      return undefined;
    }
  };
  return {
    outcomeOf,
    async known(driver, op) {
      let outcome: Outcome | undefined;
      await until("there is an answer", async () => {
        outcome = await outcomeOf(driver, op, AbortSignal.timeout(patience));
        return outcome !== undefined;
      });
      return outcome!;
    },
  };
}

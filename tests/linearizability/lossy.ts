/**
 * A driver in this process as if it were far away: calls take their time, overtake each other, and
 * some requests and replies are lost on the way.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { UnknownOutcome } from "../../errors.ts";
import type { Driver } from "../../drivers/driver.ts";
import type { Random } from "./random_history.ts";

/** How many of a hundred calls each fate meets. */
export interface Losses {
  /** Never gets there. */
  readonly requests: number;
  /** Is done, and nobody hears of it. */
  readonly replies: number;
  /** Is done long after its sender was told that nobody knows. */
  readonly late: number;
}

/** The driver far away, and what is still on its way to it. */
export interface Distant {
  readonly driver: Driver;
  /** Waits for the late ones. */
  settled(): Promise<void>;
}

/** Moves a driver away. */
export function distant(inner: Driver, losses: Losses, random: Random): Distant {
  const late: Promise<unknown>[] = [];
  /** Lets others go first: some turns, always as many for the same dice. */
  const pass = async (most: number): Promise<void> => {
    for (let turns = Math.floor(random() * most); turns > 0; turns--) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  };
  const lost = (what: string) => new UnknownOutcome(`the ${what} was lost, as planned`);
  const driver: Driver = {
    ...inner,
    async apply(ops, options) {
      const dice = random() * 100;
      await pass(5);
      if (dice < losses.requests) throw lost("request");
      if (dice < losses.requests + losses.late) {
        late.push(pass(60).then(() => inner.apply(ops, options)));
        throw lost("reply");
      }
      const outcomes = await inner.apply(ops, options);
      await pass(5);
      if (dice > 100 - losses.replies) throw lost("reply");
      return outcomes;
    },
  };
  return { driver, settled: async () => void await Promise.all(late) };
}

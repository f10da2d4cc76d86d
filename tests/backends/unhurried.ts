/**
 * A clock of the test's beside a wire that takes real time.
 *
 * @module
 */

import type { Driver } from "../../drivers/driver.ts";
import { wrapped } from "../../drivers/kit/wrapped.ts";
import type { Backend as Place } from "../conformance/mod.ts";

/** The same driver, which tells how many more of its calls are under way, or how many fewer. */
export function counted(inner: Driver, count: (by: 1 | -1) => void): Driver {
  const apply: Driver["apply"] = (ops, options) => {
    count(1);
    return inner.apply(ops, options).finally(() => count(-1));
  };
  return { ...wrapped(inner), apply };
}

/**
 * The same place, but time passes in it only when all that is under way has been answered, or is frozen. Its
 * clock does not show how long an answer takes, so on a busy machine it would run ahead.
 */
export function unhurried(place: Place): Place {
  let underWay = 0;
  let frozen = 0;
  return {
    ...place,
    async connect() {
      return counted(await place.connect(), (by) => underWay += by);
    },
    async pass(ms) {
      do await new Promise((resolve) => setTimeout(resolve, 0)); while (underWay > frozen);
      await place.pass(ms);
    },
    ...place.freeze && {
      freeze(after: number) {
        const own = place.freeze!(after);
        let held = 0;
        let over = false;
        own.frozen.then(() => frozen += held = over ? 0 : 1);
        return {
          frozen: own.frozen,
          end() {
            frozen -= held;
            [held, over] = [0, true];
            own.end();
          },
        };
      },
    },
  };
}

/**
 * Backends at which nobody waits.
 *
 * @module
 */

import type { Case } from "./backend.ts";
import { apply, granted, isOutcome, lists, released } from "./expect.ts";
import { acquire, ifHeld, ifVacant, inspect, release } from "./operations.ts";
import { law } from "./scene.ts";
import { PATIENT, refusedTo, send } from "./waiting.ts";

/** Cases for backends without `guarantees.push`. */
export const noPushCases: readonly Case[] = [
  law(14, "without push, patience changes nothing", async (on) => {
    const mine = acquire(on.name(), PATIENT);
    const lease = await granted(on.driver, mine);
    for (
      const [op, inTheWay] of [
        [acquire(mine.resource, PATIENT), [lease]],
        [acquire(on.name(), { ...PATIENT, guard: ifVacant(mine.resource) }), [lease]],
        [acquire(on.name(), { ...PATIENT, guard: ifHeld(on.name()) }), []],
      ] as const
    ) {
      await refusedTo(on, await send(on, on.other, [op]), inTheWay, 2);
    }
    isOutcome((await apply(on.other, [mine]))[0], true, [lease]);
    await released(on.driver, release(mine));
    await on.units(1);
    await lists(on.driver, inspect(mine.resource), []);
  }),
];

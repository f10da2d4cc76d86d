/**
 * Who gets a vacant seat, who is told what otherwise, and how long it lasts.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire, Op } from "../../drivers/driver.ts";
import { MAX_TTL } from "../../drivers/kit/check.ts";
import type { Case } from "./backend.ts";
import { apply, granted, isGranted, lists, refused, released, renewed } from "./expect.ts";
import {
  acquire,
  breakSeat,
  ifHeld,
  ifVacant,
  inspect,
  list,
  page,
  release,
  renew,
} from "./operations.ts";
import { law, outlive, overrunOf, untilVacant } from "./scene.ts";

type Seven = [Acquire, Acquire, Acquire, Acquire, Acquire, Acquire, Acquire];

/** Cases about `acquire` and the life of a lease. */
export const acquireCases: readonly Case[] = [
  law(
    3,
    "a vacant seat is granted, with the id, the value and at most the ttl left",
    async (on) => {
      const mine = acquire(on.name(), { seat: "s", value: "v" });
      const lease = await granted(on.driver, mine);
      await lists(on.other, inspect(mine.resource, "s"), [lease]);
    },
  ),
  law(7, "a refused acquire lists the holder with token, value and time left", async (on) => {
    const mine = acquire(on.name(), { value: "who I am" });
    const lease = await granted(on.driver, mine);
    await refused(on.other, acquire(mine.resource, { value: "another" }), [lease]);
  }),
  law(3, "a refused acquire changes nothing, then or later", async (on) => {
    const mine = acquire(on.name());
    const theirs = acquire(mine.resource, { value: "another" });
    const lease = await granted(on.driver, mine);
    await refused(on.other, theirs, [lease]);
    await refused(on.other, renew(theirs), []);
    await refused(on.other, release(theirs), [lease]);
    await lists(on.driver, inspect(mine.resource), [lease]);
    await released(on.driver, release(mine));
    // A loser queued by the backend would hold the seat now without knowing.
    await lists(on.driver, inspect(mine.resource), []);
  }),
  law(3, "seats are taken independently, and so are resources", async (on) => {
    const [here, there] = [on.name(), on.name()];
    const one = await granted(on.driver, acquire(here, { seat: "1" }));
    const two = await granted(on.driver, acquire(here, { seat: "2" }));
    const three = await granted(on.other, acquire(there, { seat: "1" }));
    await released(on.driver, breakSeat({ resource: here, seat: "1" }));
    await lists(on.driver, inspect(here), [two]);
    await lists(on.driver, inspect(there), [three]);
    assert.notEqual(one.id, three.id);
  }),
  law(2, "a lease lives until its ttl has passed, and then ends with nobody's help", async (on) => {
    const mine = acquire(on.name(), { ttl: on.short });
    const lease = await granted(on.driver, mine);
    await on.units(2);
    await lists(on.other, inspect(mine.resource), [lease]);
    await on.units(2);
    await untilVacant(on, mine, 2);
    await lists(on.driver, inspect(mine.resource), []);
  }),
  law(
    2,
    "every operation finds a lease until its end, and none finds it after that",
    async (on) => {
      const { tick } = on.backend;
      const leases = Array.from({ length: 7 }, () => acquire(on.name(), { ttl: on.short }));
      const [seen, renewing, ending, wanted, late, gone, taken] = leases as Seven;
      for (const [n, each] of (await apply(on.driver, leases)).entries()) {
        isGranted(
          each,
          leases[n]!,
        );
      }
      /** In one request: how many leases each look shows, and which operations are done. */
      const found = async (...ops: Op[]) => {
        const outcomes = await apply(on.other, [
          inspect(seen.resource),
          page(seen.resource, 9),
          list(seen.resource, 9),
          ...ops,
          acquire(on.name(), { guard: ifHeld(seen.resource, "") }),
          acquire(on.name(), { guard: ifVacant(seen.resource) }),
        ]);
        return outcomes.map(({ ok, leases }, n) => n < 3 ? leases.length : ok);
      };
      await on.backend.pass(on.short - tick);
      assert.deepEqual(
        await found(renew(renewing), release(ending), acquire(wanted.resource)),
        [1, 1, 1, true, true, false, true, false],
      );
      await on.backend.pass(tick);
      // On a clock that stands still nothing is late.
      if (tick > 1 || overrunOf(on) > 1) await untilVacant(on, seen, 2);
      assert.deepEqual(
        await found(renew(late), release(gone), acquire(taken.resource)),
        [0, 0, 0, false, false, true, false, true],
      );
    },
  ),
  law(2, "a seat whose lease has ended is vacant to an acquire too", async (on) => {
    const mine = acquire(on.name(), { ttl: on.short });
    const theirs = acquire(mine.resource);
    const lease = await granted(on.driver, mine);
    await refused(on.other, theirs, [lease]);
    await outlive(on);
    // Not inspected before: a driver that only clears when looked at would pass that way.
    await granted(on.other, theirs);
  }),
  law(2, "a lease of ttl Infinity does not end, and says so", async (on) => {
    const mine = acquire(on.name(), { ttl: Infinity });
    let lease = await granted(on.driver, mine);
    assert.equal(lease.left, Infinity);
    await outlive(on);
    await lists(on.other, inspect(mine.resource), [lease]);
    await refused(on.other, acquire(mine.resource), [lease]);
    lease = await renewed(on.driver, renew(mine, "renewed"), lease);
    await outlive(on);
    await lists(on.other, inspect(mine.resource), [lease]);
    await released(on.other, breakSeat(mine));
    await lists(on.driver, inspect(mine.resource), []);
  }),
  law(
    2,
    "a finite lease after an endless one ends, and the other way round does not",
    async (on) => {
      const endless = acquire(on.name(), { ttl: Infinity });
      const brief = acquire(endless.resource, { ttl: on.short });
      await granted(on.driver, endless);
      await released(on.driver, release(endless));
      await granted(on.driver, brief);
      await on.units(4);
      await untilVacant(on, brief, 2);
      const again = acquire(endless.resource, { ttl: Infinity });
      const lease = await granted(on.driver, again);
      await outlive(on);
      await lists(on.other, inspect(brief.resource), [lease]);
      await released(on.driver, release(again));
    },
  ),
  law(2, "the shortest ttl the driver claims and the longest finite one are kept", async (on) => {
    const { minTtl } = on.driver.guarantees;
    const brief = acquire(on.name(), { ttl: minTtl });
    const lasting = acquire(on.name(), { ttl: MAX_TTL });
    await granted(on.driver, brief);
    const lease = await granted(on.driver, lasting);
    await lists(on.driver, inspect(lasting.resource), [lease]);
    await on.backend.pass(minTtl);
    await untilVacant(on, brief, 4);
    await released(on.driver, release(lasting));
  }),
  law(9, "a handle remembers nothing: each sees at once what another did", async (on) => {
    const resource = on.name();
    for (let round = 0; round < 20; round++) {
      const [mine, theirs] = [acquire(resource), acquire(resource)];
      const lease = await granted(on.driver, mine);
      await lists(on.other, inspect(resource), [lease]);
      await released(on.other, breakSeat(mine));
      await refused(on.driver, renew(mine), []);
      const successor = await granted(on.other, theirs);
      await refused(on.driver, mine, [successor]);
      await released(on.other, release(theirs));
      await lists(on.driver, inspect(resource), []);
    }
  }),
];

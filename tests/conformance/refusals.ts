/**
 * Which of several reasons a refusal names: the occupant first, then the guard.
 *
 * @module
 */

import type { Case } from "./backend.ts";
import { bySeat, granted, lists, refused } from "./expect.ts";
import { acquire, breakSeat, ifHeld, ifVacant, inspect, release } from "./operations.ts";
import { law } from "./scene.ts";

/** Cases about what a refusal lists. */
export const refusalCases: readonly Case[] = [
  law(7, "an acquire refused by occupant and guard alike lists the occupant alone", async (on) => {
    const holder = acquire(on.name(), { value: "occupant" });
    const blocker = acquire(on.name(), { value: "blocker" });
    const occupant = await granted(on.driver, holder);
    const blocking = await granted(on.driver, blocker);
    for (const guard of [ifVacant(blocker.resource), ifVacant(blocker.resource, "")]) {
      await refused(on.other, acquire(holder.resource, { guard }), [occupant]);
      await refused(on.other, acquire(on.name(), { guard }), [blocking]);
    }
    for (const guard of [ifHeld(on.name()), ifHeld(on.name(), "")]) {
      await refused(on.other, acquire(holder.resource, { guard }), [occupant]);
    }
  }),
  law(7, "an occupied seat is refused although the guard holds", async (on) => {
    const holder = acquire(on.name());
    const occupant = await granted(on.driver, holder);
    const guards = [ifVacant(on.name()), ifVacant(on.name(), ""), ifHeld(holder.resource)];
    for (const guard of guards) {
      await refused(on.other, acquire(holder.resource, { guard }), [occupant]);
    }
  }),
  law(
    7,
    "an acquire whose guard wants a vacant seat held is refused with an empty list",
    async (on) => {
      const resource = on.name();
      await granted(on.driver, acquire(resource, { seat: "another" }));
      await refused(on.driver, acquire(on.name(), { guard: ifHeld(resource, "wanted") }), []);
      await refused(on.driver, acquire(on.name(), { guard: ifHeld(on.name()) }), []);
    },
  ),
  law(7, "a guard that wants all seats vacant lists all who are there, by seat", async (on) => {
    const readers = on.name();
    const leases = [];
    for (const seat of ["b", "\uFF5E", "a", "\u{1F600}", ""]) {
      leases.push(await granted(on.driver, acquire(readers, { seat, value: `of ${seat}` })));
    }
    const inTheWay = leases.toSorted(bySeat);
    await refused(on.other, acquire(on.name(), { guard: ifVacant(readers) }), inTheWay);
    const lock = acquire(on.name());
    const lease = await granted(on.driver, lock);
    await refused(on.driver, release(lock, ifVacant(readers)), inTheWay);
    await refused(on.other, breakSeat(lock, ifVacant(readers)), inTheWay);
    await lists(on.driver, inspect(lock.resource), [lease]);
  }),
  law(7, "a guard on one seat lists that one and not its neighbours", async (on) => {
    const readers = on.name();
    await granted(on.driver, acquire(readers, { seat: "1" }));
    const two = await granted(on.driver, acquire(readers, { seat: "2" }));
    await granted(on.driver, acquire(readers, { seat: "3" }));
    await refused(on.other, acquire(on.name(), { guard: ifVacant(readers, "2") }), [two]);
  }),
  law(7, "a release of what is not held is refused before its guard is looked at", async (on) => {
    const nobody = acquire(on.name());
    const held = acquire(on.name());
    const blocker = acquire(on.name());
    const lease = await granted(on.driver, held);
    await granted(on.driver, blocker);
    const guards = [ifVacant(blocker.resource), ifVacant(on.name()), ifHeld(blocker.resource)];
    for (const guard of guards) {
      await refused(on.driver, release(nobody, guard), []);
      await refused(on.driver, breakSeat(nobody, guard), []);
      await refused(on.driver, release({ ...held, id: crypto.randomUUID() }, guard), [lease]);
    }
    await lists(on.driver, inspect(held.resource), [lease]);
  }),
  law(
    7,
    "a refusal by a guard tells value, token and time left of an endless blocker",
    async (on) => {
      const blocker = acquire(on.name(), { ttl: Infinity, value: '{"zone":"fra"}' });
      const blocking = await granted(on.driver, blocker);
      await refused(on.other, acquire(on.name(), { guard: ifVacant(blocker.resource) }), [
        blocking,
      ]);
      await granted(on.driver, acquire(on.name(), { guard: ifHeld(blocker.resource) }));
      await on.other.apply([breakSeat(blocker)]);
    },
  ),
];

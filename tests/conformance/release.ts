/**
 * Ending leases, one's own and others', and looking at those there are.
 *
 * @module
 */

import type { Case } from "./backend.ts";
import { bySeat, granted, lists, refused, released } from "./expect.ts";
import { acquire, breakSeat, inspect, release, renew } from "./operations.ts";
import { law, outlive, untilVacant } from "./scene.ts";

/** Cases about `release` and `inspect`. */
export const releaseCases: readonly Case[] = [
  law(6, "a release makes the seat vacant at once, for everybody", async (on) => {
    const mine = acquire(on.name());
    await granted(on.driver, mine);
    await released(on.driver, release(mine));
    await lists(on.other, inspect(mine.resource), []);
    await granted(on.other, acquire(mine.resource));
  }),
  law(
    6,
    "a release with an id that does not hold the seat does nothing, and says who holds it",
    async (on) => {
      const mine = acquire(on.name());
      const stranger = acquire(mine.resource);
      await refused(on.other, release(stranger), []);
      const lease = await granted(on.driver, mine);
      await refused(on.other, release(stranger), [lease]);
      await lists(on.driver, inspect(mine.resource), [lease]);
    },
  ),
  law(6, "a release with the id of a lease that has expired does nothing", async (on) => {
    const mine = acquire(on.name(), { ttl: on.short });
    await granted(on.driver, mine);
    await outlive(on);
    await refused(on.driver, release(mine), []);
    await lists(on.driver, inspect(mine.resource), []);
  }),
  law(6, "a release without an id breaks whoever holds the seat", async (on) => {
    const mine = acquire(on.name(), { ttl: Infinity });
    await granted(on.driver, mine);
    await released(on.other, breakSeat(mine));
    await lists(on.driver, inspect(mine.resource), []);
    await refused(on.driver, renew(mine), []);
    await refused(on.driver, release(mine), []);
  }),
  law(6, "a break of a vacant seat is refused with nobody listed", async (on) => {
    const brief = acquire(on.name(), { ttl: on.short });
    await refused(on.driver, breakSeat(brief), []);
    await granted(on.driver, brief);
    await outlive(on);
    await refused(on.driver, breakSeat(brief), []);
  }),
  law(7, "an inspect of one seat sees that seat and no other", async (on) => {
    const resource = on.name();
    const empty = await granted(on.driver, acquire(resource, { seat: "" }));
    const one = await granted(on.driver, acquire(resource, { seat: "1" }));
    await lists(on.other, inspect(resource, ""), [empty]);
    await lists(on.other, inspect(resource, "1"), [one]);
    await lists(on.other, inspect(resource, "2"), []);
    await lists(on.other, inspect(on.name()), []);
    await lists(on.other, inspect(on.name(), ""), []);
  }),
  law(7, "an inspect of all seats lists the live ones and only those", async (on) => {
    const resource = on.name();
    const brief = acquire(resource, { seat: "brief", ttl: on.short });
    const gone = acquire(resource, { seat: "gone" });
    const stays = acquire(resource, { seat: "stays" });
    const left = [await granted(on.driver, brief), await granted(on.driver, gone)];
    left.push(await granted(on.driver, stays));
    await lists(on.other, inspect(resource), left);
    await released(on.driver, release(gone));
    await on.units(4);
    await untilVacant(on, brief, 2);
    await lists(on.other, inspect(resource), left.slice(2));
  }),
  law(7, "leases are listed in the order of their seats' UTF-16 code units", async (on) => {
    const resource = on.name();
    // By UTF-8 bytes, or by a dictionary, these would come in another order.
    const seats = ["\u{1F600}", "\uFF5E", "b", "B", "a", "é", "10", "9", "", "z", "ab", "a b"];
    const leases = [];
    for (const seat of seats) leases.push(await granted(on.driver, acquire(resource, { seat })));
    await lists(on.other, inspect(resource), leases.toSorted(bySeat));
  }),
];

/**
 * Conditions on another seat, decided in the same step: when they hold and when they do not.
 *
 * @module
 */

import type { Case } from "./backend.ts";
import { granted, lists, refused, released } from "./expect.ts";
import { acquire, breakSeat, ifHeld, ifVacant, inspect, release } from "./operations.ts";
import { law, outlive } from "./scene.ts";

/** Cases about guards that hold and guards that fail. */
export const guardCases: readonly Case[] = [
  law(
    3,
    "an acquire that wants a seat held is granted only while it is (join a group)",
    async (on) => {
      const group = acquire(on.name(), { seat: "g" });
      const member = acquire(on.name(), { guard: ifHeld(group.resource, "g") });
      await refused(on.driver, member, []);
      await granted(on.other, acquire(group.resource, { seat: "another" }));
      await refused(on.driver, member, []);
      await lists(on.driver, inspect(member.resource), []);
      await granted(on.other, group);
      await granted(on.driver, member);
    },
  ),
  law(3, "an acquire that wants any seat held is granted while at least one is", async (on) => {
    const resource = on.name();
    const mine = acquire(on.name(), { guard: ifHeld(resource) });
    await refused(on.driver, mine, []);
    await granted(on.other, acquire(resource, { seat: "whichever" }));
    await granted(on.driver, mine);
  }),
  law(3, "an acquire that wants a seat vacant is granted only while it is", async (on) => {
    const writer = acquire(on.name());
    const reader = acquire(on.name(), { guard: ifVacant(writer.resource, "") });
    const lease = await granted(on.other, writer);
    await refused(on.driver, reader, [lease]);
    await lists(on.driver, inspect(reader.resource), []);
    await granted(on.other, acquire(writer.resource, { seat: "another" }));
    await released(on.other, release(writer));
    await granted(on.driver, reader);
  }),
  law(3, "an acquire that wants all seats vacant is granted only when the last is", async (on) => {
    const readers = on.name();
    const [one, two] = [acquire(readers, { seat: "1" }), acquire(readers, { seat: "2" })];
    const writer = acquire(on.name(), { guard: ifVacant(readers) });
    const leases = [await granted(on.other, one), await granted(on.other, two)];
    await refused(on.driver, writer, leases);
    await released(on.other, release(one));
    await refused(on.driver, writer, leases.slice(1));
    await released(on.other, release(two));
    await granted(on.driver, writer);
  }),
  law(
    3,
    "a release that wants all seats vacant happens only then (delete if empty)",
    async (on) => {
      const group = acquire(on.name(), { ttl: Infinity });
      const member = acquire(on.name(), { seat: "m" });
      const lease = await granted(on.driver, group);
      const joined = await granted(on.other, member);
      for (const end of [release, breakSeat]) {
        await refused(on.driver, end(group, ifVacant(member.resource)), [joined]);
        await refused(on.driver, end(group, ifVacant(member.resource, "m")), [joined]);
        await lists(on.driver, inspect(group.resource), [lease]);
      }
      await released(on.other, release(member));
      await released(on.driver, breakSeat(group, ifVacant(member.resource)));
      await lists(on.driver, inspect(group.resource), []);
    },
  ),
  law(3, "a release that wants a seat held happens only while it is", async (on) => {
    const mine = acquire(on.name());
    const wanted = acquire(on.name(), { seat: "s" });
    const lease = await granted(on.driver, mine);
    for (const guard of [ifHeld(wanted.resource), ifHeld(wanted.resource, "s")]) {
      await refused(on.driver, release(mine, guard), []);
    }
    await lists(on.driver, inspect(mine.resource), [lease]);
    await granted(on.other, wanted);
    await released(on.driver, release(mine, ifHeld(wanted.resource, "s")));
    await lists(on.driver, inspect(mine.resource), []);
  }),
  law(2, "to a guard a lease that has expired is not there", async (on) => {
    const brief = acquire(on.name(), { ttl: on.short });
    const group = acquire(on.name());
    const member = acquire(on.name(), { guard: ifHeld(brief.resource, "") });
    await granted(on.driver, brief);
    await granted(on.driver, group);
    await outlive(on);
    await refused(on.driver, member, []);
    await refused(on.driver, { ...member, guard: ifHeld(brief.resource) }, []);
    await granted(on.driver, acquire(on.name(), { guard: ifVacant(brief.resource, "") }));
    await released(on.driver, release(group, ifVacant(brief.resource)));
  }),
  law(3, "a guard may look at other seats of the same resource", async (on) => {
    const resource = on.name();
    const first = acquire(resource, { seat: "1", guard: ifVacant(resource) });
    const lease = await granted(on.driver, first);
    await refused(on.other, acquire(resource, { seat: "2", guard: ifVacant(resource) }), [lease]);
    const third = acquire(resource, { seat: "3", guard: ifHeld(resource, "1") });
    await granted(on.other, third);
    await released(on.driver, release(third, ifHeld(resource, "1")));
    await lists(on.driver, inspect(resource), [lease]);
  }),
];

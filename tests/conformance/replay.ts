/**
 * What is sent again because its answer was lost, or arrives late.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Case } from "./backend.ts";
import { apply, granted, isOutcome, lists, refused, released, renewed } from "./expect.ts";
import { acquire, breakSeat, ifHeld, ifVacant, inspect, release, renew } from "./operations.ts";
import { crowdLaw, law, outlive, untilVacant } from "./scene.ts";

/** Cases about replays. */
export const replayCases: readonly Case[] = [
  law(4, "an acquire sent again keeps its token, whichever handle sends it", async (on) => {
    const mine = acquire(on.name(), { value: "v" });
    const lease = await granted(on.driver, mine);
    for (const driver of [on.driver, on.other, on.driver]) {
      isOutcome((await apply(driver, [mine]))[0], true, [lease]);
    }
    await lists(on.driver, inspect(mine.resource), [lease]);
  }),
  law(4, "an acquire sent again half way does not prolong its lease", async (on) => {
    const mine = acquire(on.name(), { ttl: on.short });
    const lease = await granted(on.driver, mine);
    await on.units(2);
    isOutcome((await apply(on.driver, [mine]))[0], true, [lease]);
    await on.units(2);
    // Had the replay prolonged it, it would last for two units more.
    await untilVacant(on, mine, 1);
  }),
  law(4, "an acquire sent again after a renewal does not take the renewal back", async (on) => {
    const mine = acquire(on.name(), { ttl: on.short, value: "first" });
    const first = await granted(on.driver, mine);
    await on.units(2);
    const lease = await renewed(on.driver, renew(mine, "second"), first);
    isOutcome((await apply(on.driver, [mine]))[0], true, [lease]);
    await on.units(2);
    await lists(on.other, inspect(mine.resource), [lease]);
  }),
  law(4, "a replay changes neither value nor ttl, whatever it asks for", async (on) => {
    const mine = acquire(on.name(), { value: "first" });
    const lease = await granted(on.driver, mine);
    const different = { ...mine, value: "second", ttl: Infinity };
    isOutcome((await apply(on.driver, [different]))[0], true, [lease]);
    await lists(on.driver, inspect(mine.resource), [lease]);
  }),
  law(4, "a replay is not held to a guard that held once and does no longer", async (on) => {
    const group = acquire(on.name());
    const reader = acquire(on.name());
    const lease = await granted(on.driver, group);
    const member = acquire(on.name(), { guard: ifHeld(group.resource, "") });
    const writer = acquire(on.name(), { guard: ifVacant(reader.resource) });
    const [joined, wrote] = [await granted(on.driver, member), await granted(on.driver, writer)];
    await released(on.driver, breakSeat(group));
    await granted(on.other, reader);
    isOutcome((await apply(on.driver, [member]))[0], true, [joined]);
    isOutcome((await apply(on.driver, [writer]))[0], true, [wrote]);
    assert.equal(lease.id, group.id);
  }),
  law(
    4,
    "an acquire that arrives again after its lease was released is a new grant",
    async (on) => {
      const mine = acquire(on.name());
      const first = await granted(on.driver, mine);
      await released(on.driver, release(mine));
      const second = await granted(on.driver, mine);
      assert.ok(second.token > first.token, `token ${second.token} after ${first.token}`);
    },
  ),
  law(4, "an acquire that arrives again after its lease has expired is a new grant", async (on) => {
    const mine = acquire(on.name(), { ttl: on.short });
    const first = await granted(on.driver, mine);
    await outlive(on);
    const second = await granted(on.driver, mine);
    assert.ok(second.token > first.token, `token ${second.token} after ${first.token}`);
    await on.units(2);
    await lists(on.other, inspect(mine.resource), [second]);
  }),
  law(
    4,
    "an acquire that arrives again after a takeover is refused by the successor",
    async (on) => {
      const mine = acquire(on.name());
      await granted(on.driver, mine);
      await released(on.other, breakSeat(mine));
      const successor = await granted(on.other, acquire(mine.resource, { value: "next" }));
      await refused(on.driver, mine, [successor]);
      await lists(on.driver, inspect(mine.resource), [successor]);
    },
  ),
  law(4, "a renew sent again is answered as before", async (on) => {
    const mine = acquire(on.name(), { value: "first" });
    const first = await granted(on.driver, mine);
    const again = renew(mine, "second");
    const lease = await renewed(on.driver, again, first);
    assert.deepEqual(await renewed(on.other, again, lease), lease);
  }),
  law(4, "a release sent again is refused with nobody listed, and harms nobody", async (on) => {
    const mine = acquire(on.name());
    await granted(on.driver, mine);
    await released(on.driver, release(mine));
    await refused(on.driver, release(mine), []);
    const successor = await granted(on.other, acquire(mine.resource));
    await refused(on.driver, release(mine), [successor]);
    await lists(on.driver, inspect(mine.resource), [successor]);
  }),
  crowdLaw(4, "sixteen copies of one acquire at once make one lease with one token", async (on) => {
    const clients = await on.clients(16);
    for (let round = 0; round < 25; round++) {
      const mine = acquire(on.name());
      const answers = await Promise.all(clients.map((driver) => apply(driver, [mine])));
      const [lease] = answers[0]?.[0]?.leases ?? [];
      assert.ok(lease);
      for (const [outcome] of answers) isOutcome(outcome, true, [{ ...lease, left: mine.ttl }]);
    }
  }),
  crowdLaw(4, "sixteen copies of one release at once release once", async (on) => {
    const clients = await on.clients(16);
    for (let round = 0; round < 25; round++) {
      const mine = acquire(on.name());
      await granted(on.driver, mine);
      const answers = await Promise.all(clients.map((driver) => apply(driver, [release(mine)])));
      assert.equal(answers.filter(([outcome]) => outcome?.ok).length, 1);
    }
  }),
];

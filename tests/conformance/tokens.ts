/**
 * The fencing token: what a resource can rely on when nothing else can be.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Lease } from "../../drivers/driver.ts";
import type { Case } from "./backend.ts";
import { granted, lists, released, renewed } from "./expect.ts";
import { acquire, breakSeat, inspect, release, renew } from "./operations.ts";
import { crowdLaw, law, outlive } from "./scene.ts";

/** Cases about tokens. */
export const tokenCases: readonly Case[] = [
  law(5, "the token grows after a release", async (on) => {
    const resource = on.name();
    const mine = acquire(resource);
    const first = await granted(on.driver, mine);
    await released(on.driver, release(mine));
    grew(first, await granted(on.other, acquire(resource)));
  }),
  law(5, "the token grows after a break", async (on) => {
    const resource = on.name();
    const first = await granted(on.driver, acquire(resource));
    await released(on.other, breakSeat({ resource, seat: "" }));
    grew(first, await granted(on.other, acquire(resource)));
  }),
  law(5, "the token grows after an expiry, looked at or not", async (on) => {
    const [seen, unseen] = [on.name(), on.name()];
    const first = await granted(on.driver, acquire(seen, { ttl: on.short }));
    const second = await granted(on.driver, acquire(unseen, { ttl: on.short }));
    await outlive(on);
    await lists(on.driver, inspect(seen), []);
    grew(first, await granted(on.other, acquire(seen)));
    grew(second, await granted(on.other, acquire(unseen)));
  }),
  law(
    5,
    "the token grows although every seat of the resource was vacant in between",
    async (on) => {
      const resource = on.name();
      let last: Lease | undefined;
      for (const seat of ["1", "2", "1", "2", "1"]) {
        const mine = acquire(resource, { seat });
        const lease = await granted(on.driver, mine);
        await released(on.driver, release(mine));
        await lists(on.driver, inspect(resource), []);
        if (last?.seat === lease.seat) grew(last, lease);
        last = lease;
      }
      const again = await granted(on.other, acquire(resource, { seat: "1" }));
      grew(last, again);
    },
  ),
  crowdLaw(
    5,
    "the token grows over two hundred quick grants, whichever handle asks",
    async (on) => {
      const resource = on.name();
      let last: Lease | undefined;
      for (let round = 0; round < 200; round++) {
        const mine = acquire(resource);
        const driver = round % 2 ? on.driver : on.other;
        const lease = await granted(driver, mine);
        grew(last, lease);
        last = lease;
        await released(driver, release(mine));
      }
    },
  ),
  law(5, "the token does not change by renewals and replays", async (on) => {
    const mine = acquire(on.name());
    const lease = await granted(on.driver, mine);
    for (let round = 0; round < 3; round++) {
      await renewed(on.driver, renew(mine), lease);
      assert.equal((await granted(on.other, mine)).token, lease.token);
    }
    await lists(on.driver, inspect(mine.resource), [lease]);
  }),
  crowdLaw(5, "the token never goes back when the seat's rows are many and old", async (on) => {
    const resource = on.name();
    const first = await granted(on.driver, acquire(resource, { seat: "kept", ttl: on.short }));
    await outlive(on);
    // Enough to make a driver that collects dead rows as it goes collect this one.
    const crowd = Array.from({ length: 130 }, (_, n) => acquire(resource, { seat: `${n}` }));
    await on.driver.apply(crowd);
    grew(first, await granted(on.driver, acquire(resource, { seat: "kept" })));
    await on.driver.apply(crowd.map((mine) => release(mine)));
  }),
];

function grew(before: Lease | undefined, after: Lease): void {
  const last = before?.token ?? -1;
  assert.ok(after.token > last, `token ${after.token} was granted after ${last}`);
}

/**
 * What a renewal does, and to whom it does nothing.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Case } from "./backend.ts";
import { apply, granted, lists, refused, released, renewed } from "./expect.ts";
import { acquire, breakSeat, inspect, release, renew } from "./operations.ts";
import { law, outlive, overrunOf, untilVacant } from "./scene.ts";

/** Cases about `renew`. */
export const renewCases: readonly Case[] = [
  law(
    6,
    "a renewal prolongs the lease beyond its first ttl, and no further than its own",
    async (on) => {
      const mine = acquire(on.name(), { ttl: on.short });
      const lease = await granted(on.driver, mine);
      await on.units(2);
      await renewed(on.driver, renew(mine), lease);
      await on.units(2);
      await lists(on.other, inspect(mine.resource), [lease]);
      await on.units(1.5);
      await untilVacant(on, mine, 2);
    },
  ),
  law(6, "a lease renewed in time, time and again, stays one lease with one token", async (on) => {
    const mine = acquire(on.name(), { ttl: on.short, value: "v" });
    const lease = await granted(on.driver, mine);
    for (let round = 0; round < 4; round++) {
      await on.units(1.5);
      await renewed(on.driver, renew(mine), lease);
    }
    await lists(on.other, inspect(mine.resource), [lease]);
  }),
  law(6, "a renewal prolongs its own lease alone, whatever began with it", async (on) => {
    const [kept, left] = [
      acquire(on.name(), { ttl: on.short }),
      acquire(on.name(), { ttl: on.short }),
    ];
    const [lease] = [await granted(on.driver, kept), await granted(on.driver, left)];
    // What is renewed together may be kept together.
    for (const { ok } of await apply(on.driver, [renew(kept), renew(left)])) assert.ok(ok);
    for (let passed = 0; passed <= 4 * overrunOf(on); passed += 1.5) {
      await on.units(1.5);
      await renewed(on.driver, renew(kept), lease);
    }
    await lists(on.other, inspect(kept.resource), [lease]);
    await untilVacant(on, left, 2);
  }),
  law(6, "a renewal keeps the value unless it has one, be it empty", async (on) => {
    const mine = acquire(on.name(), { value: "first" });
    let lease = await granted(on.driver, mine);
    for (const value of [undefined, "second", undefined, "", undefined]) {
      lease = await renewed(on.driver, renew(mine, value), lease);
      await lists(on.other, inspect(mine.resource), [lease]);
    }
  }),
  law(6, "a renewal after the end is refused and revives nothing", async (on) => {
    const mine = acquire(on.name(), { ttl: on.short });
    await granted(on.driver, mine);
    await outlive(on);
    // Before anything has looked at the seat, and after.
    await refused(on.driver, renew(mine), []);
    await lists(on.other, inspect(mine.resource), []);
    await refused(on.driver, renew(mine, "v"), []);
    await refused(on.driver, release(mine), []);
    await granted(on.other, acquire(mine.resource));
  }),
  law(6, "a renewal after release or break is refused and revives nothing", async (on) => {
    for (const end of [release, breakSeat]) {
      const mine = acquire(on.name());
      await granted(on.driver, mine);
      await released(on.other, end(mine));
      await refused(on.driver, renew(mine, "v"), []);
      await lists(on.other, inspect(mine.resource), []);
    }
  }),
  law(6, "a renewal of what was never acquired makes nothing", async (on) => {
    const nobody = acquire(on.name());
    await refused(on.driver, renew(nobody, "v"), []);
    await lists(on.driver, inspect(nobody.resource), []);
  }),
  law(6, "a stale renewal after a takeover does not touch the successor", async (on) => {
    const mine = acquire(on.name(), { ttl: on.short, value: "mine" });
    const theirs = acquire(mine.resource, { ttl: on.short, value: "theirs" });
    await granted(on.driver, mine);
    await outlive(on);
    const successor = await granted(on.other, theirs);
    await on.units(2);
    await refused(on.driver, renew(mine, "stale"), []);
    await lists(on.driver, inspect(mine.resource), [successor]);
    await on.units(2);
    // Had it prolonged the successor's lease, that would last for two units more.
    await untilVacant(on, mine, 1);
  }),
  law(6, "a stale release after a takeover does not touch the successor", async (on) => {
    const mine = acquire(on.name(), { ttl: on.short });
    const theirs = acquire(mine.resource, { ttl: on.short, value: "theirs" });
    await granted(on.driver, mine);
    await outlive(on);
    const successor = await granted(on.other, theirs);
    await refused(on.driver, release(mine), [successor]);
    await lists(on.driver, inspect(mine.resource), [successor]);
    await renewed(on.other, renew(theirs), successor);
    await released(on.other, release(theirs));
  }),
  law(8, "an id means nothing on a seat where it does not sit", async (on) => {
    const mine = acquire(on.name(), { seat: "mine" });
    const theirs = acquire(mine.resource, { seat: "theirs" });
    const leases = [await granted(on.driver, mine), await granted(on.other, theirs)];
    for (const place of [{ seat: "theirs" }, { seat: "nobody's" }, { resource: on.name() }]) {
      const wrong = { ...mine, ...place };
      await refused(on.driver, renew(wrong, "v"), []);
      await refused(on.driver, release(wrong), place.seat === "theirs" ? leases.slice(1) : []);
      if (place.resource) await lists(on.driver, inspect(place.resource), []);
    }
    await lists(on.driver, inspect(mine.resource), leases);
  }),
];

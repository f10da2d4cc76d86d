/**
 * Every text is data: it comes back as it went, and no two of them are the same.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Case } from "./backend.ts";
import { apply, bySeat, granted, isGranted, isOutcome, lists, refused, renewed } from "./expect.ts";
import { HOSTILE, numericIds, SEPARATORS } from "./hostile.ts";
import { acquire, ifHeld, ifVacant, inspect, release, renew } from "./operations.ts";
import { law } from "./scene.ts";

/** Cases about texts that mean something to somebody. */
export const textCases: readonly Case[] = [
  law(8, "every text is a seat of its own, and is listed as it was given", async (on) => {
    const resource = on.name();
    const all = HOSTILE.map((seat) => acquire(resource, { seat, value: seat }));
    const outcomes = await apply(on.driver, all);
    const leases = all.map((mine, index) => isGranted(outcomes[index], mine));
    await lists(on.other, inspect(resource), leases.toSorted(bySeat));
    const single = await apply(on.other, all.map(({ seat }) => inspect(resource, seat)));
    for (const [index, outcome] of single.entries()) {
      isOutcome(outcome, true, leases.slice(index, index + 1));
    }
  }),
  law(8, "every text is a resource of its own, be it in front or at the end", async (on) => {
    const unique = on.name();
    const names = HOSTILE.filter(Boolean).flatMap((text) => [unique + text, text + unique]);
    const all = names.map((resource) => acquire(resource, { value: resource }));
    const outcomes = await apply(on.driver, all);
    const leases = all.map((mine, index) => isGranted(outcomes[index], mine));
    const listed = await apply(on.other, names.map((resource) => inspect(resource)));
    for (const [index, outcome] of listed.entries()) {
      isOutcome(outcome, true, leases.slice(index, index + 1));
    }
  }),
  law(8, "every text is an id that proves its holder, and no other text does", async (on) => {
    const resource = on.name();
    for (const text of HOSTILE) {
      const unique = crypto.randomUUID();
      for (const id of [unique + text, text + unique]) {
        const mine = acquire(resource, { id });
        const lease = await granted(on.driver, mine);
        if (text) await refused(on.other, release({ ...mine, id: unique }), [lease]);
        await renewed(on.driver, renew(mine), lease);
        const [end] = await apply(on.driver, [release(mine)]);
        assert.ok(end?.ok, `release by ${JSON.stringify(id)}`);
      }
    }
  }),
  law(8, "ids that look like numbers or JSON come back as the same texts", async (on) => {
    const resource = on.name();
    for (const [n, id] of numericIds().entries()) {
      const mine = acquire(resource, { seat: `${n}`, id, value: id });
      const lease = await granted(on.driver, mine);
      await refused(on.other, acquire(resource, { seat: `${n}` }), [lease]);
      await renewed(on.driver, renew(mine, id), lease);
    }
  }),
  law(
    8,
    "every text is a value and comes back as it was given, from acquire and renew",
    async (on) => {
      const mine = acquire(on.name());
      let lease = await granted(on.driver, mine);
      for (const value of HOSTILE) {
        lease = await renewed(on.driver, renew(mine, value), lease);
        const theirs = acquire(on.name(), { value });
        const other = await granted(on.driver, theirs);
        await refused(on.other, acquire(theirs.resource), [other]);
        await refused(on.other, acquire(mine.resource), [lease]);
      }
    },
  ),
  law(8, "seats and resources that read the same when joined are not the same", async (on) => {
    const unique = on.name();
    for (const by of SEPARATORS) {
      const places = [
        [`${unique}a`, `b${by}c`],
        [`${unique}a${by}b`, "c"],
        [`${unique}a${by}b${by}c`, ""],
        [`${unique}a`, ""],
        [`${unique}a${by}`, ""],
        [`${unique}a`, by],
      ] as const;
      const all = places.map(([resource, seat]) => acquire(resource + by, { seat }));
      const outcomes = await apply(on.driver, all);
      const leases = all.map((mine, index) => isGranted(outcomes[index], mine));
      const looks = all.map(({ resource, seat }) => inspect(resource, seat));
      for (const [index, outcome] of (await apply(on.other, looks)).entries()) {
        isOutcome(outcome, true, leases.slice(index, index + 1));
      }
    }
  }),
  law(
    8,
    "a guard means the very seat and resource it names, and none that look alike",
    async (on) => {
      const unique = on.name();
      await granted(on.driver, acquire(`${unique}resource`, { seat: "Seat" }));
      for (
        const alike of ["%", "*", "_esource", "r?source", "Resource", "resource ", "[r]esource"]
      ) {
        await refused(on.driver, acquire(on.name(), { guard: ifHeld(unique + alike) }), []);
        await granted(on.driver, acquire(on.name(), { guard: ifVacant(unique + alike) }));
      }
      for (const alike of ["%", "*", "_eat", "?eat", "seat", "Seat ", "", "[S]eat"]) {
        const resource = `${unique}resource`;
        await refused(on.driver, acquire(on.name(), { guard: ifHeld(resource, alike) }), []);
        await granted(on.driver, acquire(on.name(), { guard: ifVacant(resource, alike) }));
      }
      for (const text of HOSTILE) {
        const seat = acquire(on.name(text), { seat: text });
        await granted(on.driver, seat);
        const guard = ifHeld(seat.resource, text);
        await granted(on.driver, acquire(on.name(), { guard }));
      }
    },
  ),
];

/**
 * Many operations in one call.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Case } from "./backend.ts";
import { apply, bySeat, isGranted, isOutcome, lists } from "./expect.ts";
import {
  acquire,
  breakSeat,
  ifHeld,
  ifVacant,
  inspect,
  LONG,
  release,
  renew,
} from "./operations.ts";
import { law } from "./scene.ts";

/** Cases about batches. */
export const batchCases: readonly Case[] = [
  law(1, "operations run in the order given", async (on) => {
    const mine = acquire(on.name(), { value: "mine" });
    const theirs = acquire(mine.resource, { value: "theirs" });
    const look = inspect(mine.resource);
    const outcomes = await apply(on.driver, [
      look,
      mine,
      look,
      theirs,
      renew(mine, "renewed"),
      look,
      release(mine),
      look,
      theirs,
      look,
    ]);
    isOutcome(outcomes[0], true, []);
    const first = isGranted(outcomes[1], mine);
    isOutcome(outcomes[2], true, [first]);
    isOutcome(outcomes[3], false, [first]);
    const later = { ...first, value: "renewed" };
    isOutcome(outcomes[4], true, []);
    isOutcome(outcomes[5], true, [later]);
    isOutcome(outcomes[6], true, []);
    isOutcome(outcomes[7], true, []);
    const second = isGranted(outcomes[8], theirs);
    isOutcome(outcomes[9], true, [second]);
    assert.ok(second.token > first.token);
  }),
  law(
    1,
    "a refused operation stops none of those after it and undoes none before it",
    async (on) => {
      const one = acquire(on.name());
      const two = acquire(on.name());
      const outcomes = await apply(on.driver, [
        one,
        acquire(one.resource),
        renew(two),
        release(two),
        two,
        inspect(one.resource),
      ]);
      const lease = isGranted(outcomes[0], one);
      isOutcome(outcomes[1], false, [lease]);
      isOutcome(outcomes[2], false, []);
      isOutcome(outcomes[3], false, []);
      isGranted(outcomes[4], two);
      isOutcome(outcomes[5], true, [lease]);
    },
  ),
  law(1, "a guard sees what the operations before it in the batch did", async (on) => {
    const group = acquire(on.name(), { seat: "g" });
    const guard = ifHeld(group.resource, "g");
    const member = acquire(on.name(), { seat: "m", guard });
    const late = acquire(member.resource, { seat: "late", guard });
    const outcomes = await apply(on.driver, [member, group, member, breakSeat(group), late]);
    isOutcome(outcomes[0], false, []);
    isGranted(outcomes[1], group);
    isGranted(outcomes[2], member);
    isOutcome(outcomes[3], true, []);
    isOutcome(outcomes[4], false, []);
  }),
  law(4, "the same acquire twice in a batch is granted once and replayed once", async (on) => {
    const mine = acquire(on.name());
    const outcomes = await apply(on.driver, [mine, mine, inspect(mine.resource)]);
    const lease = isGranted(outcomes[0], mine);
    isOutcome(outcomes[1], true, [lease]);
    isOutcome(outcomes[2], true, [lease]);
  }),
  law(7, "what a batch has granted stands in the way with its token", async (on) => {
    const mine = acquire(on.name(), { seat: "s", value: "v" });
    const other = acquire(on.name());
    const outcomes = await apply(on.driver, [
      other,
      mine,
      release({ ...mine, id: crypto.randomUUID() }),
      release(other, ifVacant(mine.resource)),
      acquire(on.name(), { guard: ifVacant(mine.resource, "s") }),
    ]);
    const lease = isGranted(outcomes[1], mine);
    for (const refusal of outcomes.slice(2)) isOutcome(refusal, false, [lease]);
    await lists(on.driver, inspect(mine.resource), [lease]);
  }),
  law(
    7,
    "a look at what its batch has granted lists it by seat, in whichever order",
    async (on) => {
      const resource = on.name();
      const mine = ["b", "c", "a"].map((seat) => acquire(resource, { seat }));
      const outcomes = await apply(on.driver, [...mine, inspect(resource)]);
      const leases = mine.map((each, n) => isGranted(outcomes[n], each));
      isOutcome(outcomes[3], true, leases.sort(bySeat));
    },
  ),
  law(5, "tokens grow within a batch", async (on) => {
    const resource = on.name();
    const holders = Array.from({ length: 10 }, () => acquire(resource));
    const outcomes = await apply(on.driver, holders.flatMap((mine) => [mine, release(mine)]));
    let last = -1;
    for (const [index, mine] of holders.entries()) {
      const { token } = isGranted(outcomes[index * 2], mine);
      assert.ok(token > last, `token ${token} after ${last}`);
      last = token;
    }
  }),
  law(
    5,
    "an id that is granted again and again has a token each time, and each look shows that of its time",
    async (on) => {
      const mine = acquire(on.name());
      let lease = isGranted((await apply(on.driver, [mine]))[0], mine);
      const look = inspect(mine.resource);
      const again = [breakSeat(mine), mine, look];
      const [before, ...later] = await apply(on.driver, [look, ...again, ...again, ...again]);
      isOutcome(before, true, [lease]);
      for (let turn = 0; turn < 3; turn++) {
        const [, grant, seen] = later.slice(3 * turn);
        const next = isGranted(grant, mine);
        assert.ok(next.token > lease.token, `token ${next.token} after ${lease.token}`);
        isOutcome(seen, true, [next]);
        lease = next;
      }
    },
  ),
  law(
    6,
    "renewals in a batch have each their own ttl, and one of them may come twice",
    async (on) => {
      const resource = on.name();
      const long = acquire(resource, { seat: "long" });
      const short = acquire(resource, { seat: "short", ttl: LONG / 2 });
      await apply(on.driver, [long, short]);
      const renewals = await apply(on.driver, [long, short, long].map((mine) => renew(mine)));
      for (const outcome of renewals) isOutcome(outcome, true, []);
      const [listed] = await apply(on.driver, [inspect(resource)]);
      const lefts = listed?.leases.map(({ left }) => left > 0.75 * LONG);
      assert.deepEqual(lefts, [true, false]);
    },
  ),
  law(1, "an empty batch answers nothing", async (on) => {
    assert.deepEqual(await apply(on.driver, []), []);
  }),
  law(
    1,
    "a batch of a hundred seats is acquired, renewed, listed and released in four",
    async (on) => {
      const resource = on.name();
      const all = Array.from({ length: 100 }, (_, n) => acquire(resource, { seat: `seat ${n}` }));
      const grants = await apply(on.driver, all);
      const leases = all.map((mine, index) => isGranted(grants[index], mine));
      const renewals = await apply(on.driver, all.map((mine) => renew(mine, mine.seat)));
      const later = leases.map((lease) => ({ ...lease, value: lease.seat }));
      for (const outcome of renewals) isOutcome(outcome, true, []);
      const [listed] = await apply(on.other, [inspect(resource)]);
      isOutcome(listed, true, later.toSorted(bySeat));
      const ends = await apply(on.driver, [...all.map((mine) => release(mine)), inspect(resource)]);
      for (const outcome of ends) isOutcome(outcome, true, []);
    },
  ),
];

/**
 * Who waits for a grant at the backend, for how long, and in what order they are served.
 *
 * @module
 */

import assert from "node:assert/strict";
import { codeOf } from "../../errors.ts";
import type { Case } from "./backend.ts";
import { apply, granted, isGranted, isOutcome, lists, refused, released } from "./expect.ts";
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
import { law, untilVacant } from "./scene.ts";
import { answered, failed, grantedTo, refusedTo, send, waits } from "./waiting.ts";

/** Long enough for all that happens in a case. */
const PATIENT = { patience: LONG / 2 };

/** Cases for backends with `guarantees.push`. */
export const pushCases: readonly Case[] = [
  law(14, "one that waits for a seat has it at once when its holder releases", async (on) => {
    for (const end of [release, breakSeat]) {
      const mine = acquire(on.name());
      const theirs = acquire(mine.resource, { ...PATIENT, value: "next" });
      const first = await granted(on.driver, mine);
      const call = await send(on, on.other, [theirs]);
      waits(call);
      await released(on.driver, end(mine));
      const lease = await grantedTo(on, call, theirs, 2);
      assert.ok(lease.token > first.token, `token ${lease.token} after ${first.token}`);
      await lists(on.driver, inspect(mine.resource), [lease]);
    }
  }),
  law(14, "one that waits for a seat has it when the lease of its holder ends", async (on) => {
    const mine = acquire(on.name(), { ttl: on.short });
    const theirs = acquire(mine.resource, PATIENT);
    await granted(on.driver, mine);
    const call = await send(on, on.other, [theirs]);
    await on.units(2);
    waits(call);
    const lease = await grantedTo(on, call, theirs, 4);
    await lists(on.driver, inspect(mine.resource), [lease]);
  }),
  law(14, "one that waits goes on to wait when its holder renews", async (on) => {
    const mine = acquire(on.name(), { ttl: on.short });
    const theirs = acquire(mine.resource, PATIENT);
    await granted(on.driver, mine);
    const call = await send(on, on.other, [theirs]);
    for (let turn = 0; turn < 3; turn++) {
      await on.units(2);
      isOutcome((await apply(on.driver, [renew(mine)]))[0], true, []);
    }
    waits(call);
    await grantedTo(on, call, theirs, 6);
  }),
  law(14, "one that waits for its guard is granted when that comes true", async (on) => {
    const group = acquire(on.name());
    const reader = acquire(on.name(), { seat: "reader" });
    const brief = acquire(on.name(), { ttl: on.short });
    const member = acquire(on.name(), { ...PATIENT, guard: ifHeld(group.resource, "") });
    const writer = acquire(on.name(), { ...PATIENT, guard: ifVacant(reader.resource) });
    const heir = acquire(on.name(), { ...PATIENT, guard: ifVacant(brief.resource, "") });
    await apply(on.driver, [reader, brief]);
    const [joins, writes, inherits] = [
      await send(on, on.other, [member]),
      await send(on, on.other, [writer]),
      await send(on, on.other, [heir]),
    ];
    for (const call of [joins, writes, inherits]) waits(call);
    await granted(on.driver, group);
    await grantedTo(on, joins, member, 2);
    waits(writes);
    await released(on.driver, release(reader));
    await grantedTo(on, writes, writer, 2);
    await grantedTo(on, inherits, heir, 6);
  }),
  law(14, "the ttl of one that waited counts from its grant", async (on) => {
    const mine = acquire(on.name());
    const theirs = acquire(mine.resource, { ...PATIENT, ttl: on.short });
    await granted(on.driver, mine);
    const call = await send(on, on.other, [theirs]);
    await on.units(3);
    await released(on.driver, release(mine));
    const lease = await grantedTo(on, call, theirs, 2);
    await on.units(2);
    await lists(on.driver, inspect(mine.resource), [lease]);
    await untilVacant(on, mine, 4);
  }),
  law(14, "those who wait for one seat are served in the order in which they came", async (on) => {
    const resource = on.name();
    const first = acquire(resource);
    await granted(on.driver, first);
    const queue = [];
    for (const [n, driver] of (await on.clients(5)).entries()) {
      const op = acquire(resource, { ...PATIENT, value: `${n}` });
      queue.push({ op, call: await send(on, driver, [op]) });
    }
    let holder = first;
    for (const [n, { op, call }] of queue.entries()) {
      for (const { call } of queue.slice(n)) waits(call);
      await released(on.driver, release(holder));
      const lease = await grantedTo(on, call, op, 2);
      await lists(on.driver, inspect(resource), [lease]);
      holder = op;
    }
  }),
  law(14, "those who wait for a lease to end are served in order, too", async (on) => {
    const resource = on.name();
    const first = acquire(resource, { ttl: on.short });
    await granted(on.driver, first);
    const [early, late] = [acquire(resource, PATIENT), acquire(resource, PATIENT)];
    const one = await send(on, on.driver, [early]);
    const two = await send(on, on.other, [late]);
    const lease = await grantedTo(on, one, early, 6);
    waits(two);
    await lists(on.driver, inspect(resource), [lease]);
    await released(on.driver, release(early));
    await grantedTo(on, two, late, 2);
  }),
  law(
    14,
    "one that was aborted is withdrawn: it is never granted, and holds up nobody",
    async (on) => {
      const mine = acquire(on.name());
      const [gone, next] = [acquire(mine.resource, PATIENT), acquire(mine.resource, PATIENT)];
      await granted(on.driver, mine);
      const reason = new Error("enough");
      const call = await send(on, on.other, [gone]);
      const patient = await send(on, on.driver, [next]);
      call.abort(reason);
      const error = await failed(on, call, 2);
      const code = error === reason ? "unknown-outcome" : codeOf(error);
      assert.ok(["unknown-outcome", "timed-out"].includes(`${code}`), `${error}`);
      await released(on.driver, release(mine));
      const lease = await grantedTo(on, patient, next, 2);
      await lists(on.driver, inspect(mine.resource), [lease]);
      await released(on.driver, release(next));
      await on.units(1);
      await lists(on.driver, inspect(mine.resource), []);
    },
  ),
  law(14, "one that was aborted between two waits is withdrawn from the second", async (on) => {
    const [one, two] = [acquire(on.name()), acquire(on.name())];
    await apply(on.driver, [one, two]);
    const waiting = [one, two].map(({ resource }) => acquire(resource, PATIENT));
    const call = await send(on, on.other, waiting);
    const end = apply(on.driver, [release(one)]);
    call.abort(new Error("enough"));
    isOutcome((await end)[0], true, []);
    await failed(on, call, 2);
    await released(on.driver, release(two));
    await on.units(1);
    await lists(on.driver, inspect(two.resource), []);
  }),
  law(14, "when the patience is over the answer says who is in the way", async (on) => {
    const mine = acquire(on.name());
    const lease = await granted(on.driver, mine);
    const reader = acquire(on.name());
    const reading = await granted(on.driver, reader);
    const patience = on.short;
    for (
      const [theirs, inTheWay] of [
        [acquire(mine.resource, { patience }), [lease]],
        [acquire(on.name(), { patience, guard: ifVacant(reader.resource) }), [reading]],
        [acquire(on.name(), { patience, guard: ifHeld(on.name()) }), []],
      ] as const
    ) {
      const call = await send(on, on.other, [theirs]);
      await on.units(2);
      waits(call);
      await refusedTo(on, call, inTheWay, 4);
    }
    // A refusal is final: nobody waits at the backend any longer.
    await released(on.driver, release(mine));
    await on.units(1);
    await lists(on.driver, inspect(mine.resource), []);
  }),
  law(14, "in a batch all waits for the one that waits, and goes on after it", async (on) => {
    const mine = acquire(on.name());
    const [before, after] = [acquire(on.name()), acquire(on.name())];
    const holder = await granted(on.driver, mine);
    const next = acquire(mine.resource, PATIENT);
    const call = await send(on, on.other, [before, next, after]);
    waits(call);
    const [done] = await apply(on.driver, [inspect(before.resource)]);
    assert.equal(done?.leases.length, 1, "what came before it is done");
    await lists(on.driver, inspect(after.resource), []);
    await released(on.driver, release(mine));
    const outcomes = await answered(on, call, 2);
    for (const [n, op] of [before, next, after].entries()) isGranted(outcomes[n], op);
    const last = acquire(mine.resource, { patience: on.short });
    const end = acquire(on.name());
    const refusal = await answered(on, await send(on, on.driver, [last, end]), 8);
    isOutcome(refusal[0], false, [isGranted(outcomes[1], next)]);
    isGranted(refusal[1], end);
    assert.ok(holder.token < (outcomes[1]?.leases[0]?.token ?? 0));
  }),
  law(14, "patience does not hold up what can be answered at once", async (on) => {
    const mine = acquire(on.name(), PATIENT);
    const lease = await grantedTo(on, await send(on, on.driver, [mine]), mine, 2);
    // A replay, and one that wants to wait for nothing.
    assert.deepEqual(await grantedTo(on, await send(on, on.other, [mine]), mine, 2), lease);
    await refused(on.other, acquire(mine.resource, { patience: 0 }), [lease]);
  }),
  law(14, "an acquire sent again while it waits is one acquisition", async (on) => {
    const mine = acquire(on.name());
    const theirs = acquire(mine.resource, PATIENT);
    await granted(on.driver, mine);
    const calls = [await send(on, on.driver, [theirs]), await send(on, on.other, [theirs])];
    await released(on.driver, release(mine));
    const leases = [];
    for (const call of calls) leases.push(await grantedTo(on, call, theirs, 2));
    assert.deepEqual(leases[0], leases[1]);
    await released(on.driver, release(theirs));
    await lists(on.driver, inspect(mine.resource), []);
  }),
  law(14, "one that waits sends nothing while it waits", async (on) => {
    const mine = acquire(on.name());
    await granted(on.driver, mine);
    let requests = 0;
    const op = acquire(mine.resource, PATIENT);
    let over = false;
    const answer = on.other.apply([op], { beforeRequest: () => void requests++ })
      .finally(() => over = true);
    await on.units(0.5);
    const sent = requests;
    assert.ok(sent > 0, "it was sent");
    await on.units(3);
    assert.equal(requests, sent, "it asks again and again");
    await released(on.driver, release(mine));
    while (!over) await on.units(0.5);
    isGranted((await answer)[0], op);
  }),
];

/** Cases for backends without it. */
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

/**
 * Who waits for a grant at the backend, for how long, and in what order they are served.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire } from "../../drivers/driver.ts";
import { codeOf } from "../../errors.ts";
import type { Case } from "./backend.ts";
import { apply, granted, isGranted, isOutcome, lists, refused, released } from "./expect.ts";
import { acquire, breakSeat, ifHeld, ifVacant, inspect, release, renew } from "./operations.ts";
import { law, overrunOf, type Scene, untilVacant } from "./scene.ts";
import {
  answered,
  ARRIVES,
  type Call,
  failed,
  grantedTo,
  PATIENT,
  refusedTo,
  send,
  waits,
} from "./waiting.ts";

/** Somebody who waits. */
interface Waiting {
  readonly op: Acquire;
  readonly call: Call;
}

/** How many units a lease may be late to end. */
function late(on: Scene): number {
  return 4 * (overrunOf(on) - 1);
}

/** The first of these to be answered within so many units, which is the first of all if that is fair. */
async function served(on: Scene, queue: readonly Waiting[], units: number): Promise<Waiting> {
  const [first] = queue;
  assert.ok(first);
  if (on.driver.guarantees.fair ?? true) return first;
  for (let passed = 0;; passed += 0.5) {
    const next = queue.find(({ call }) => call.end !== undefined);
    if (next) return next;
    assert.ok(passed <= units, `they wait still, ${passed} units later`);
    await on.units(0.5);
  }
}

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
    const lease = await grantedTo(on, call, theirs, 4 + late(on));
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
    await grantedTo(on, call, theirs, 6 + late(on));
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
    await grantedTo(on, inherits, heir, 6 + late(on));
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
  law(
    14,
    "those who wait for one seat are served one by one, in the order in which they came if it is fair",
    async (on) => {
      const resource = on.name();
      const first = acquire(resource);
      await granted(on.driver, first);
      let queue: Waiting[] = [];
      for (const [n, driver] of (await on.clients(5)).entries()) {
        const op = acquire(resource, { ...PATIENT, value: `${n}` });
        queue.push({ op, call: await send(on, driver, [op], ARRIVES) });
      }
      let holder = first;
      while (queue.length > 0) {
        for (const { call } of queue) waits(call);
        await released(on.driver, release(holder));
        const { op, call } = await served(on, queue, 2);
        const lease = await grantedTo(on, call, op, 2);
        await lists(on.driver, inspect(resource), [lease]);
        queue = queue.filter((each) => each.op !== op);
        holder = op;
      }
    },
  ),
  law(14, "those who wait for a lease to end are served one by one, too", async (on) => {
    const resource = on.name();
    const first = acquire(resource, { ttl: on.short });
    await granted(on.driver, first);
    const queue: Waiting[] = [];
    for (const driver of [on.driver, on.other]) {
      const op = acquire(resource, PATIENT);
      queue.push({ op, call: await send(on, driver, [op]) });
    }
    const early = await served(on, queue, 6 + late(on));
    const [other] = queue.filter((each) => each !== early) as [Waiting];
    const lease = await grantedTo(on, early.call, early.op, 6 + late(on));
    waits(other.call);
    await lists(on.driver, inspect(resource), [lease]);
    await released(on.driver, release(early.op));
    await grantedTo(on, other.call, other.op, 2);
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
      // An abort ends the call at once; that it is over may still be on its way to the backend.
      await on.units(0.5);
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
    await on.units(0.5);
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
    const call = await send(on, on.other, [before, next, after], ARRIVES);
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
  law(14, "a wait of any length costs three requests more than a refusal at most", async (on) => {
    const mine = acquire(on.name());
    await granted(on.driver, mine);
    const count = async (patience: number): Promise<number> => {
      let requests = 0;
      const op = acquire(mine.resource, { patience });
      const answer = on.other.apply([op], { beforeRequest: () => void requests++ });
      let over = false;
      const watched = answer.finally(() => over = true);
      while (!over) await on.units(0.5);
      assert.equal((await watched)[0]?.ok, false);
      return requests;
    };
    // To say that it waits, to listen, and to take leave.
    const most = await count(0) + 3;
    for (const patience of [on.short, 2 * on.short, on.short]) {
      const requests = await count(patience);
      assert.ok(requests <= most, `${requests} requests for ${patience} ms`);
    }
  }),
];

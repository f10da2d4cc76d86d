/**
 * Semaphores: so many at once, and no more.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { CoordinationCase } from "./place.ts";
import { crowdLaw, law } from "./scene.ts";

const TRY = { timeout: 0 };

/** Cases about semaphores. */
export const semaphoreCases: readonly CoordinationCase[] = [
  law("a semaphore admits as many as it has permits, and the next when one is free", async (on) => {
    const members = await on.members(4);
    const seats = members.map((member) => member.getSemaphore("s", 3));
    const leases = [];
    for (const seat of seats) leases.push(await seat.acquire(TRY));
    assert.deepEqual(leases.map((lease) => lease !== null), [true, true, true, false]);
    const last = seats[3];
    assert.ok(last);
    await assert.rejects(last.hold(TRY), { name: "LockAcquireFailed" });
    const holders = (await last.holders()).map(({ memberId }) => memberId);
    assert.deepEqual(new Set(holders), new Set(["m0", "m1", "m2"]));
    const waiting = last.acquire();
    await on.pass(1);
    await seats[1]?.release();
    assert.ok(await on.during(waiting, 8_000));
    assert.equal(await seats[1]?.release(), false);
  }),
  law("a semaphore's permit that is not renewed is free again after its ttl", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    const lost = await a.getSemaphore("s", 1).hold({ ttl: on.short });
    assert.equal(await b.getSemaphore("s", 1).acquire(TRY), null);
    const next = await on.during(b.getSemaphore("s", 1).acquire(), 8_000);
    assert.ok(next && next.token > lost.token);
    assert.equal(lost.signal.aborted, true);
  }),
  crowdLaw(
    "of sixteen that race for three permits, never more than three are inside",
    async (on) => {
      const members = await on.members(16);
      let inside = 0;
      const all = Promise.all(members.map((member) =>
        member.getSemaphore("s", 3).with(async () => {
          assert.ok(++inside <= 3, `${inside} are inside`);
          await member.getGroups();
          inside--;
        })
      ));
      await on.during(all, 120_000);
    },
  ),
];

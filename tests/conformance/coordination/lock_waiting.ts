/**
 * Waiting for a lock: for how long, and how it ends.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { CoordinationCase } from "./place.ts";
import { crowdLaw, law, toozLaw } from "./scene.ts";

/** Cases about waiting for locks. */
export const lockWaitingCases: readonly CoordinationCase[] = [
  toozLaw(
    ["test_get_lock_concurrency_locking_same_lock"],
    "who waits for a lock gets it when it is released, on the same object too",
    async (on) => {
      const a = await on.member("a");
      const lock = a.getLock("x");
      const first = await lock.hold();
      const waiting = [lock.acquire(), a.getLock("x").acquire()];
      await on.pass(1);
      await first.release();
      const second = await on.during(Promise.race(waiting));
      assert.ok(second && second.token > first.token);
      await second.release();
      const leases = await on.during(Promise.all(waiting), 8_000);
      assert.equal(leases.filter((lease) => lease?.held).length, 1);
    },
  ),
  law("a timed acquire of a held lock answers null when its time is over", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    const lease = await a.getLock("x").hold();
    for (const wait of [{ timeout: 2 * on.unit }, { blocking: 2 * on.unit }]) {
      const start = on.runtime.mono();
      assert.equal(await on.during(b.getLock("x").acquire(wait)), null);
      const waited = on.runtime.mono() - start;
      assert.ok(waited >= 2 * on.unit - 1, `waited ${waited} ms`);
    }
    const failed = { name: "LockAcquireFailed" };
    await assert.rejects(on.during(b.getLock("x").hold({ timeout: on.unit })), failed);
    await lease.confirm();
  }),
  law("a timeout is how long to wait and never the ttl of what is got", async (on) => {
    const a = await on.member("a");
    const lease = await a.getLock("x").hold({ timeout: on.unit });
    await on.pass(2);
    assert.equal(lease.held, true);
    assert.equal(await lease.renew(), true);
  }),
  law("a lock that nobody renews is had by who waits, once its ttl is over", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    const first = await a.getLock("x").hold({ ttl: on.short });
    const second = await on.during(b.getLock("x").acquire(), 8 * on.short);
    assert.ok(second && second.token > first.token);
    assert.equal(first.held, false);
  }),
  law("a wait can be called off, and then nothing is held", async (on) => {
    const [a, b, c] = [await on.member("a"), await on.member("b"), await on.member("c")];
    const lease = await a.getLock("x").hold();
    const stop = new AbortController();
    const waiting = assert.rejects(b.getLock("x").acquire({ signal: stop.signal }), /enough/);
    await on.pass(1);
    stop.abort(new Error("enough"));
    await on.during(waiting);
    await lease.release();
    assert.ok(await on.during(c.getLock("x").acquire({ timeout: on.short })));
    assert.equal(b.getLock("x").acquired, false);
  }),
  law("a timeout or ttl that cannot work is refused before any request", async (on) => {
    const a = await on.member("a");
    const wrong = { name: "InvalidArgument" };
    const sent = await on.requests(a, async () => {
      for (const timeout of [-1, NaN]) {
        await assert.rejects(a.getLock("x").acquire({ timeout }), wrong);
      }
      for (const ttl of [0, -1, 0.5, NaN, 2 ** 31, "5" as unknown as number]) {
        await assert.rejects(on.member("b", { ttl }), wrong);
        await assert.rejects(a.election("g").campaign({ ttl }), wrong);
        await assert.rejects(a.getLock("x").acquire({ ttl }), wrong);
        await assert.rejects(a.joinGroup("g", null, { ttl }), wrong);
        await assert.rejects(a.joinGroupCreate("g", null, { ttl }), wrong);
      }
    });
    assert.equal(sent, 0);
  }),
  // Fairness is not promised, but that everyone comes in at some time is.
  crowdLaw("of eight that wait for one lock, all have it in the end, one at a time", async (on) => {
    const members = await on.members(8);
    let inside = 0;
    let highest = 0;
    const all = Promise.all(members.map((member) =>
      member.getLock("x").with(({ token }) => {
        assert.equal(++inside, 1, "two are inside");
        assert.ok(token > highest, `token ${token} after ${highest}`);
        highest = token;
        return Promise.resolve().then(() => inside--);
      })
    ));
    assert.equal((await on.during(all, 60_000)).length, 8);
  }),
];

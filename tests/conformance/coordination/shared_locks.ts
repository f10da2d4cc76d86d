/**
 * Locks that readers share.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { CoordinationCase } from "./place.ts";
import { law, toozLaw } from "./scene.ts";

const TRY = { timeout: 0 };
const SHARE = { shared: true, timeout: 0 };

/** Cases about shared locks. */
export const sharedLockCases: readonly CoordinationCase[] = [
  toozLaw(["test_get_shared_lock"], "a lock can be shared, and released", async (on) => {
    const lock = (await on.member("a")).getLock("x");
    assert.ok(await lock.acquire({ shared: true }));
    assert.equal(await lock.release(), true);
    await lock.with(() => assert.equal(lock.acquired, true), { shared: true });
  }),
  toozLaw(
    ["test_get_shared_lock_locking_same_lock_twice"],
    "one object can share twice, and then releases twice",
    async (on) => {
      const lock = (await on.member("a")).getLock("x");
      assert.ok(await lock.acquire(SHARE));
      assert.ok(await lock.acquire(SHARE));
      const released = [await lock.release(), await lock.release(), await lock.release()];
      assert.deepEqual(released, [true, true, false]);
    },
  ),
  toozLaw(
    ["test_get_shared_lock_locking_two_lock"],
    "two coordinators share, those of one member id too",
    async (on) => {
      const [a, b, twin] = [await on.member("a"), await on.member("b"), await on.member("a")];
      for (const member of [a, b, twin]) assert.ok(await member.getLock("x").acquire(SHARE));
      assert.equal((await a.getLock("x").holders()).length, 3);
      const writer = b.getLock("x");
      assert.equal(await writer.break(), true, "all readers are sent away");
      assert.ok(await writer.acquire(TRY));
    },
  ),
  toozLaw(
    ["test_get_lock_locking_shared_and_exclusive"],
    "who wants a shared lock for itself gets it only when the last reader is gone",
    async (on) => {
      const [a, b, c] = [await on.member("a"), await on.member("b"), await on.member("c")];
      const [one, two] = [await a.getLock("x").hold(SHARE), await b.getLock("x").hold(SHARE)];
      const writer = c.getLock("x");
      assert.equal(await writer.acquire(TRY), null);
      assert.equal(await writer.release(), false);
      await one.release();
      assert.equal(await writer.acquire(TRY), null);
      await two.release();
      assert.ok(await writer.acquire(TRY));
    },
  ),
  toozLaw(
    ["test_get_lock_locking_exclusive_and_shared"],
    "nobody shares a lock that somebody has for itself",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      const writer = await a.getLock("x").hold(TRY);
      const reader = b.getLock("x");
      assert.equal(await reader.acquire(SHARE), null);
      assert.equal(await reader.release(), false);
      assert.equal(await a.getLock("x").acquire(SHARE), null);
      await writer.confirm();
      await writer.release();
      assert.ok(await reader.acquire(SHARE));
    },
  ),
  law("a dead reader does not keep a writer out for ever", async (on) => {
    const [a, b, c] = [await on.member("a"), await on.member("b"), await on.member("c")];
    await a.getLock("x").hold({ shared: true, ttl: on.short });
    const kept = await b.getLock("x").hold({ shared: true });
    await on.crash(a);
    const writing = c.getLock("x").acquire();
    await on.pass(6);
    await kept.release();
    assert.ok(await on.during(writing, 8_000));
  }),
];

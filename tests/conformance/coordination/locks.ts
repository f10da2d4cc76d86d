/**
 * Locks between objects, coordinators and processes.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { CoordinationCase } from "./place.ts";
import { law, toozLaw } from "./scene.ts";

const TRY = { timeout: 0 };

/** Cases about exclusive locks that nobody waits for. */
export const lockCases: readonly CoordinationCase[] = [
  toozLaw(["test_get_lock"], "a lock is acquired, released, and acquired again", async (on) => {
    const lock = (await on.member("a")).getLock("x");
    assert.equal(lock.name, "x");
    assert.ok(await lock.acquire());
    assert.equal(await lock.release(), true);
    await lock.with(() => assert.equal(lock.acquired, true));
    assert.equal(lock.acquired, false);
  }),
  toozLaw(
    ["test_heartbeat_lock_not_acquired"],
    "a lock that is not acquired has no heartbeat, and one that is has",
    async (on) => {
      const lock = (await on.member("a")).getLock("x");
      assert.equal(await lock.heartbeat(), false);
      await lock.acquire();
      assert.equal(await lock.heartbeat(), true);
      await lock.release();
      assert.equal(await lock.heartbeat(), false);
    },
  ),
  toozLaw(
    ["test_get_lock_release_broken"],
    "a lock that was broken and taken by another is not released by its first holder",
    async (on) => {
      const [a, b, c] = [await on.member("a"), await on.member("b"), await on.member("c")];
      const [mine, theirs] = [a.getLock("x"), b.getLock("x")];
      assert.ok(await mine.acquire());
      assert.equal(await theirs.break(), true);
      assert.ok(await theirs.acquire(TRY));
      assert.equal(await mine.release(), false);
      assert.equal(await c.getLock("x").acquire(TRY), null);
      assert.equal(await theirs.isStillOwner(), true);
      assert.equal(await theirs.release(), true);
      assert.equal(await theirs.break(), false);
    },
  ),
  toozLaw(
    ["test_get_lock_twice_locked_one_released_two"],
    "a second object of one lock neither acquires nor releases what the first holds",
    async (on) => {
      const a = await on.member("a");
      const [one, two] = [a.getLock("x"), a.getLock("x")];
      assert.ok(await one.acquire());
      assert.equal(await two.acquire(TRY), null);
      assert.equal(await two.release(), false);
      assert.deepEqual([one.acquired, two.acquired], [true, false]);
      assert.equal(await one.release(), true);
      assert.equal(await one.release(), false);
      assert.equal(await two.release(), false);
    },
  ),
  toozLaw(
    [
      "test_get_lock_twice_locked_twice",
      "test_get_lock_locked_twice",
      "test_get_multiple_locks_with_same_coord",
      "test_acquire_twice_no_deadlock_releasing",
    ],
    "a lock is not reentrant, on the same object either, and a second try does not cost the first",
    async (on) => {
      const a = await on.member("a");
      const [one, two] = [a.getLock("x"), a.getLock("x")];
      const lease = await one.hold();
      assert.equal(await one.acquire(TRY), null);
      assert.equal(await one.acquire({ blocking: false }), null);
      assert.equal(await two.acquire({ blocking: false }), null);
      await lease.confirm();
      assert.equal(await one.isStillOwner(), true);
      assert.equal(await one.release(), true);
      assert.ok(await two.acquire(TRY));
      assert.equal(await one.acquire(TRY), null);
      assert.equal(await two.release(), true);
    },
  ),
  toozLaw(
    ["test_ensure_acquire_release_return"],
    "release answers true once, and false when there is nothing to release",
    async (on) => {
      const lock = (await on.member("a")).getLock("x");
      assert.equal(await lock.release(), false);
      assert.ok(await lock.acquire());
      assert.deepEqual([await lock.release(), await lock.release()], [true, false]);
    },
  ),
  toozLaw(
    [
      "test_get_lock_multiple_coords",
      "test_get_lock_concurrency_locking_two_lock_process",
      "test_get_lock_concurrency_locking_two_lock_thread1",
      "test_get_lock_concurrency_locking_two_lock_thread2",
      "test_get_lock_serial_locking_two_lock_process",
    ],
    "coordinators exclude each other, those of one member id too, and hand over",
    async (on) => {
      const [a, b, twin] = [await on.member("a"), await on.member("b"), await on.member("a")];
      const first = await a.getLock("x").hold();
      for (const member of [a, b, twin]) {
        assert.equal(await member.getLock("x").acquire(TRY), null);
        assert.equal(await member.getLock("x").release(), false);
      }
      await first.release();
      const second = await b.getLock("x").hold(TRY);
      assert.ok(second.token > first.token);
      assert.equal(await a.getLock("x").acquire(TRY), null);
      await second.release();
      assert.ok(await twin.getLock("x").acquire(TRY));
    },
  ),
  toozLaw(
    ["test_get_lock_concurrency_locking2"],
    "locks of different names have nothing to do with each other",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      const one = await a.getLock("one").hold();
      const two = await a.getLock("two").hold();
      await two.release();
      assert.equal(await a.getLock("one").acquire(TRY), null);
      await one.confirm();
      assert.ok(await b.getLock("two").acquire(TRY));
      assert.equal(await b.getLock("one").acquire(TRY), null);
    },
  ),
  toozLaw(
    ["test_get_lock_context_fails", "test_lock_context_manager_acquire_argument_timeout"],
    "what cannot have the lock in time does not run, and the error names the holder",
    async (on) => {
      const [a, b] = [await on.member("the-holder"), await on.member("b")];
      await a.getLock("x").hold();
      const failed = { name: "LockAcquireFailed", message: /the-holder/ };
      const work = (): never => assert.fail("it ran without the lock");
      await assert.rejects(b.getLock("x").with(work, TRY), failed);
      await assert.rejects(b.getLock("x").with(work, { blocking: false }), failed);
      await assert.rejects(b.getLock("x").hold(TRY), failed);
    },
  ),
  toozLaw(
    [
      "test_get_lock_context_check_value",
      "test_lock_context_manager_acquire_no_argument",
      "test_lock_context_manager_acquire_argument",
      "test_lock_context_manager_acquire_argument_return_value",
      "test_lock_context_manager_acquire_argument_release_within",
    ],
    "work under a lock gets its lease, passes its options on, and may release by itself",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      const lock = a.getLock("x");
      const answer = await lock.with(async (lease) => {
        assert.deepEqual([lease.resource, lease.held, lease.ttl], ["lock:x", true, 5_000]);
        assert.equal(await b.getLock("x").acquire(TRY), null);
        assert.equal(await lease.release(), true);
        assert.ok(await b.getLock("x").acquire(TRY));
        return "done";
      }, { ttl: 5_000, blocking: false });
      assert.equal(answer, "done");
      assert.equal(await b.getLock("x").acquire(TRY), null, "b was not robbed when a ended");
      await assert.rejects(
        a.getLock("y").with(() => Promise.reject(new Error("its own"))),
        /its own/,
      );
      assert.ok(await b.getLock("y").acquire(TRY));
    },
  ),
  law("everyone can ask who has a lock, and its holder alone owns it", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    assert.deepEqual(await b.getLock("x").holders(), []);
    const mine = a.getLock("x");
    const { token } = await mine.hold();
    const [holder, ...others] = await b.getLock("x").holders();
    assert.deepEqual([holder?.memberId, holder?.token, others.length], ["a", token, 0]);
    assert.deepEqual([await mine.isStillOwner(), await b.getLock("x").isStillOwner()], [
      true,
      false,
    ]);
    await b.getLock("x").break();
    assert.equal(await mine.isStillOwner(), false);
    await mine.release();
    assert.equal(await mine.isStillOwner(), false);
  }),
];

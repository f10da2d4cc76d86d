/**
 * A coordinator's own life: start, beat, stop.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { CoordinationCase } from "./place.ts";
import { law, LONG, toozLaw } from "./scene.ts";
import { tell } from "./tell.ts";

const MISUSE = { name: "CoordinationError", code: "misuse" };

/** Cases about the life of a coordinator. */
export const lifecycleCases: readonly CoordinationCase[] = [
  toozLaw(
    ["test_connection_error_bad_host"],
    "start fails where the backend is not reached, and leaves the coordinator unstarted",
    async (on) => {
      const a = await on.member("a");
      on.wire(a).fates.push("refuse");
      await assert.rejects(a.start(), { name: "ConnectionError" });
      assert.equal(a.isStarted, false);
      await a.start();
    },
  ),
  toozLaw(
    ["test_stop_first"],
    "what was never started cannot be stopped, and a stop too many hides no other error",
    async (on) => {
      const a = await on.member("a");
      await assert.rejects(a.stop(), MISUSE);
      on.wire(a).fates.push("refuse");
      await assert.rejects(a.start(), { name: "ConnectionError" });
      await a.stop();
      await a.start();
      await assert.rejects(a.start(), MISUSE);
      await a.stop();
      await a.stop();
      assert.equal(a.isStarted, false);
    },
  ),
  toozLaw(
    ["test_get_started_status"],
    "isStarted tells, and a stopped coordinator can start again",
    async (on) => {
      const a = await on.member("a");
      const seen = [a.isStarted];
      await a.start();
      seen.push(a.isStarted);
      await a.stop();
      seen.push(a.isStarted);
      await a.start();
      seen.push(a.isStarted);
      assert.deepEqual(seen, [false, true, false, true]);
      await a.joinGroupCreate("g");
      assert.deepEqual(await a.getMembers("g"), new Set(["a"]));
    },
  ),
  toozLaw(
    ["test_heartbeat"],
    "a heartbeat answers when the next is due: soon enough for what is held, never for nothing",
    async (on) => {
      const a = await on.member("a");
      await a.start();
      assert.ok(await a.heartbeat() < Infinity, "a loop that sleeps by it would never wake");
      await a.joinGroupCreate("g");
      const next = await a.heartbeat();
      assert.ok(next > 0 && next < LONG / 2, `${next}`);
      await a.getLock("x").hold({ ttl: on.short });
      const sooner = await a.heartbeat();
      assert.ok(sooner > 0 && sooner < on.short / 2, `${sooner}`);
    },
  ),
  toozLaw(
    ["test_heartbeat_loop"],
    "a started heartbeat keeps locks, leadership and membership past their ttl, until stop",
    async (on) => {
      const [a, b] = [await on.member("a", { ttl: on.short }), await on.member("b")];
      await a.start({ heartbeat: true });
      const membership = await a.joinGroupCreate("g");
      const lock = await a.getLock("x").hold();
      const leadership = await a.election("g").campaign();
      const beats = await on.requests(a, () => on.pass(6));
      assert.ok(beats >= 3, `${beats} beats in one and a half ttls`);
      assert.deepEqual([membership.held, lock.held, leadership?.held], [true, true, true]);
      assert.deepEqual(await b.getMembers("g"), new Set(["a"]));
      assert.equal((await b.getLeader("g"))?.memberId, "a");
      await a.stop();
      assert.equal(await on.requests(a, () => on.pass(3)), 0);
    },
  ),
  toozLaw(
    ["test_disconnect_leave_group"],
    "stop leaves every group, releases every lock and stands down, at once",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      await a.start();
      await b.joinGroupCreate("g");
      const membership = await a.joinGroup("g");
      await a.joinGroupCreate("h");
      const lock = await a.getLock("x").hold();
      await a.election("g").campaign();
      await b.watchLeaveGroup("g", tell);
      assert.equal(await on.requests(a, () => a.stop()), 1);
      assert.deepEqual(await b.runWatchers(), ["left g a (left)"]);
      assert.deepEqual(await b.getMembers("g"), new Set(["b"]));
      assert.deepEqual(await b.getMembers("h"), new Set());
      assert.deepEqual(await b.getGroups(), new Set(["g", "h"]));
      assert.equal(await b.getLeader("g"), null);
      assert.ok(await b.getLock("x").acquire({ timeout: 0 }));
      assert.deepEqual([membership.signal.aborted, lock.signal.aborted], [true, true]);
    },
  ),
  toozLaw(
    ["test_timeout"],
    "of two members the one that does not beat expires, and is reported to have left once",
    async (on) => {
      const [a, b] = [
        await on.member("a", { membershipTtl: on.short }),
        await on.member("b", { membershipTtl: on.short }),
      ];
      await a.joinGroupCreate("g");
      await b.joinGroup("g");
      const left: unknown[] = [];
      await a.watchLeaveGroup("g", (event) => left.push(event));
      await on.until("b has expired", async () => {
        await a.heartbeat();
        return (await a.getMembers("g")).size === 1;
      });
      assert.deepEqual(await a.getMembers("g"), new Set(["a"]));
      assert.deepEqual(await a.runWatchers(), [1]);
      const [event] = left as { type: string; memberId: string; reason: string }[];
      assert.deepEqual([event?.type, event?.memberId, event?.reason], ["left", "b", "expired"]);
      await a.heartbeat();
      assert.deepEqual(await a.runWatchers(), []);
    },
  ),
  law("everything works unstarted, and dispose ends it as stop does", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    const membership = await a.joinGroupCreate("g");
    await a[Symbol.asyncDispose]();
    assert.deepEqual(await b.getMembers("g"), new Set());
    assert.equal(membership.signal.aborted, true);
  }),
  law("stop does not wait for a backend that is gone, and the rest ends by its ttl", async (on) => {
    const events: string[] = [];
    const [a, b] = [
      await on.member("a", { ttl: on.short, on: ({ type }) => void events.push(type) }),
      await on.member("b"),
    ];
    await a.start({ heartbeat: true });
    const membership = await a.joinGroupCreate("g");
    const lock = await a.getLock("x").hold();
    on.wire(a).weather = "silence";
    // Tooz's stop waits for its heart, which waits for the backend, for ever.
    await on.pass(1);
    const stopped = a.stop();
    assert.deepEqual([membership.signal.aborted, lock.signal.aborted], [true, true]);
    await on.during(stopped, 12_000);
    assert.equal(a.isStarted, false);
    assert.ok(events.includes("release-failed"));
    await on.crash(a);
    await on.until("b sees a gone", async () => (await b.getMembers("g")).size === 0);
    assert.ok(await on.during(b.getLock("x").acquire({ timeout: 4 * on.short })));
  }),
];

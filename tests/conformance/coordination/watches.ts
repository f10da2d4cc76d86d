/**
 * Watching a group: who is told what, and when not.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { GroupEvent } from "../../../mod.ts";
import type { CoordinationCase } from "./place.ts";
import { law, toozLaw } from "./scene.ts";
import { tell } from "./tell.ts";

/** Cases about watches. */
export const watchCases: readonly CoordinationCase[] = [
  toozLaw(
    ["test_watch_group_join"],
    "a join is told once, to those who watch, and not after they stopped",
    async (on) => {
      const [a, b, c] = [await on.member("a"), await on.member("b"), await on.member("c")];
      const seen: GroupEvent[] = [];
      const callback = (event: GroupEvent): string => `${seen.push(event)} ${event.type}`;
      await a.createGroup("g");
      await a.watchJoinGroup("g", callback);
      const { incarnation } = await b.joinGroup("g", { zone: "fra" });
      assert.deepEqual(seen, [], "nothing is told but by runWatchers");
      assert.deepEqual(await a.runWatchers(), ["1 joined"]);
      const joined = { type: "joined", group: "g", memberId: "b", incarnation };
      assert.deepEqual(seen, [{ ...joined, capabilities: { zone: "fra" } }]);
      assert.deepEqual(await a.runWatchers(), []);
      a.unwatchJoinGroup("g", callback);
      await c.joinGroup("g");
      assert.deepEqual(await a.runWatchers(), []);
      assert.equal(seen.length, 1);
    },
  ),
  toozLaw(
    ["test_watch_leave_group"],
    "a leave is told once, with its reason, and not after they stopped",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      await b.joinGroupCreate("g");
      await a.watchJoinGroup("g", tell);
      await a.watchLeaveGroup("g", tell);
      assert.deepEqual(await a.runWatchers(), [], "who was there is no news");
      await a.joinGroup("g");
      assert.deepEqual(await a.runWatchers(), ["joined g a"]);
      await b.leaveGroup("g");
      assert.deepEqual(await a.runWatchers(), ["left g b (left)"]);
      a.unwatchLeaveGroup("g", tell);
      await a.leaveGroup("g");
      assert.deepEqual(await a.runWatchers(), []);
    },
  ),
  toozLaw(
    ["test_watch_join_group_disappear"],
    "a group that disappears is told as the leave of all its members",
    async (on) => {
      const [a, b, c] = [await on.member("a"), await on.member("b"), await on.member("c")];
      await b.joinGroupCreate("g");
      await c.joinGroup("g");
      await a.watchLeaveGroup("g", tell);
      await b.leaveGroup("g");
      await c.leaveGroup("g");
      await b.deleteGroup("g");
      assert.deepEqual(await a.runWatchers(), ["left g b (left)", "left g c (left)"]);
      assert.deepEqual(await a.runWatchers(), []);
      await b.joinGroupCreate("g");
      await a.watchJoinGroup("g", tell);
      await a.runWatchers();
      await c.joinGroup("g");
      assert.deepEqual(await a.runWatchers(), ["joined g c"]);
    },
  ),
  toozLaw(
    ["test_watch_join_group_non_existent", "test_watch_leave_group_non_existent"],
    "a group that does not exist cannot be watched, and then is not",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      const missing = { name: "GroupNotCreated", group: "g" };
      await assert.rejects(a.watchJoinGroup("g", tell), missing);
      await assert.rejects(a.watchLeaveGroup("g", tell), missing);
      const notFound = { name: "WatchCallbackNotFound", group: "g" };
      assert.throws(() => a.unwatchJoinGroup("g", tell), notFound);
      assert.throws(() => a.unwatchLeaveGroup("g", tell), notFound);
      await b.joinGroupCreate("g");
      await b.leaveGroup("g");
      assert.deepEqual(await a.runWatchers(), []);
    },
  ),
  toozLaw(
    ["test_watch_join_group_booted_out"],
    "whoever has our member id can take us out of a group, and we learn it",
    async (on) => {
      const [a, twin] = [await on.member("a"), await on.member("a")];
      const membership = await a.joinGroupCreate("g");
      await a.watchLeaveGroup("g", tell);
      await twin.joinGroup("g", null, { replace: true });
      await twin.leaveGroup("g");
      const { events } = await a.tick();
      assert.ok(events.some(({ type }) => type === "evicted"), events.map(tell).join());
      assert.equal(membership.held, false);
      await assert.rejects(a.leaveGroup("g"), { name: "MemberNotJoined" });
      await a.joinGroup("g");
    },
  ),
  toozLaw(
    ["test_unwatch_leave_group"],
    "a group that nobody watches any more is not looked at any more",
    async (on) => {
      const a = await on.member("a");
      await a.createGroup("g");
      await a.watchLeaveGroup("g", tell);
      assert.equal(await on.requests(a, () => a.runWatchers()), 1);
      a.unwatchLeaveGroup("g", tell);
      assert.equal(await on.requests(a, () => a.runWatchers()), 0);
    },
  ),
  law("who expires is told as left with another reason than who leaves", async (on) => {
    const [a, b, c] = [await on.member("a"), await on.member("b"), await on.member("c")];
    await b.joinGroupCreate("g", null, { ttl: on.short });
    await c.joinGroup("g");
    await a.watchLeaveGroup("g", tell);
    await on.crash(b);
    await c.leaveGroup("g");
    const told: unknown[] = [];
    await on.until("both are told", async () => told.push(...await a.runWatchers()) === 2);
    assert.deepEqual(told.sort(), ["left g b (expired)", "left g c (left)"]);
  }),
  law(
    "of several groups joins are told before leaves, in one request, and elections last",
    async (on) => {
      const [a, b, c] = [await on.member("a"), await on.member("b"), await on.member("c")];
      for (const group of ["g", "h", "i"]) {
        await b.joinGroupCreate(group);
        await a.watchLeaveGroup(group, tell);
        await a.watchJoinGroup(group, tell);
      }
      a.watchElectedAsLeader("g", tell);
      for (const group of ["h", "g"]) {
        await b.leaveGroup(group);
        await c.joinGroup(group);
      }
      let told: unknown[] = [];
      assert.equal(await on.requests(a, async () => told = await a.runWatchers()), 1);
      const of = (group: string) => told.filter((text) => `${text}`.includes(` ${group} `));
      assert.deepEqual(of("g"), ["joined g c", "left g b (left)", "elected g a"]);
      assert.deepEqual(of("h"), ["joined h c", "left h b (left)"]);
      assert.equal(told.length, 5);
      assert.equal(told.at(-1), "elected g a");
    },
  ),
  law("what happened while nobody watched is not told when somebody watches again", async (on) => {
    const [a, b, c] = [await on.member("a"), await on.member("b"), await on.member("c")];
    await a.createGroup("g");
    await a.watchJoinGroup("g", tell);
    a.unwatchJoinGroup("g", tell);
    await b.joinGroup("g");
    await a.watchJoinGroup("g", tell);
    assert.deepEqual(await a.runWatchers(), []);
    await c.joinGroup("g");
    assert.deepEqual(await a.runWatchers(), ["joined g c"]);
  }),
  law("who expired is told of its own leave as of any other", async (on) => {
    const a = await on.member("a");
    await a.joinGroupCreate("g", null, { ttl: on.short });
    await a.watchLeaveGroup("g", tell);
    await on.pass(4);
    const told: unknown[] = [];
    await on.until("it is told", async () => told.push(...await a.runWatchers()) > 0);
    assert.deepEqual(told, ["left g a (expired)"]);
  }),
];

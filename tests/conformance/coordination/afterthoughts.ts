/**
 * Laws that the first implementation did not keep: late answers, collisions with oneself, cursors.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { CoordinationCase } from "./place.ts";
import { law } from "./scene.ts";

/** What came to light when the suite first ran. */
export const afterthoughtCases: readonly CoordinationCase[] = [
  law("when a member joined stays what it said, however slow the join was", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    const gate = Promise.withResolvers<void>();
    on.wire(a).fates.push(gate.promise);
    const joining = a.joinGroupCreate("g");
    await on.pass(1);
    gate.resolve();
    await joining;
    const { joined } = await b.getMemberInfo("g", "a");
    await a.updateCapabilities("g", 1);
    assert.equal((await b.getMemberInfo("g", "a")).joined, joined);
  }),
  law("a cursor is not trusted: whatever is in it, a tick throws nothing", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    await b.joinGroupCreate("g");
    for (
      const groups of [
        '[["g",{"members":7,"term":"x"}]]',
        '[["g",{"members":{"b":null},"term":0}]]',
        '[["g",{"members":{"c":null},"term":0}]]',
        '[["g",{"members":{"c":[]},"term":0}]]',
        '[["g",{"members":[[1,2]],"term":0}]]',
        '[["g",{}]]',
        '[["g",{"members":{}}]]',
        "[[1,null]]",
        '[["",null]]',
        '[["\\u0000",{"members":{},"term":0}]]',
      ]
    ) {
      const since = `{"v":1,"groups":${groups}}`;
      const { events } = await a.tick({ watch: ["g"], since });
      assert.equal(events[0]?.type, "resync", since);
    }
  }),
  law("deleteGroup that is delivered twice is done, and not refused", async (on) => {
    const a = await on.member("a");
    await a.createGroup("g");
    on.wire(a).fates.push("twice");
    await a.deleteGroup("g");
  }),
  law("a leave during the tick that joins again is not undone by it", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    await a.joinGroupCreate("g", null, { ttl: on.short, rejoin: true });
    await on.pass(4);
    await on.until("a is gone", async () => (await b.getMembers("g")).size === 0);
    const gate = Promise.withResolvers<void>();
    on.wire(a).fates.push(gate.promise);
    const ticking = a.tick();
    await a.leaveGroup("g").catch(() => {});
    gate.resolve();
    await ticking;
    await on.until("a is gone for good", async () => (await b.getMembers("g")).size === 0);
    await a.tick();
    assert.deepEqual(await b.getMembers("g"), new Set());
  }),
  law("who wants to be back is due for a tick while it is not", async (on) => {
    // The member stops believing a little before the backend does, and then is in its own way.
    const clocks = { step: on.unit };
    const [a, b] = [await on.member("a", { clocks }), await on.member("b")];
    const membership = await a.joinGroupCreate("g", null, { ttl: on.short, rejoin: true });
    await on.until("it stops believing", () => !membership.held);
    for (let ticks = 0; ticks < 20; ticks++) {
      const { next } = await a.tick();
      assert.ok(next < Infinity, "nobody would ever tick again");
      if (next > on.unit) break;
      await on.pass(1);
    }
    assert.deepEqual(await b.getMembers("g"), new Set(["a"]));
  }),
  law("who was evicted by its own clock is not kept out by its own lease", async (on) => {
    const clocks = { step: on.unit };
    const a = await on.member("a", { clocks });
    const membership = await a.joinGroupCreate("g", 1, { ttl: on.short });
    await on.until("it stops believing", () => !membership.held);
    await a.joinGroup("g", 2);
  }),
  law("a join that is answered after stop does not stay", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    await a.start();
    await b.createGroup("g");
    const gate = Promise.withResolvers<void>();
    on.wire(a).fates.push(gate.promise);
    const joining = a.joinGroupCreate("g").catch(() => undefined);
    await a.stop();
    gate.resolve();
    assert.ok(!(await joining)?.held);
    await on.until("nobody is there", async () => (await b.getMembers("g")).size === 0);
  }),
  law("what a run of the watchers noticed is still told by the next tick", async (on) => {
    const a = await on.member("a");
    await a.joinGroupCreate("g", null, { ttl: on.short });
    await on.pass(4);
    await a.runWatchers();
    await a.runElectCoordinator();
    const { events } = await a.tick();
    assert.ok(events.some(({ type }) => type === "evicted"));
  }),
  law("a group that was deleted cannot be watched anew, though it is remembered", async (on) => {
    const a = await on.member("a");
    await a.createGroup("g");
    await a.watchJoinGroup("g", () => {});
    await a.deleteGroup("g");
    await a.runWatchers();
    await assert.rejects(a.watchLeaveGroup("g", () => {}), { name: "GroupNotCreated" });
  }),
];

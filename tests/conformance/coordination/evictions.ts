/**
 * Members that are gone without having left: expired, replaced, restarted, back again.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { CoordinationCase } from "./place.ts";
import { law } from "./scene.ts";

/** Cases about eviction. */
export const evictionCases: readonly CoordinationCase[] = [
  law("a member that does not beat is evicted, is told so, and can join again", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    const told: string[] = [];
    const onEvicted = (group: string): void => void told.push(group);
    const first = await a.joinGroupCreate("g", null, { ttl: on.short, onEvicted });
    await on.pass(4);
    assert.deepEqual([first.held, first.signal.aborted], [false, true]);
    assert.deepEqual(told, ["g"]);
    await on.until("b sees it gone", async () => (await b.getMembers("g")).size === 0);
    const { events } = await a.tick();
    const { incarnation } = first;
    assert.deepEqual(events, [{ type: "evicted", group: "g", memberId: "a", incarnation }]);
    await assert.rejects(a.leaveGroup("g"), { name: "MemberNotJoined" });
    const second = await a.joinGroup("g");
    assert.ok(second.incarnation > incarnation);
    assert.deepEqual(await b.getMembers("g"), new Set(["a"]));
    assert.deepEqual(told, ["g"]);
  }),
  law(
    "beats do not bring an expired member back, not even before anyone has looked",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      await a.joinGroupCreate("g", null, { ttl: on.short });
      await on.pass(4);
      // In Tooz an expired member lived on if it beat before somebody listed the group.
      await on.until("it has expired", async () => {
        await a.heartbeat();
        return (await b.getMembers("g")).size === 0;
      });
      await a.heartbeat();
      assert.deepEqual(await b.getMembers("g"), new Set());
    },
  ),
  law("heartbeats keep a member past its ttl", async (on) => {
    const [a, b] = [await on.member("a", { membershipTtl: on.short }), await on.member("b")];
    const membership = await a.joinGroupCreate("g", "kept");
    for (let beat = 0; beat < 3; beat++) {
      await on.pass(2);
      await a.heartbeat();
    }
    assert.equal(membership.held, true);
    assert.equal(await b.getMemberCapabilities("g", "a"), "kept");
    assert.equal((await b.getMemberInfo("g", "a")).incarnation, membership.incarnation);
  }),
  law("a change of capabilities renews as a beat does", async (on) => {
    const [a, b] = [await on.member("a", { membershipTtl: on.short }), await on.member("b")];
    const membership = await a.joinGroupCreate("g", 0);
    for (let change = 1; change <= 3; change++) {
      await on.pass(2);
      await a.updateCapabilities("g", change);
    }
    assert.equal(membership.held, true);
    assert.equal(await b.getMemberCapabilities("g", "a"), 3);
  }),
  law("who wants to be back joins again at the next tick, with its capabilities", async (on) => {
    const [a, b] = [await on.member("a", { membershipTtl: on.short }), await on.member("b")];
    const first = await a.joinGroupCreate("g", 1, { rejoin: true });
    await a.updateCapabilities("g", { weight: 2 });
    await on.pass(4);
    await on.until("b sees it gone", async () => (await b.getMembers("g")).size === 0);
    const sent = await on.requests(a, async () => {
      const { events } = await a.tick();
      assert.ok(events.some(({ type }) => type === "evicted"));
    });
    assert.equal(sent, 1);
    assert.deepEqual(await b.getMemberCapabilities("g", "a"), { weight: 2 });
    const { incarnation } = await b.getMemberInfo("g", "a");
    assert.ok(incarnation > first.incarnation);
    await on.pass(2);
    await a.heartbeat();
    await on.pass(2);
    assert.deepEqual(await b.getMembers("g"), new Set(["a"]));
    await a.leaveGroup("g");
    await a.tick();
    assert.deepEqual(await b.getMembers("g"), new Set(), "who left does not want to be back");
  }),
  law("who left, or whose group is gone, is not brought back by a wish to rejoin", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    await a.joinGroupCreate("g", null, { rejoin: true, ttl: on.short });
    await on.pass(4);
    await on.until("the group can be deleted", async () => {
      return await b.deleteGroup("g").then(() => true, () => false);
    });
    await a.tick();
    await a.tick();
    assert.deepEqual(await b.getGroups(), new Set());
    await b.createGroup("g");
    await a.tick();
    assert.deepEqual(await b.getMembers("g"), new Set(["a"]), "the group is there again");
  }),
  law(
    "a restarted process is kept out by its old self only until that one's ttl ends",
    async (on) => {
      const old = await on.member("a");
      await old.joinGroupCreate("g", "old", { ttl: on.short });
      await on.crash(old);
      const young = await on.member("a");
      await young.start();
      await young.heartbeat();
      await assert.rejects(young.joinGroup("g", "young"), { name: "MemberAlreadyExist" });
      assert.equal(await young.getMemberCapabilities("g", "a"), "old");
      await on.until("its old self is gone", async () => {
        // In Tooz the new process's own beats kept the ghost alive for ever.
        await young.heartbeat();
        return await young.joinGroup("g", "young").then(() => true, () => false);
      });
      assert.equal(await young.getMemberCapabilities("g", "a"), "young");
      await young.stop();
      assert.deepEqual(await (await on.member("b")).getMembers("g"), new Set());
    },
  ),
  law("a restarted process may take its old self's place at once, as a later life", async (on) => {
    const [old, b] = [await on.member("a"), await on.member("b")];
    const first = await old.joinGroupCreate("g", "old");
    await b.watchJoinGroup("g", () => {});
    await on.crash(old);
    const young = await on.member("a");
    const second = await young.joinGroup("g", "young", { replace: true });
    assert.ok(second.incarnation > first.incarnation);
    const { events } = await b.tick();
    assert.deepEqual(events.map(({ type }) => type), ["restarted"]);
    assert.deepEqual(await b.getMembersWithCapabilities("g"), new Map([["a", "young"]]));
  }),
  law(
    "who was replaced learns it at its next beat, and harms its successor in no way",
    async (on) => {
      const [old, young] = [await on.member("a"), await on.member("a")];
      const told: string[] = [];
      const onEvicted = (group: string): void => void told.push(group);
      const first = await old.joinGroupCreate("g", "old", { onEvicted });
      const second = await young.joinGroup("g", "young", { replace: true });
      assert.ok(second.incarnation > first.incarnation);
      await old.heartbeat();
      assert.deepEqual([first.held, first.signal.aborted, told], [false, true, ["g"]]);
      const notJoined = { name: "MemberNotJoined" };
      await assert.rejects(old.updateCapabilities("g", "ghost"), notJoined);
      await assert.rejects(old.leaveGroup("g"), notJoined);
      await old[Symbol.asyncDispose]();
      await young.heartbeat();
      assert.equal(second.held, true);
      assert.equal(await young.getMemberCapabilities("g", "a"), "young");
    },
  ),
  law("who was replaced without a beat since still harms its successor in no way", async (on) => {
    const [old, young] = [await on.member("a"), await on.member("a")];
    await old.joinGroupCreate("g", "old");
    const second = await young.joinGroup("g", "young", { replace: true });
    await assert.rejects(old.updateCapabilities("g", "ghost"), { name: "MemberNotJoined" });
    await assert.rejects(old.leaveGroup("g"), { name: "MemberNotJoined" });
    await old[Symbol.asyncDispose]();
    await young.heartbeat();
    assert.equal(second.held, true);
    assert.deepEqual(await young.getMembersWithCapabilities("g"), new Map([["a", "young"]]));
  }),
];

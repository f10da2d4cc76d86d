/**
 * Membership: joining, leaving, and who is there.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { CoordinationCase } from "./place.ts";
import { crowdLaw, law, toozLaw } from "./scene.ts";

/** Cases about joining and leaving. */
export const joiningCases: readonly CoordinationCase[] = [
  toozLaw(["test_join_group"], "who joins a group is a member of it", async (on) => {
    const a = await on.member("a");
    await a.createGroup("g");
    const membership = await a.joinGroup("g");
    assert.deepEqual(await a.getMembers("g"), new Set(["a"]));
    assert.deepEqual([membership.group, membership.held], ["g", true]);
    assert.equal(membership.signal.aborted, false);
    assert.ok(Number.isSafeInteger(membership.incarnation));
  }),
  toozLaw(
    ["test_join_nonexistent_group"],
    "a group that does not exist cannot be joined, and does not come to exist by trying",
    async (on) => {
      const a = await on.member("a");
      await assert.rejects(a.joinGroup("g"), { name: "GroupNotCreated", group: "g" });
      assert.deepEqual(await a.getGroups(), new Set());
    },
  ),
  toozLaw(
    ["test_join_group_create"],
    "joinGroupCreate joins, be the group there or not",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      await a.joinGroupCreate("g", { made: true });
      await b.joinGroupCreate("g");
      assert.deepEqual(await a.getGroups(), new Set(["g"]));
      assert.deepEqual(await b.getMembers("g"), new Set(["a", "b"]));
      assert.deepEqual(await b.getMemberCapabilities("g", "a"), { made: true });
    },
  ),
  toozLaw(
    ["test_join_group_with_member_id_already_exists"],
    "a member id is taken once, by whatever way the second tries to join",
    async (on) => {
      const [a, twin] = [await on.member("a"), await on.member("a")];
      const membership = await a.joinGroupCreate("g", "the first's");
      const taken = { name: "MemberAlreadyExist", group: "g", member: "a" };
      for (const member of [twin, a]) {
        await assert.rejects(member.joinGroup("g", "other"), taken);
        await assert.rejects(member.joinGroupCreate("g", "other"), taken);
      }
      assert.equal(membership.held, true);
      assert.equal(await twin.getMemberCapabilities("g", "a"), "the first's");
    },
  ),
  toozLaw(["test_leave_group"], "who leaves a group is no member any more", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    const membership = await a.joinGroupCreate("g");
    await b.joinGroup("g");
    await a.leaveGroup("g");
    assert.deepEqual(await b.getMembers("g"), new Set(["b"]));
    assert.deepEqual([membership.held, membership.signal.aborted], [false, true]);
  }),
  law("who left can join again, as a later incarnation", async (on) => {
    const a = await on.member("a");
    const first = await a.joinGroupCreate("g", 1);
    await a.leaveGroup("g");
    const second = await a.joinGroup("g", 2);
    assert.ok(second.incarnation > first.incarnation);
    assert.deepEqual([first.held, second.held], [false, true]);
    assert.equal(await a.getMemberCapabilities("g", "a"), 2);
  }),
  toozLaw(
    ["test_leave_nonexistent_group"],
    "a group that does not exist cannot be left",
    async (on) => {
      const a = await on.member("a");
      await assert.rejects(a.leaveGroup("g"), {
        name: "MemberNotJoined",
        group: "g",
        member: "a",
      });
    },
  ),
  toozLaw(
    ["test_leave_group_not_joined_by_member"],
    "only a member can leave, and only once, and only itself",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      await a.joinGroupCreate("g");
      await assert.rejects(b.leaveGroup("g"), { name: "MemberNotJoined", group: "g", member: "b" });
      assert.deepEqual(await b.getMembers("g"), new Set(["a"]));
      await a.leaveGroup("g");
      await assert.rejects(a.leaveGroup("g"), { name: "MemberNotJoined", group: "g", member: "a" });
    },
  ),
  toozLaw(
    ["test_get_members", "test_get_members_str_member_id"],
    "everyone sees exactly the members, by the names they gave themselves",
    async (on) => {
      const [a, b, stranger] = [
        await on.member("a"),
        await on.member("b"),
        await on.member("stranger"),
      ];
      await a.createGroup("g");
      assert.deepEqual(await a.getMembers("g"), new Set());
      await a.joinGroup("g");
      await b.joinGroup("g");
      for (const member of [a, b, stranger]) {
        assert.deepEqual(await member.getMembers("g"), new Set(["a", "b"]));
      }
      await assert.rejects(a.getMembers("h"), { name: "GroupNotCreated", group: "h" });
    },
  ),
  law("a member can be in several groups, and leave one of them", async (on) => {
    const a = await on.member("a");
    for (const group of ["f", "g", "h"]) await a.joinGroupCreate(group);
    await a.leaveGroup("g");
    assert.deepEqual(await a.getMembers("f"), new Set(["a"]));
    assert.deepEqual(await a.getMembers("g"), new Set());
    assert.deepEqual(await a.getMembers("h"), new Set(["a"]));
  }),
  law("leaving a group keeps the locks and the leadership that were taken for it", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    await a.joinGroupCreate("g");
    const lock = await a.getLock("g").hold();
    assert.ok(await a.election("g").campaign());
    await a.leaveGroup("g");
    assert.equal(await lock.renew(), true);
    assert.equal((await b.getLeader("g"))?.memberId, "a");
  }),
  crowdLaw("the many members of one group are all seen, and all go", async (on) => {
    const members = await on.members(on.many);
    const [first] = members;
    assert.ok(first);
    await first.createGroup("g");
    await Promise.all(members.map((member, i) => member.joinGroup("g", { i })));
    const seen = await first.getMembersWithCapabilities("g");
    assert.equal(seen.size, members.length);
    for (const [i, { memberId }] of members.entries()) {
      assert.deepEqual(seen.get(memberId), { i });
    }
    await Promise.all(members.map((member) => member.leaveGroup("g")));
    await first.deleteGroup("g");
  }),
];

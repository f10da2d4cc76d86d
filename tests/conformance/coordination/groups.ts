/**
 * Groups: made, listed and deleted.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { CoordinationCase } from "./place.ts";
import { law, toozLaw } from "./scene.ts";

/** Cases about groups. */
export const groupCases: readonly CoordinationCase[] = [
  toozLaw(["test_create_group"], "a group that was created is listed", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    assert.deepEqual(await a.getGroups(), new Set());
    await a.createGroup("g");
    assert.deepEqual(await b.getGroups(), new Set(["g"]));
  }),
  toozLaw(
    ["test_create_group_already_exist"],
    "a group is created once, whoever asks again",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      await a.createGroup("g");
      for (const member of [a, b]) {
        await assert.rejects(member.createGroup("g"), { name: "GroupAlreadyExist", group: "g" });
      }
    },
  ),
  toozLaw(
    ["test_get_groups", "test_get_groups_str_group_id"],
    "all groups are listed, by the names they were given",
    async (on) => {
      const a = await on.member("a");
      const groups = ["one", "two", "three", "four", "five"];
      for (const group of groups) await a.createGroup(group);
      assert.deepEqual(await a.getGroups(), new Set(groups));
    },
  ),
  toozLaw(
    ["test_delete_group"],
    "a deleted group is not listed, and nobody can join it",
    async (on) => {
      const a = await on.member("a");
      await a.createGroup("g");
      await a.createGroup("h");
      await a.deleteGroup("g");
      assert.deepEqual(await a.getGroups(), new Set(["h"]));
      await assert.rejects(a.joinGroup("g"), { name: "GroupNotCreated", group: "g" });
      await a.createGroup("g");
      await a.joinGroup("g");
    },
  ),
  toozLaw(
    ["test_delete_group_non_existent"],
    "a group that does not exist cannot be deleted",
    async (on) => {
      const a = await on.member("a");
      await assert.rejects(a.deleteGroup("g"), { name: "GroupNotCreated", group: "g" });
    },
  ),
  toozLaw(
    ["test_delete_group_non_empty"],
    "a group with members cannot be deleted, by a member or by others, until they left",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      await a.createGroup("g");
      await a.joinGroup("g");
      for (const member of [a, b]) {
        await assert.rejects(member.deleteGroup("g"), { name: "GroupNotEmpty", group: "g" });
      }
      assert.deepEqual(await b.getMembers("g"), new Set(["a"]));
      await a.leaveGroup("g");
      await b.deleteGroup("g");
      assert.deepEqual(await a.getGroups(), new Set());
    },
  ),
  law("a group whose only member died can be deleted once its ttl is over", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    await a.createGroup("g");
    await a.joinGroup("g", null, { ttl: on.short });
    await on.crash(a);
    await assert.rejects(b.deleteGroup("g"), { name: "GroupNotEmpty" });
    await on.until("the group can be deleted", async () => {
      return await b.deleteGroup("g").then(() => true, (error) => {
        assert.equal(error.name, "GroupNotEmpty");
        return false;
      });
    });
    assert.deepEqual(await b.getGroups(), new Set());
  }),
  law("a group needs no members and no renewals to exist", async (on) => {
    const [a, b] = [await on.member("a", { ttl: on.short }), await on.member("b")];
    await a.createGroup("g");
    await a[Symbol.asyncDispose]();
    await on.pass(5);
    assert.deepEqual(await b.getGroups(), new Set(["g"]));
    assert.deepEqual(await b.getMembers("g"), new Set());
  }),
  law("groups of two namespaces never meet", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("a", { namespace: `x${Date.now()}` })];
    await a.joinGroupCreate("g");
    await assert.rejects(b.getMembers("g"), { name: "GroupNotCreated" });
    assert.equal((await b.getGroups()).has("g"), false);
  }),
];

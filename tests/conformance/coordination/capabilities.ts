/**
 * What members say about themselves.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Json } from "../../../mod.ts";
import type { CoordinationCase } from "./place.ts";
import { law, toozLaw } from "./scene.ts";

const COMPLEX = { type: "warrior", abilities: ["fight", "flight", { level: 5, "": [null] }] };

/** Every kind of JSON, and texts that careless code loses. */
const VALUES: readonly Json[] = [
  null,
  true,
  false,
  0,
  -1.5,
  "",
  "null",
  "\0\u2028é𝄞",
  [],
  {},
  [[], [null]],
  { __proto__x: 1, constructor: "c", "a b": { "": "" } },
];

/** Cases about capabilities. */
export const capabilityCases: readonly CoordinationCase[] = [
  toozLaw(["test_get_member_capabilities"], "capabilities are seen by others", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    await a.createGroup("g");
    await a.joinGroup("g", { zone: "fra" });
    assert.deepEqual(await b.getMemberCapabilities("g", "a"), { zone: "fra" });
  }),
  toozLaw(
    ["test_get_member_capabilities_complex"],
    "capabilities may be any JSON, and come back as they were",
    async (on) => {
      const a = await on.member("a");
      await a.joinGroupCreate("g", COMPLEX);
      assert.deepEqual(await a.getMemberCapabilities("g", "a"), COMPLEX);
      for (const value of VALUES) {
        await a.updateCapabilities("g", value);
        assert.deepEqual(await a.getMemberCapabilities("g", "a"), value);
      }
    },
  ),
  toozLaw(
    ["test_get_member_capabilities_nonexistent_group"],
    "capabilities cannot be asked of a group that does not exist",
    async (on) => {
      const a = await on.member("a");
      const missing = { name: "GroupNotCreated", group: "g" };
      await assert.rejects(a.getMemberCapabilities("g", "a"), missing);
    },
  ),
  toozLaw(
    ["test_get_member_capabilities_nonjoined_member"],
    "capabilities cannot be asked of who is no member, and the error names who was asked for",
    async (on) => {
      const a = await on.member("a");
      await a.joinGroupCreate("g");
      await assert.rejects(a.getMemberCapabilities("g", "b"), {
        name: "MemberNotJoined",
        group: "g",
        member: "b",
      });
    },
  ),
  toozLaw(
    ["test_get_members_with_capabilities", "test_get_members_with_capabilities_multiple"],
    "members can be asked for with all their capabilities",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      await a.joinGroupCreate("g", { weight: 1 });
      assert.deepEqual(await a.getMembersWithCapabilities("g"), new Map([["a", { weight: 1 }]]));
      await b.joinGroup("g", COMPLEX);
      const both = await a.getMembersWithCapabilities("g");
      assert.equal(both.size, 2);
      assert.deepEqual([both.get("a"), both.get("b")], [{ weight: 1 }, COMPLEX]);
    },
  ),
  toozLaw(
    [
      "test_get_members_with_capabilities_nonexistent_group",
      "test_get_members_with_capabilities_empty_group",
      "test_get_members_with_capabilities_no_caps",
    ],
    "a missing group is an error, an empty one an empty map, and no capabilities are null",
    async (on) => {
      const a = await on.member("a");
      const missing = { name: "GroupNotCreated", group: "g" };
      await assert.rejects(a.getMembersWithCapabilities("g"), missing);
      await a.createGroup("g");
      assert.deepEqual(await a.getMembersWithCapabilities("g"), new Map());
      await a.joinGroup("g");
      assert.deepEqual(await a.getMembersWithCapabilities("g"), new Map([["a", null]]));
    },
  ),
  toozLaw(
    ["test_get_member_info", "test_get_member_info_complex"],
    "a member's info tells its capabilities, its incarnation, and when it joined and changed",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      const before = on.runtime.wall();
      const { incarnation } = await a.joinGroupCreate("g", COMPLEX);
      const info = await b.getMemberInfo("g", "a");
      assert.equal(info.memberId, "a");
      assert.deepEqual(info.capabilities, COMPLEX);
      assert.equal(info.incarnation, incarnation);
      assert.ok(info.joined >= before && info.joined <= on.runtime.wall());
      assert.equal(info.updated, info.joined);
      assert.ok(info.left > 0 && info.left <= 60_000);
      await on.pass(1);
      await a.updateCapabilities("g", null);
      const later = await b.getMemberInfo("g", "a");
      assert.ok(later.updated > info.updated);
      assert.equal(later.incarnation, incarnation);
    },
  ),
  toozLaw(
    ["test_get_member_info_nonexistent_group", "test_get_member_info_nonjoined_member"],
    "info cannot be asked of a missing group or a missing member, whom the error names",
    async (on) => {
      const a = await on.member("a");
      await assert.rejects(a.getMemberInfo("g", "b"), { name: "GroupNotCreated", group: "g" });
      await a.joinGroupCreate("g");
      await assert.rejects(a.getMemberInfo("g", "b"), {
        name: "MemberNotJoined",
        group: "g",
        member: "b",
      });
    },
  ),
  toozLaw(
    ["test_update_capabilities"],
    "capabilities can be changed, and the last change stands",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      await a.joinGroupCreate("g", { weight: 1 });
      await a.updateCapabilities("g", { weight: 2 });
      assert.deepEqual(await b.getMemberCapabilities("g", "a"), { weight: 2 });
      await a.updateCapabilities("g", "three");
      assert.deepEqual(await b.getMembersWithCapabilities("g"), new Map([["a", "three"]]));
      await a.heartbeat();
      assert.equal(await b.getMemberCapabilities("g", "a"), "three");
    },
  ),
  toozLaw(
    ["test_update_capabilities_with_group_id_nonexistent"],
    "only a member has capabilities to change",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      const notJoined = { name: "MemberNotJoined", group: "g", member: "b" };
      await assert.rejects(b.updateCapabilities("g", 1), notJoined);
      await a.joinGroupCreate("g");
      await assert.rejects(b.updateCapabilities("g", 1), notJoined);
      await b.joinGroup("g");
      await b.leaveGroup("g");
      await assert.rejects(b.updateCapabilities("g", 1), notJoined);
      assert.deepEqual(await a.getMembers("g"), new Set(["a"]));
    },
  ),
  law("an expired member has no capabilities and no info, and cannot change them", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    await a.joinGroupCreate("g", "alive", { ttl: on.short });
    assert.equal(await b.getMemberCapabilities("g", "a"), "alive");
    await on.pass(4);
    const gone = { name: "MemberNotJoined", group: "g", member: "a" };
    await on.until("the member has expired", async () => !(await b.getMembers("g")).has("a"));
    await assert.rejects(b.getMemberCapabilities("g", "a"), gone);
    await assert.rejects(b.getMemberInfo("g", "a"), gone);
    await assert.rejects(a.updateCapabilities("g", "ghost"), gone);
    assert.deepEqual(await b.getMembersWithCapabilities("g"), new Map());
  }),
];

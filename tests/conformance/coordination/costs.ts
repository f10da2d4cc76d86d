/**
 * How many requests each verb sends: one, as a rule, whatever the number of members and leases.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { CoordinationCase } from "./place.ts";
import { law } from "./scene.ts";

/** Cases about costs. */
export const costCases: readonly CoordinationCase[] = [
  law(
    "every verb of groups costs one request, and two where it must not hit a stranger",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      const costs = async (what: string, requests: number, work: () => Promise<unknown>) =>
        assert.equal(await on.requests(a, work), requests, what);
      await costs("start", 1, () => a.start());
      await costs("createGroup", 1, () => a.createGroup("g"));
      await costs("createGroup, refused", 1, () => assert.rejects(a.createGroup("g")));
      await costs("joinGroup", 1, () => a.joinGroup("g"));
      await costs("joinGroup, refused", 1, () => assert.rejects(a.joinGroup("g")));
      await costs("joinGroupCreate, new", 1, () => a.joinGroupCreate("h"));
      await b.joinGroupCreate("i");
      await costs("joinGroupCreate, there", 1, () => a.joinGroupCreate("i"));
      await costs("joinGroup, replacing", 2, () => a.joinGroup("i", 1, { replace: true }));
      await costs("getGroups", 1, () => a.getGroups());
      await costs("getMembers", 1, () => a.getMembers("i"));
      await costs("getMembersWithCapabilities", 1, () => a.getMembersWithCapabilities("i"));
      await costs("getMemberCapabilities", 1, () => a.getMemberCapabilities("i", "b"));
      await costs("getMemberInfo", 1, () => a.getMemberInfo("i", "b"));
      await costs("updateCapabilities", 1, () => a.updateCapabilities("g", 1));
      await costs("leaveGroup", 1, () => a.leaveGroup("g"));
      await costs("deleteGroup, which looks first", 2, () => a.deleteGroup("g"));
      await costs("deleteGroup, refused", 1, () => assert.rejects(a.deleteGroup("h")));
      await costs("stop", 1, () => a.stop());
    },
  ),
  law(
    "watching, beating and ticking cost one request each, whatever is held and watched",
    async (on) => {
      const members = await on.members(10);
      const [a] = members;
      assert.ok(a);
      const costs = async (what: string, requests: number, work: () => Promise<unknown>) =>
        assert.equal(await on.requests(a, work), requests, what);
      const groups = ["g", "h", "i", "j"];
      const callback = (): void => {};
      for (const group of groups) {
        for (const member of members) await member.joinGroupCreate(group);
        await costs("the first watch of a group", 1, () => a.watchJoinGroup(group, callback));
        await costs("every other", 0, () => a.watchLeaveGroup(group, callback));
        a.watchElectedAsLeader(group, callback);
        await a.getLock(group).hold();
      }
      await costs("heartbeat", 1, () => a.heartbeat());
      await costs("runWatchers with elections", 1, () => a.runWatchers());
      await costs("runWatchers while leading", 1, () => a.runWatchers());
      await costs("runElectCoordinator while leading", 0, () => a.runElectCoordinator());
      await costs("tick", 1, () => a.tick());
      await costs("getLeader", 1, () => a.getLeader("g"));
      await costs("standDownGroupLeader", 1, () => a.standDownGroupLeader("g"));
      await costs("runElectCoordinator", 1, () => a.runElectCoordinator());
      await costs("dispose", 1, () => a[Symbol.asyncDispose]());
      await costs("dispose again", 0, () => a[Symbol.asyncDispose]());
    },
  ),
];

/**
 * Everybody at once.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Coordinator } from "../../../mod.ts";
import type { CoordinationCase } from "./place.ts";
import { crowdLaw, law } from "./scene.ts";

/** What became of each, by the name of its error or "done". */
async function race(
  members: readonly Coordinator[],
  act: (member: Coordinator, index: number) => Promise<unknown>,
): Promise<string[]> {
  return await Promise.all(
    members.map((member, index) =>
      act(member, index).then(() => "done", (error: Error) => error.name)
    ),
  );
}

function count(all: readonly string[], one: string): number {
  return all.filter((each) => each === one).length;
}

/** Cases about races. */
export const raceCases: readonly CoordinationCase[] = [
  crowdLaw(
    "of eight that create one group, one does, and of eight that delete it, one does",
    async (on) => {
      const members = await on.members(8);
      for (let round = 0; round < on.rounds; round++) {
        const created = await race(members, (member) => member.createGroup("g"));
        assert.deepEqual([count(created, "done"), count(created, "GroupAlreadyExist")], [1, 7]);
        const deleted = await race(members, (member) => member.deleteGroup("g"));
        assert.deepEqual([count(deleted, "done"), count(deleted, "GroupNotCreated")], [1, 7]);
      }
    },
  ),
  crowdLaw("of eight processes with one member id, one joins", async (on) => {
    const twins = await Promise.all(Array.from({ length: 8 }, () => on.member("twin")));
    for (let round = 0; round < on.rounds; round++) {
      const joined = await race(twins, (twin, i) => twin.joinGroupCreate("g", i));
      assert.deepEqual([count(joined, "done"), count(joined, "MemberAlreadyExist")], [1, 7]);
      const winner = joined.indexOf("done");
      assert.equal(await twins[0]?.getMemberCapabilities("g", "twin"), winner);
      await twins[winner]?.leaveGroup("g");
    }
  }),
  crowdLaw("a delete among joins leaves a group with its members, or neither", async (on) => {
    const members = await on.members(8);
    const backend = await on.backend();
    for (let round = 0; round < on.rounds; round++) {
      await members[0]?.createGroup("g");
      const outcomes = await race(members, (member, i) =>
        // Deletes come late in the queue in one round and early in another.
        (i + round) % 4 === 0 ? member.deleteGroup("g") : member.joinGroup("g"));
      const [groups, joined] = await backend.apply([
        { op: "inspect", resource: "groups", seat: "g" },
        { op: "inspect", resource: "group:g" },
      ]);
      const [exists, there] = [groups?.leases.length, joined?.leases.length];
      assert.ok(exists || !there, `round ${round}: ${there} members without a group`);
      assert.equal(count(outcomes, "done"), exists ? there : 1, outcomes.join());
      await race(members, (member) => member.leaveGroup("g"));
      await race(members.slice(0, 1), (member) => member.deleteGroup("g"));
    }
  }),
  crowdLaw("who joins and creates in one gets in, however often others delete", async (on) => {
    const members = await on.members(8);
    for (let round = 0; round < on.rounds; round++) {
      const outcomes = await race(
        members,
        (member, i) => i % 2 ? member.joinGroupCreate("g") : member.deleteGroup("g"),
      );
      const joined = outcomes.filter((_, i) => i % 2);
      assert.deepEqual(joined, ["done", "done", "done", "done"]);
      assert.equal((await members[0]?.getMembers("g"))?.size, 4);
      await race(members, (member) => member.leaveGroup("g"));
      await members[0]?.deleteGroup("g");
    }
  }),
  crowdLaw("of eight that take one member's place at once, one has it in the end", async (on) => {
    const twins = await Promise.all(Array.from({ length: 8 }, () => on.member("twin")));
    const incarnations = new Set<number>();
    const outcomes = await race(twins, async (twin) => {
      const membership = await twin.joinGroupCreate("g", null, { replace: true });
      incarnations.add(membership.incarnation);
    });
    assert.ok(outcomes.every((each) => ["done", "MemberAlreadyExist"].includes(each)));
    assert.equal(incarnations.size, count(outcomes, "done"), "no two share a life");
    const { incarnation } = await twins[0]?.getMemberInfo("g", "twin") ?? {};
    assert.equal(incarnation, Math.max(...incarnations));
  }),
  law("changes under way together leave the capabilities of one of them", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    await a.joinGroupCreate("g", 0);
    const { cursor } = await b.tick({ watch: ["g"] });
    await Promise.all([1, 2, 3, 4].map((n) => a.updateCapabilities("g", n)));
    const now = await b.getMemberCapabilities("g", "a");
    assert.ok([1, 2, 3, 4].includes(now as number), `${now}`);
    const { events } = await b.tick({ watch: ["g"], since: cursor });
    assert.deepEqual(events.map(({ type }) => type), ["capabilities"]);
  }),
];

/**
 * Partitioned groups: who is in charge of what.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { CoordinationCase } from "./place.ts";
import { law, toozLaw } from "./scene.ts";

const OBJECTS = Array.from({ length: 200 }, (_, i) => `object ${i} é`);

/** Cases about partitioned groups. */
export const partitionerCases: readonly CoordinationCase[] = [
  toozLaw(
    ["test_join_partitioned_group"],
    "joining a partitioned group joins it, makes it if need be, and owns everything alone",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      const partitioner = await a.joinPartitionedGroup("g");
      assert.equal(partitioner.group, "g");
      assert.deepEqual(await b.getMembersWithCapabilities("g"), new Map([["a", { weight: 1 }]]));
      assert.ok(OBJECTS.every((object) => partitioner.belongsToSelf(object)));
      await assert.rejects(a.joinPartitionedGroup("g"), { name: "MemberAlreadyExist" });
      await a.leavePartitionedGroup(partitioner);
      assert.deepEqual(await b.getMembers("g"), new Set());
      assert.equal(partitioner.belongsToSelf("x"), false);
    },
  ),
  toozLaw(
    ["test_hashring_size"],
    "a ring grows and shrinks with its group, at each run of the watchers",
    async (on) => {
      const [a, b, c, d] = await on.members(4);
      assert.ok(a && b && c && d);
      const partitioner = await a.joinPartitionedGroup("g");
      const sizes = [partitioner.ring.nodes.size];
      const theirs = [await b.joinPartitionedGroup("g")];
      assert.equal(partitioner.ring.nodes.size, 1, "nothing changes but by a look");
      await a.runWatchers();
      sizes.push(partitioner.ring.nodes.size);
      theirs.push(await c.joinPartitionedGroup("g"), await d.joinPartitionedGroup("g"));
      await a.runWatchers();
      sizes.push(partitioner.ring.nodes.size);
      for (const [i, member] of [b, c, d].entries()) {
        const [one] = theirs.slice(i);
        assert.ok(one);
        await member.leavePartitionedGroup(one);
      }
      await a.runWatchers();
      sizes.push(partitioner.ring.nodes.size);
      assert.deepEqual(sizes, [1, 2, 4, 1]);
    },
  ),
  toozLaw(
    ["test_hashring_weight"],
    "weights are seen by all, and so are their changes",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      const one = await a.joinPartitionedGroup("g", { weight: 5 });
      const two = await b.joinPartitionedGroup("g", { weight: 10 });
      const look = async (): Promise<[string, number][][]> => {
        for (const member of [a, b]) await member.tick();
        return [one, two].map(({ ring }) => [...ring.nodes].sort());
      };
      assert.deepEqual(await look(), [[["a", 5], ["b", 10]], [["a", 5], ["b", 10]]]);
      // Tooz ignores this.
      await b.updateCapabilities("g", { weight: 1 });
      assert.deepEqual(await look(), [[["a", 5], ["b", 1]], [["a", 5], ["b", 1]]]);
      assert.deepEqual([one.ring.length, two.ring.length], [6 * 32, 6 * 32]);
    },
  ),
  toozLaw(
    ["test_stop"],
    "a stopped partitioner looks no more, and its member stays",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      const partitioner = await a.joinPartitionedGroup("g");
      partitioner.stop();
      partitioner.stop();
      await b.joinGroup("g");
      assert.equal(await on.requests(a, () => a.runWatchers()), 0);
      assert.equal(partitioner.ring.nodes.size, 1);
      assert.deepEqual(await b.getMembers("g"), new Set(["a", "b"]));
    },
  ),
  toozLaw(
    ["test_members_of_object_and_others"],
    "once all have looked, every object is in the charge of exactly one, as all say alike",
    async (on) => {
      const members = await on.members(5);
      const partitioners = await Promise.all(
        members.map((member, i) => member.joinPartitionedGroup("g", { weight: 1 + i % 2 })),
      );
      await Promise.all(members.map((member) => member.runWatchers()));
      const [first] = partitioners;
      assert.ok(first);
      for (
        const object of [...OBJECTS, 7, 7n, true, new Uint8Array([0, 255]), {
          toozHash: () => "日本",
        }]
      ) {
        const [owner, ...others] = first.membersForObject(object);
        assert.ok(owner !== undefined && others.length === 0);
        const mine = partitioners.filter((each) => each.belongsToSelf(object));
        assert.equal(mine.length, 1);
        for (const each of partitioners) {
          assert.deepEqual(each.membersForObject(object), new Set([owner]));
          assert.equal(each.belongsToMember(object, owner), true);
          assert.equal(each.belongsToMember(object, "stranger"), false);
        }
        const two = first.membersForObject(object, { replicas: 2 });
        assert.ok(two.size === 2 && two.has(owner));
        assert.equal(first.membersForObject(object, { ignoreMembers: [owner] }).has(owner), false);
      }
      assert.throws(() => first.membersForObject(null as unknown as string), {
        name: "InvalidArgument",
      });
    },
  ),
  law(
    "a member that joined between two looks is in the ring, and its leave breaks nothing",
    async (on) => {
      const [a, b, c] = [await on.member("a"), await on.member("b"), await on.member("c")];
      // In Tooz a member that joined while the partitioner was made was never in its ring, and threw
      // out of every run of the watchers from its leave on.
      const gate = Promise.withResolvers<void>();
      on.wire(a).fates.push("pass", gate.promise);
      const joining = a.joinPartitionedGroup("g");
      await on.until("the group is there", async () => (await b.getGroups()).has("g"));
      await b.joinGroup("g");
      gate.resolve();
      const partitioner = await joining;
      await a.runWatchers();
      assert.deepEqual([...partitioner.ring.nodes.keys()].sort(), ["a", "b"]);
      await b.leaveGroup("g");
      await c.joinGroup("g");
      await a.runWatchers();
      await a.runWatchers();
      assert.deepEqual([...partitioner.ring.nodes.keys()].sort(), ["a", "c"]);
    },
  ),
  law(
    "a member that expired is in charge of nothing, for itself at once, for others at a look",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      const mortal = await a.joinPartitionedGroup("g", { ttl: on.short });
      const other = await b.joinPartitionedGroup("g");
      await a.runWatchers();
      assert.ok(OBJECTS.some((object) => mortal.belongsToSelf(object)));
      await on.pass(4);
      assert.equal(OBJECTS.some((object) => mortal.belongsToSelf(object)), false);
      await on.until("b looks after everything", async () => {
        await b.runWatchers();
        return OBJECTS.every((object) => other.belongsToSelf(object));
      });
    },
  ),
  law("a member with a weight that nobody understands counts as one, for all alike", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    const partitioner = await a.joinPartitionedGroup("g");
    await b.joinGroup("g");
    for (const odd of [null, "heavy", { weight: "1" }, { weight: -1 }, { weight: 0.5 }, [7]]) {
      await b.updateCapabilities("g", odd);
      await a.runWatchers();
      assert.deepEqual([...partitioner.ring.nodes].sort(), [["a", 1], ["b", 1]]);
    }
    await b.updateCapabilities("g", { weight: 0 });
    await a.runWatchers();
    assert.ok(OBJECTS.every((object) => partitioner.belongsToSelf(object)));
  }),
  law(
    "the ring of a group that is gone is empty, and follows the group when it is back",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      const partitioner = await a.joinPartitionedGroup("g");
      await a.leaveGroup("g");
      await b.deleteGroup("g");
      await a.runWatchers();
      assert.deepEqual(partitioner.membersForObject("x"), new Set());
      await b.joinGroupCreate("g");
      await a.runWatchers();
      assert.deepEqual(partitioner.membersForObject("x"), new Set(["b"]));
    },
  ),
  law("a partitioned group costs two requests to join and one for each look", async (on) => {
    const [a] = await on.members(1);
    assert.ok(a);
    assert.equal(await on.requests(a, () => a.joinPartitionedGroup("g")), 2);
    assert.equal(await on.requests(a, () => a.runWatchers()), 1);
    assert.equal(await on.requests(a, () => a.tick()), 1);
    const wrong = { name: "InvalidArgument" };
    const sent = await on.requests(a, async () => {
      await assert.rejects(a.joinPartitionedGroup("h", { weight: -1 }), wrong);
      await assert.rejects(a.joinPartitionedGroup("h", { partitions: 0 }), wrong);
    });
    assert.equal(sent, 0);
  }),
];

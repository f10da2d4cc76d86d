/** Membership when others are quicker, and what is told of its end. */

import assert from "node:assert/strict";
import {
  Coordinator,
  type GroupEvent,
  GroupNotCreated,
  GroupNotEmpty,
  MemberNotJoined,
} from "../../mod.ts";
import type { Op } from "../../drivers/driver.ts";
import { settled } from "./fake_runtime.ts";
import { meddling } from "./meddling.ts";
import { Scene } from "./scene.ts";

/** The end of whoever is that member, as another process of its id would bring it about. */
async function evict(scene: Scene, memberId: string, group = "g"): Promise<void> {
  await scene.backend.apply([{ op: "release", resource: `group:${group}`, seat: memberId }]);
}

/** A member that meets somebody ahead of each request, or after it. */
function hindered(scene: Scene, meddle: Parameters<typeof meddling>[1]): Coordinator {
  const wire = meddling(scene.wire, meddle);
  return new Coordinator(wire, { memberId: "a", ttl: 10_000, runtime: scene.runtime });
}

Deno.test("a join that makes its group gives up when the group is deleted again and again", async () => {
  const scene = new Scene();
  let requests = 0;
  const wire = meddling(scene.wire, {
    before: () => {
      if (++requests > 50) throw new Error("it never gives up");
    },
  });
  const { apply } = wire;
  wire.apply = async ([making, ...rest], options) => [
    ...await apply(making ? [making] : [], options),
    ...await scene.backend.apply([{ op: "release", resource: "groups", seat: "g" }]).then(() => []),
    ...await scene.backend.apply(rest),
  ];
  const a = new Coordinator(wire, { memberId: "a", ttl: 10_000, runtime: scene.runtime });
  await assert.rejects(a.joinGroupCreate("g"), GroupNotCreated);
  assert.equal(requests, 10);
});

Deno.test("who has stopped believing joins again at once, though the backend has its old self", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const first = await a.joinGroupCreate("g");
  await scene.runtime.advance(9_900);
  assert.equal(first.held, false);
  const second = await a.joinGroup("g");
  assert(second.held && second.incarnation > first.incarnation);
});

Deno.test("who leaves for another process of its id names that process's lease", async () => {
  const scene = new Scene();
  await scene.member("a").joinGroupCreate("g");
  scene.sent.length = 0;
  await scene.member("a").leaveGroup("g");
  const [look, leave] = scene.sent;
  assert.deepEqual(look?.map(({ op }) => op), ["inspect"]);
  assert(leave?.every((op) => op.op !== "release" || op.id !== undefined));
  await assert.rejects(scene.member("a").leaveGroup("g"), MemberNotJoined);
});

Deno.test("who has left may leave for another process that has joined since", async () => {
  const scene = new Scene();
  const [one, two] = [scene.member("a"), scene.member("a")];
  await one.joinGroupCreate("g");
  await one.leaveGroup("g");
  await two.joinGroup("g");
  await one.leaveGroup("g");
  assert.deepEqual(await one.getMembers("g"), new Set());
});

Deno.test("two changes of capabilities under way at once have two numbers, and none changes when we joined", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const joined = scene.runtime.wallNow;
  await a.joinGroupCreate("g", 0);
  await scene.runtime.advance(1_000);
  scene.sent.length = 0;
  await Promise.all([a.updateCapabilities("g", 1), a.updateCapabilities("g", 2)]);
  const versions = scene.sent.flat().map((op) => JSON.parse("value" in op ? `${op.value}` : "0"));
  assert.deepEqual(versions.map(({ version }) => version), [1, 2]);
  const info = await a.getMemberInfo("g", "a");
  assert.deepEqual([info.capabilities, info.joined, info.updated], [2, joined, joined + 1_000]);
});

Deno.test("who joins again after an eviction has its latest capabilities", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.joinGroupCreate("g", "old", { rejoin: true });
  await a.updateCapabilities("g", "new");
  await evict(scene, "a");
  await a.tick(); // learns it
  await a.tick();
  assert.deepEqual(await a.getMembersWithCapabilities("g"), new Map([["a", "new"]]));
});

Deno.test("when a member joined is when this membership began, however it did, and no change moves it", async () => {
  const scene = new Scene();
  const [a, twin] = [scene.member("a"), scene.member("a")];
  const joins = [
    () => a.joinGroupCreate("g", 0, { rejoin: true }),
    async () => {
      await evict(scene, "a");
      await a.tick(); // learns it
      await a.tick();
    },
    () => twin.joinGroup("g", 0, { replace: true }),
  ];
  for (const [n, join] of joins.entries()) {
    const began = scene.runtime.wallNow;
    await join();
    const who = n < 2 ? a : twin;
    for (const later of [0, 500, 1_000]) {
      if (later > 0) {
        await scene.runtime.advance(500);
        await who.updateCapabilities("g", later);
      }
      const { joined, updated } = await who.getMemberInfo("g", "a");
      assert.deepEqual([joined, updated], [began, began + later], `join ${n}`);
    }
  }
});

Deno.test("a member that was stopped past its deadline joins again at its first call, before its seat is free", async () => {
  for (const join of ["joinGroup", "joinGroupCreate", "tick"] as const) {
    const scene = new Scene();
    const a = scene.member("a");
    await a.joinGroupCreate("g", null, { rejoin: true });
    // No timer has fired, and the backend has the lease a little longer.
    scene.runtime.stop(9_900);
    if (join === "tick") await a.tick();
    else await a[join]("g");
    await scene.runtime.advance(1_000);
    assert.deepEqual(await a.getMembers("g"), new Set(["a"]), join);
  }
});

Deno.test("who leaves while it joins again stays away", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.joinGroupCreate("g", null, { rejoin: true });
  await evict(scene, "a");
  await a.tick();
  scene.fates.push({ delay: 500 });
  const rejoining = a.tick();
  await assert.rejects(a.leaveGroup("g"), MemberNotJoined);
  await scene.runtime.advance(500);
  await rejoining;
  await Promise.all(scene.runtime.background);
  assert.deepEqual(await a.getMembers("g"), new Set());
});

Deno.test("who did not ask to be back stays away, and its ticks do not hurry", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.joinGroupCreate("g");
  await evict(scene, "a");
  assert.equal((await a.tick()).next, 3_300);
  assert.equal((await a.tick()).next, 3_300);
  assert.deepEqual(await a.getMembers("g"), new Set());
});

Deno.test("who wants to be back and is kept out tries again within a second", async () => {
  const scene = new Scene();
  const [old, other] = [scene.member("a"), scene.member("a")];
  await old.joinGroupCreate("g", null, { rejoin: true });
  await other.joinGroup("g", null, { replace: true });
  await old.tick();
  assert.equal((await old.tick()).next, 1_000);
  await other.leaveGroup("g");
  assert.equal((await old.tick()).next, 3_300);
  assert.deepEqual(await other.getMembers("g"), new Set(["a"]));
});

Deno.test("an eviction is told once; to leave or to take one's own place is none", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const evictions: string[] = [];
  const onEvicted = (group: string): unknown => evictions.push(group);
  const told = async (): Promise<string[]> => (await a.tick()).events.map(({ type }) => type);
  const options = { onEvicted };
  const first = await a.joinGroupCreate("g", null, options);
  await a.joinGroup("g", null, { ...options, replace: true });
  assert.equal(first.held, false);
  await a.leaveGroup("g");
  assert.deepEqual([await told(), evictions], [[], []]);
  await a.joinGroup("g", null, options);
  await evict(scene, "a");
  assert.deepEqual([await told(), evictions], [["evicted"], ["g"]]);
  assert.deepEqual([await told(), evictions], [[], ["g"]]);
});

Deno.test("a callback that throws when it is told of an eviction is reported and stops nothing", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.joinGroupCreate("g", null, {
    onEvicted: () => {
      throw new Error("boom");
    },
  });
  await evict(scene, "a");
  assert.deepEqual((await a.tick()).events.map(({ type }) => type), ["evicted"]);
  assert.deepEqual(scene.happened.sort(), ["callback-failed", "lost"]);
});

Deno.test("a member that joins between a deletion's two requests keeps its group", async () => {
  const scene = new Scene();
  await scene.member("b").createGroup("g");
  let join: Promise<unknown> | undefined;
  const a = hindered(scene, { after: () => join ??= scene.member("b").joinGroup("g") });
  await assert.rejects(a.deleteGroup("g"), GroupNotEmpty);
  assert.deepEqual(await scene.member("b").getMembers("g"), new Set(["b"]));
});

Deno.test("of two who delete a group one has deleted it, and the other is told that it is gone", async () => {
  const scene = new Scene();
  await scene.member("b").createGroup("g");
  let deletion: Promise<unknown> | undefined;
  const a = hindered(scene, { after: () => deletion ??= scene.member("b").deleteGroup("g") });
  await assert.rejects(a.deleteGroup("g"), GroupNotCreated);
  await deletion;
});

Deno.test("a deletion that is delivered again later does not hit the group that was made since", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.createGroup("g");
  await a.deleteGroup("g");
  const deletion = scene.sent.at(-1) as Op[];
  await a.createGroup("g");
  await scene.backend.apply(deletion);
  assert.deepEqual(await a.getGroups(), new Set(["g"]));
});

Deno.test("a group stays for ever, and that somebody left is forgotten after five minutes", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.joinGroupCreate("g");
  await a.leaveGroup("g");
  const farewells = async (): Promise<number | undefined> =>
    (await scene.backend.apply([{ op: "inspect", resource: "left:g" }]))[0]?.leases.length;
  scene.runtime.stop(299_999);
  assert.equal(await farewells(), 1);
  scene.runtime.stop(1);
  assert.equal(await farewells(), 0);
  scene.runtime.stop(365 * 86_400_000);
  assert.deepEqual(await a.getGroups(), new Set(["g"]));
});

Deno.test("a partitioned group that cannot be followed is left, and one that is left is not looked at", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await b.joinGroupCreate("g", { weight: 2 });
  scene.fates.push("pass", ...Array<"lose-request">(4).fill("lose-request"));
  const failed = assert.rejects(a.joinPartitionedGroup("g"), /lost/);
  // It loads what it needs first, which takes no time of ours.
  while (scene.sent.length < 3) await settled();
  await scene.runtime.advance(5_000);
  await failed;
  assert.deepEqual(await b.getMembers("g"), new Set(["b"]));
  const partitioner = await a.joinPartitionedGroup("g");
  // It knows them all before the first look.
  assert.deepEqual(Object.fromEntries(partitioner.ring.nodes), { a: 1, b: 2 });
  await a.leavePartitionedGroup(partitioner);
  scene.sent.length = 0;
  await a.tick();
  assert.deepEqual(scene.sent, []);
});

Deno.test("a value that is none of ours has no capabilities, and stops no look", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.createGroup("g");
  const told: GroupEvent[] = [];
  await a.watchJoinGroup("g", (event) => told.push(event));
  const op = { op: "acquire", resource: "group:g", seat: "x", id: "i", ttl: 60_000 } as const;
  await scene.backend.apply([{ ...op, value: "no JSON" }]);
  await a.tick();
  assert.deepEqual(told.map((event) => "capabilities" in event && event.capabilities), [null]);
  assert.deepEqual(await a.getMembersWithCapabilities("g"), new Map([["x", null]]));
  const { incarnation, ...info } = await a.getMemberInfo("g", "x");
  const never = { joined: 0, updated: 0 };
  assert.deepEqual(info, { memberId: "x", capabilities: null, ...never, left: 60_000 });
  const { groups } = JSON.parse((await a.tick()).cursor);
  assert.deepEqual(groups, [["g", { members: { x: [incarnation, 0] }, term: 0 }]]);
});

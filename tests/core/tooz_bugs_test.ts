/**
 * Tooz's bugs, each by the number it has in our notes on Tooz (section 3), which we must not have.
 *
 * @module
 */

import assert from "node:assert/strict";
import { HashRing } from "../../coordination/partition/hash_ring.ts";
import { Coordinator, MemberAlreadyExist, UnknownOutcome } from "../../mod.ts";
import { heldBy } from "../../coordination/handling.ts";
import type { Driver } from "../../drivers/driver.ts";
import { memory } from "../../drivers/memory.ts";
import { settled } from "./fake_runtime.ts";
import { Scene } from "./scene.ts";

const TRY = { timeout: 0 };
const LOST = (count: number) => Array<"lose-request">(count).fill("lose-request");

/** How many leases the resource has, past all coordinators. */
async function leases(scene: Scene, resource: string): Promise<number> {
  const [outcome] = await scene.backend.apply([{ op: "inspect", resource }]);
  return outcome?.leases.length ?? NaN;
}

/** Lets time pass until it is done. */
async function done<T>(scene: Scene, work: Promise<T>, ms = 20_000): Promise<T> {
  await scene.runtime.advance(ms);
  return await work;
}

Deno.test("Tooz 3.2.1: group calls are sent again when no answer came, and throw only our errors", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  for (const verb of [() => a.createGroup("g"), () => a.joinGroup("g"), () => a.getMembers("g")]) {
    scene.fates.push(...LOST(2));
    await done<unknown>(scene, verb(), 1_000);
  }
  scene.fates.push(...LOST(4));
  await done(scene, assert.rejects(a.getGroups(), UnknownOutcome));
});

Deno.test("Tooz 3.2.1: stop in an outage does not leave a coordinator half stopped", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.start();
  await a.joinGroupCreate("g");
  scene.fates.push(...LOST(10));
  await done(scene, a.stop());
  assert.equal(a.isStarted, false);
  scene.fates.length = 0;
  await a.start();
  await a.joinGroup("g");
  await a.stop();
});

Deno.test("Tooz 3.2.2: a retried acquire whose reply was lost is not refused, and does not wait", async () => {
  const scene = new Scene();
  scene.fates.push("lose-reply", "lose-reply");
  const lease = await done(scene, scene.member("a").getLock("x").acquire(TRY), 1_000);
  assert.equal(lease?.held, true);
});

Deno.test("Tooz 3.2.3: a lost lock is told, is not acquired any more, and is not renewed for ever", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.start({ heartbeat: true });
  const lock = a.getLock("x");
  const { signal } = await lock.hold();
  await scene.member("b").getLock("x").break();
  await scene.runtime.advance(5_000);
  assert.deepEqual([lock.acquired, signal.aborted, scene.happened], [
    false,
    true,
    ["broken", "lost"],
  ]);
  scene.sent.length = 0;
  await scene.runtime.advance(60_000);
  assert.equal(scene.sent.length, 0);
  await a.stop();
});

Deno.test("Tooz 3.2.4: an evicted member learns it, and no late beat brings it back", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  const membership = await a.joinGroupCreate("g");
  await scene.runtime.advance(10_000);
  assert.equal(membership.signal.aborted, true);
  await a.heartbeat();
  assert.deepEqual(await b.getMembers("g"), new Set());
  assert.deepEqual((await a.tick()).events.map(({ type }) => type), ["evicted"]);
  await a.joinGroup("g");
});

Deno.test("Tooz 3.2.5: a restarted process's beats do not keep its ghost alive, and stop leaves", async () => {
  const scene = new Scene();
  await scene.member("a").joinGroupCreate("g"); // and then it crashed
  const young = scene.member("a");
  await young.start({ heartbeat: true });
  await assert.rejects(young.joinGroup("g"), MemberAlreadyExist);
  await scene.runtime.advance(10_000);
  await young.joinGroup("g");
  await young.stop();
  assert.equal(await leases(scene, "group:g"), 0);
});

Deno.test("Tooz 3.2.6: a refused join does not overwrite the capabilities of the member", async () => {
  const scene = new Scene();
  const [a, twin] = [scene.member("a"), scene.member("a")];
  await a.joinGroupCreate("g", "mine");
  await assert.rejects(twin.joinGroup("g", "overwritten"), MemberAlreadyExist);
  await assert.rejects(twin.joinGroupCreate("g", "overwritten"), MemberAlreadyExist);
  assert.equal(await a.getMemberCapabilities("g", "a"), "mine");
});

Deno.test("Tooz 3.2.7: no lock's name blocks an election, and no separator joins two names", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  for (const name of ["leader_of_g", "leader:g", "g", "_tooz_leader_of_g_lock"]) {
    await a.getLock(name).hold();
  }
  b.watchElectedAsLeader("g", ({ type }) => type);
  assert.deepEqual(await b.runWatchers(), ["elected"]);
  const [one, two] = ["a", "a_b"].map((namespace) => scene.member("m", { namespace }));
  await one?.getLock("b_c").hold();
  assert.ok(await two?.getLock("c").acquire(TRY));
});

Deno.test("Tooz 3.2.8: what things are called in the backend is part of the contract", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.joinGroupCreate("g");
  await a.getLock("x").hold();
  await a.getLock("y").hold({ shared: true });
  await a.election("g").campaign();
  const seats = scene.sent.flat().map((op) => `${op.op} ${op.resource}`);
  assert.deepEqual(seats, [
    "acquire groups",
    "acquire group:g",
    "acquire lock:x",
    "acquire readers:y",
    "acquire leader:g",
  ]);
});

Deno.test("Tooz 3.2.9: when a fail-over forgets a lock, its holder learns it and the token tells", async () => {
  const scene = new Scene();
  let primary = scene.backend;
  const driver: Driver = { ...scene.wire, apply: (ops, options) => primary.apply(ops, options) };
  const make = (memberId: string): Coordinator =>
    new Coordinator(driver, { memberId, ttl: 10_000, runtime: scene.runtime });
  const [a, b] = [make("a"), make("b")];
  const first = await a.getLock("x").hold();
  await scene.runtime.advance(1_000);
  primary = memory({ now: () => scene.runtime.wallNow });
  const second = await b.getLock("x").hold(TRY);
  assert.ok(second.token > first.token, "a resource that checks tokens refuses the first holder");
  await a.heartbeat();
  assert.deepEqual([first.held, second.held], [false, true]);
});

Deno.test("Tooz 3.2.10: of members that left, and of a deleted group, nothing stays", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await a.joinGroupCreate("g");
  await b.joinGroup("g");
  await a.leaveGroup("g");
  await scene.runtime.advance(10_000);
  await b.deleteGroup("g");
  await scene.runtime.advance(300_000);
  for (const resource of ["groups", "group:g", "left:g"]) {
    assert.equal(await leases(scene, resource), 0, resource);
  }
});

Deno.test("Tooz 3.3: a beat never extends, and a release never ends, the lock of another with our id", async () => {
  const scene = new Scene();
  const [a, twin, c] = [scene.member("a"), scene.member("a"), scene.member("c")];
  const mine = a.getLock("x");
  await mine.hold();
  await c.getLock("x").break();
  const theirs = await twin.getLock("x").hold(TRY);
  await scene.runtime.advance(9_000);
  assert.equal(await mine.heartbeat(), false);
  assert.equal(await mine.release(), false);
  assert.equal(await twin.getLock("x").acquire(TRY), null);
  await scene.runtime.advance(1_000);
  assert.equal(theirs.held, false, "nobody but its holder has renewed it");
  assert.ok(await c.getLock("x").acquire(TRY));
});

Deno.test("Tooz 3.3: a group called as the list of groups is a group like others", async () => {
  const a = new Scene().member("a");
  for (const group of ["LIST", "groups", "group", "group:groups"]) await a.joinGroupCreate(group);
  assert.deepEqual(await a.getGroups(), new Set(["LIST", "groups", "group", "group:groups"]));
  assert.deepEqual(await a.getMembers("groups"), new Set(["a"]));
});

Deno.test("Tooz 3.4.1: groups are listed whole, and members are not among them", async () => {
  const a = new Scene().member("member-");
  await a.joinGroupCreate("grp");
  await a.joinGroupCreate("grp/member-");
  assert.deepEqual(await a.getGroups(), new Set(["grp", "grp/member-"]));
});

Deno.test("Tooz 3.4.2: trying for a lock that one holds does not cost its renewals", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const lock = a.getLock("x");
  const lease = await lock.hold();
  assert.equal(await lock.acquire(TRY), null);
  for (let beat = 0; beat < 5; beat++) {
    await scene.runtime.advance(4_000);
    await a.heartbeat();
  }
  assert.equal(lease.held, true);
  assert.equal(await scene.member("b").getLock("x").acquire(TRY), null);
});

Deno.test("Tooz 3.4.3: tries that fail leave nothing behind", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await a.getLock("x").hold();
  for (let i = 0; i < 20; i++) assert.equal(await b.getLock("x").acquire(TRY), null);
  for (let i = 0; i < 20; i++) {
    assert.equal(await b.getLock("x").acquire({ shared: true, ...TRY }), null);
  }
  assert.deepEqual([await leases(scene, "lock:x"), await leases(scene, "readers:x")], [1, 0]);
  assert.deepEqual(heldBy(b), []);
});

Deno.test("Tooz 3.4.4, 3.6, 3.8: a timed acquire of a held lock answers null when its time is over", async () => {
  const scene = new Scene();
  await scene.member("a").getLock("x").hold({ ttl: 60_000 });
  const start = scene.runtime.monoNow;
  let end = NaN;
  const b = scene.member("b").getLock("x");
  const waiting = b.acquire({ timeout: 2_500 }).finally(() => end = scene.runtime.monoNow);
  assert.equal(await done(scene, waiting), null);
  assert.ok(end - start >= 2_500 && end - start < 2_600, `after ${end - start} ms`);
});

Deno.test("Tooz 3.4.5: a member whose lease expired is back at its next tick when it wants to be", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.joinGroupCreate("g", "capable", { rejoin: true });
  await scene.runtime.advance(11_000);
  await a.tick();
  assert.equal(await scene.member("b").getMemberCapabilities("g", "a"), "capable");
});

Deno.test("Tooz 3.4.6: a beat that fails throws our error, and costs nothing while there is time", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const membership = await a.joinGroupCreate("g");
  scene.fates.push("lose-request");
  await assert.rejects(a.heartbeat(), UnknownOutcome);
  await a.heartbeat();
  assert.equal(membership.held, true);
});

Deno.test("Tooz 3.4.7: capabilities do not bring back a member that was taken out", async () => {
  const scene = new Scene();
  const [a, twin] = [scene.member("a"), scene.member("a")];
  await a.joinGroupCreate("g", 1);
  await twin.joinGroup("g", 2, { replace: true });
  await twin.leaveGroup("g");
  await assert.rejects(a.updateCapabilities("g", 3), { name: "MemberNotJoined" });
  assert.equal(await leases(scene, "group:g"), 0);
  await twin.deleteGroup("g");
});

Deno.test("Tooz 3.4.7: a join that arrives after the group was deleted is refused, not orphaned", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await a.createGroup("g");
  scene.fates.push({ delay: 1_000 });
  const refused = assert.rejects(b.joinGroup("g"), { name: "GroupNotCreated" });
  await settled();
  await a.deleteGroup("g");
  await done(scene, refused);
  assert.equal(await leases(scene, "group:g"), 0);
});

Deno.test("Tooz 3.4.9: stop releases locks, leadership and memberships at once", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.start();
  await a.joinGroupCreate("g");
  await a.getLock("x").hold();
  await a.election("g").campaign();
  await a.stop();
  for (const resource of ["group:g", "lock:x", "leader:g"]) {
    assert.equal(await leases(scene, resource), 0, resource);
  }
});

Deno.test("Tooz 3.5: a thousand locks of different names do not exclude each other", async () => {
  const a = new Scene().member("a");
  for (let i = 0; i < 1_000; i++) assert.ok(await a.getLock(`lock-${i}`).acquire(TRY), `${i}`);
});

Deno.test("Tooz 3.7: dead members leave, and beats keep a lock beyond its first ttl", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await a.joinGroupCreate("g");
  await b.start({ heartbeat: true });
  await b.joinGroup("g");
  const lock = await b.getLock("x").hold();
  await scene.runtime.advance(45_000);
  assert.deepEqual(await b.getMembers("g"), new Set(["b"]));
  assert.equal(lock.held, true);
  await b.stop();
});

Deno.test("Tooz 3.8: an election makes no member, a lock no group, and the group can be deleted", async () => {
  const a = new Scene().member("ä𝄞");
  await a.joinGroupCreate("g");
  await a.getLock("x").hold();
  await a.election("g").campaign();
  await a.getLeader("g");
  assert.deepEqual(await a.getMembers("g"), new Set(["ä𝄞"]));
  assert.deepEqual(await a.getGroups(), new Set(["g"]));
  await a.leaveGroup("g");
  await a.deleteGroup("g");
});

Deno.test("Tooz 3.9: an expired member does not keep its group from being deleted", async () => {
  const scene = new Scene();
  await scene.member("a").joinGroupCreate("g");
  await scene.runtime.advance(10_000);
  await scene.member("b").deleteGroup("g");
});

Deno.test("Tooz 3.9: a lock is shared by processes, not only within one", async () => {
  const scene = new Scene();
  for (const id of ["a", "b"]) {
    assert.ok(await scene.member(id).getLock("x").acquire({ shared: true, ...TRY }));
  }
});

Deno.test("Tooz 3.10.1: stop does not hang when the backend is down and the heart keeps trying", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.start({ heartbeat: true });
  await a.joinGroupCreate("g");
  scene.fates.push(...Array<"hang">(1_000).fill("hang"));
  await scene.runtime.advance(6_000);
  await done(scene, a.stop(), 10_000);
  assert.equal(scene.runtime.timers, 0);
});

Deno.test("Tooz 3.10.2: a failed unwatch of an unknown group does not make us its leader", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  assert.throws(() => a.unwatchElectedAsLeader("g", () => {}), { name: "WatchCallbackNotFound" });
  await a.runWatchers();
  assert.equal(await a.getLeader("g"), null);
});

Deno.test("Tooz 3.10.3: a group is not looked at any more once its last watch is gone", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const callback = (): void => {};
  await a.createGroup("g");
  await a.watchLeaveGroup("g", callback);
  await a.runWatchers();
  a.unwatchLeaveGroup("g", callback);
  scene.sent.length = 0;
  await a.runWatchers();
  assert.equal(scene.sent.length, 0);
});

Deno.test("Tooz 3.10.4: a member that joined while a partitioner was made is in its ring, and may leave", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  scene.fates.push("pass", { delay: 1_000 });
  const joining = a.joinPartitionedGroup("g");
  // The ring's code is loaded first, and how long that takes is not ours to say.
  while (scene.sent.length < 2) await settled();
  await b.joinGroup("g");
  const partitioner = await done(scene, joining, 1_000);
  assert.deepEqual([...partitioner.ring.nodes.keys()].sort(), ["a", "b"]);
  await b.leaveGroup("g");
  for (let run = 0; run < 3; run++) await a.runWatchers();
  assert.deepEqual([...partitioner.ring.nodes.keys()], ["a"]);
});

Deno.test("Tooz 3.10.5: a change of weight moves the ring, and a member that is gone stops nothing", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  const partitioner = await a.joinPartitionedGroup("g");
  const other = await b.joinPartitionedGroup("g");
  await b.updateCapabilities("g", { weight: 7 });
  await a.runWatchers();
  assert.equal(partitioner.ring.nodes.get("b"), 7);
  await a.watchLeaveGroup("g", ({ type }) => type);
  await b.leavePartitionedGroup(other);
  assert.deepEqual(await a.runWatchers(), ["left"]);
  scene.sent.length = 0;
  await scene.member("c").joinPartitionedGroup("g");
  assert.equal(scene.sent.length, 2, "Tooz asks each member for its capabilities");
});

Deno.test("Tooz 3.10.6: a ring keeps no stale points, and more replicas than owners do not hang it", () => {
  const ring = new HashRing(["a", "b"]);
  ring.addNode("a", 9);
  ring.addNode("a", 1);
  ring.removeNode("a");
  ring.addNode("c", 0);
  for (let i = 0; i < 200; i++) {
    assert.deepEqual([...ring.getNodes(`${i}`, { replicas: 3 })], ["b"]);
  }
});

Deno.test("Tooz 3.10.7: blocking: true waits for as long as it takes", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const lease = await a.getLock("x").hold({ ttl: 600_000 });
  const waiting = scene.member("b").getLock("x").acquire({ blocking: true });
  await scene.runtime.advance(300_000);
  await lease.release();
  assert.equal((await done(scene, waiting, 5_000))?.held, true);
});

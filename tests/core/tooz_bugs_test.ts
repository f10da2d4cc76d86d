/**
 * What OpenStack Tooz does wrong, beyond the laws of `../conformance/coordination/`: here the wire, the
 * names in the backend, or what is left there has to be seen.
 *
 * @module
 */

import assert from "node:assert/strict";
import { heldBy } from "../../coordination/handling.ts";
import { Coordinator, UnknownOutcome } from "../../mod.ts";
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

Deno.test("stop in an outage does not leave a coordinator half stopped", async () => {
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

Deno.test("what things are called in the backend is part of the contract", async () => {
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

Deno.test("when a fail-over forgets a lock, its holder learns it and the token tells", async () => {
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

Deno.test("of members that left, and of a deleted group, nothing stays", async () => {
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

Deno.test("a beat never extends, and a release never ends, the lock of another with our id", async () => {
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

Deno.test("tries that fail leave nothing behind", async () => {
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

Deno.test("a beat that fails throws our error, and costs nothing while there is time", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const membership = await a.joinGroupCreate("g");
  scene.fates.push("lose-request");
  await assert.rejects(a.heartbeat(), UnknownOutcome);
  await a.heartbeat();
  assert.equal(membership.held, true);
});

Deno.test("capabilities do not bring back a member that was taken out", async () => {
  const scene = new Scene();
  const [a, twin] = [scene.member("a"), scene.member("a")];
  await a.joinGroupCreate("g", 1);
  await twin.joinGroup("g", 2, { replace: true });
  await twin.leaveGroup("g");
  await assert.rejects(a.updateCapabilities("g", 3), { name: "MemberNotJoined" });
  assert.equal(await leases(scene, "group:g"), 0);
  await twin.deleteGroup("g");
});

Deno.test("a join that arrives after the group was deleted is refused, not orphaned", async () => {
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

Deno.test("blocking: true waits for as long as it takes", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const lease = await a.getLock("x").hold({ ttl: 600_000 });
  const waiting = scene.member("b").getLock("x").acquire({ blocking: true });
  await scene.runtime.advance(300_000);
  await lease.release();
  assert.equal((await done(scene, waiting, 5_000))?.held, true);
});

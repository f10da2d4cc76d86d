/** The rhythm of renewals, and for how long they go on. */

import assert from "node:assert/strict";
import { Coordinator } from "../../mod.ts";
import { internalsOf } from "../../coordination/internals.ts";
import type { Driver } from "../../drivers/driver.ts";
import { Scene } from "./scene.ts";

Deno.test("after a failure beats come at a quarter of the time left, not as fast as they can", async () => {
  const scene = new Scene();
  const beats: number[] = [];
  const wire: Driver = {
    ...scene.wire,
    apply(ops, options) {
      if (ops.some(({ op }) => op === "renew")) beats.push(scene.runtime.monoNow);
      return scene.wire.apply(ops, options);
    },
  };
  const a = new Coordinator(wire, { memberId: "a", ttl: 10_000, runtime: scene.runtime });
  await a.start({ heartbeat: true });
  const { monoNow: granted } = scene.runtime;
  await a.getLock("x").hold();
  scene.fates.push(...Array(100).fill("lose-request"));
  await scene.runtime.advance(20_000);
  // A third of the 9,900 ms of belief, less 5 % of jitter; at the end one each 20 ms.
  const expected: number[] = [];
  for (let at = 3_300 * 0.95; at < 9_900; at += Math.max(20, (9_900 - at) / 4 * 0.95)) {
    expected.push(at);
  }
  assert.deepEqual(beats.map((at) => Math.round(at - granted)), expected.map(Math.round));
  await a.stop();
});

Deno.test("after a beat that succeeds, an earlier failure makes no haste", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.start({ heartbeat: true });
  await a.getLock("x").hold();
  scene.fates.push("lose-request");
  await scene.runtime.advance(4_800);
  scene.sent.length = 0;
  await scene.runtime.advance(3_000);
  assert.deepEqual(scene.sent, []);
  await scene.runtime.advance(200);
  assert.equal(scene.sent.length, 1);
  await a.stop();
});

Deno.test("a beat is due when the first of all leases is", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.start({ heartbeat: true });
  const long = await a.getLock("long").hold({ ttl: 600_000 });
  const short = await a.getLock("short").hold();
  await scene.runtime.advance(60_000);
  assert(short.held && long.held);
  await a.stop();
});

Deno.test("work under a short lease is kept alive though the heart sleeps for that of a long one", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const work = Promise.withResolvers<boolean>();
  const long = a.getLock("long").with(() => work.promise, { ttl: 600_000 });
  await scene.runtime.advance(1_000);
  const short = a.getLock("short").with(async (lease) => await work.promise && lease.held);
  await scene.runtime.advance(30_000);
  work.resolve(true);
  assert.equal(await short, true);
  await long;
});

Deno.test("a new lease makes the heart look at the time, not beat", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.start({ heartbeat: true });
  await a.getLock("x").hold();
  await scene.runtime.advance(100);
  await a.getLock("y").hold();
  scene.sent.length = 0;
  await scene.runtime.advance(1_000);
  assert.deepEqual(scene.sent, []);
  await a.stop();
});

Deno.test("a lease that two keep is kept until both have let go, and nobody lets go twice", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const { heart, leases } = internalsOf(a).session;
  const lease = await a.getLock("x").hold();
  const [kept] = leases.values();
  assert(kept);
  const [one, two] = [heart.keep(kept), heart.keep(kept)];
  one();
  one();
  await scene.runtime.advance(20_000);
  assert.equal(lease.held, true);
  two();
  scene.sent.length = 0;
  await scene.runtime.advance(9_900);
  assert.equal(lease.held, false);
  assert.deepEqual(scene.sent, []);
});

Deno.test("a heart at work for one lease keeps that one alone, and rests when it is over", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const other = await a.getLock("other").hold();
  await a.getLock("x").with(async (lease) => {
    await scene.runtime.advance(9_899);
    assert(lease.held && other.held);
    await scene.runtime.advance(1);
    assert.equal(other.held, false);
    await scene.runtime.advance(20_000);
    assert(lease.held);
  });
  scene.sent.length = 0;
  await scene.runtime.advance(60_000);
  assert.deepEqual(scene.sent, []);
  assert.equal(scene.runtime.timers, 0);
  // It begins again with the next.
  await a.getLock("y").with(async (lease) => {
    await scene.runtime.advance(30_000);
    assert(lease.held);
  });
});

Deno.test("a heart that is started while it works for one lease rests when it is stopped and the work is over", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.getLock("x").with(async () => {
    await a.start({ heartbeat: true });
    await scene.runtime.advance(10_000);
  });
  await a.stop();
  scene.sent.length = 0;
  await scene.runtime.advance(60_000);
  assert.deepEqual(scene.sent, []);
  assert.equal(scene.runtime.timers, 0);
});

Deno.test("a started heart keeps every lease, also while it works for one", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.start({ heartbeat: true });
  const other = await a.getLock("other").hold();
  await a.getLock("x").with(async (lease) => {
    await scene.runtime.advance(30_000);
    assert(lease.held && other.held);
  });
  await a.stop();
  assert.equal(scene.runtime.timers, 0);
});

Deno.test("the time to the next renewal is in whole ms and at most a minute, even if a third of the ttl is longer", async () => {
  const scene = new Scene();
  const { runtime } = scene;
  const a = new Coordinator(scene.wire, { memberId: "a", ttl: 10_001, runtime });
  const often = { memberId: "b", ttl: 10_001, runtime, heartbeatInterval: 700 };
  assert.equal(await new Coordinator(scene.wire, often).heartbeat(), 700);
  const told = async () => [(await a.tick()).next, await a.heartbeat()];
  // A third of 9,900.99.
  assert.deepEqual(await told(), [3_301, 3_301]);
  await a.getLock("x").hold();
  assert.deepEqual(await told(), [3_301, 3_301]);
  await a.stop();
  // A lease that lives long, or has no end, is to learn within a minute that it was broken.
  await a.getLock("x").hold({ ttl: 600_000 });
  assert.deepEqual(await told(), [60_000, 60_000]);
  // An answer may take so long that the next renewal is overdue when it comes.
  const lease = await a.getLock("y").hold();
  scene.fates.push({ delay: 4_000 });
  const beat = a.heartbeat();
  await runtime.advance(4_000);
  assert.deepEqual([await beat, lease.held], [0, true]);
});

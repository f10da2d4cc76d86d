/** Leases with little time left do not make those of others impatient, and do not wait for theirs. */

import assert from "node:assert/strict";
import type { Driver } from "../../drivers/driver.ts";
import { least } from "../../coordination/runtime.ts";
import { Scene } from "./scene.ts";

/** A wire of which each request takes so long. */
function slow(scene: Scene, ms: (ops: Parameters<Driver["apply"]>[0]) => number): Driver {
  return {
    ...scene.wire,
    async apply(ops, options) {
      await new Promise<void>((go, fail) => {
        const cancel = scene.runtime.after(ms(ops), go);
        options?.signal?.addEventListener("abort", () => {
          cancel();
          fail(options.signal?.reason);
        });
      });
      return await scene.wire.apply(ops, options);
    },
  };
}

/** Lets time pass until a call has ended. */
async function ended<T>(scene: Scene, call: Promise<T>): Promise<T> {
  let over = false;
  void call.then(() => over = true, () => over = true);
  for (let ms = 0; !over && ms < 60_000; ms += 100) await scene.runtime.advance(100);
  return await call;
}

Deno.test("a leadership of 6 s is kept over a backend of 420 ms, beside locks too short for it", async () => {
  const scene = new Scene();
  const driver = slow(scene, (ops) => ops.length > 1 ? 420 : 300);
  const a = scene.over(driver, "a", { ttl: 6_000 });
  await ended(scene, a.start({ heartbeat: true }));
  const leadership = await ended(scene, a.election("g").campaign());
  assert(leadership);
  const stop = Promise.withResolvers<void>();
  void a.getLock("short").with(() => stop.promise, { ttl: 1_250 }).catch(() => {});
  await scene.runtime.advance(60_000);
  assert.equal(leadership.held, true);
  stop.resolve();
  await ended(scene, a.stop());
});

Deno.test("a renewal that never answers does not cost a short lock that was taken meanwhile", async () => {
  const scene = new Scene();
  const a = scene.over(
    slow(
      scene,
      (ops) => ops.some(({ op }) => op === "renew") && ops.length === 1 && hangs ? 1e9 : 0,
    ),
    "a",
    { ttl: 30_000 },
  );
  let hangs = false;
  await ended(scene, a.start({ heartbeat: true }));
  await ended(scene, a.election("g").campaign());
  hangs = true;
  await scene.runtime.advance(9_500);
  hangs = false;
  let held = false;
  const working = a.getLock("x").with(async (lease) => {
    await new Promise<void>((go) => scene.runtime.after(4_000, go));
    held = lease.held;
  }, { ttl: 2_000 });
  await ended(scene, working);
  assert.equal(held, true);
  await ended(scene, a.stop());
});

Deno.test("after beats that failed each lease of them is tried again in its own time", async () => {
  for (const random of [0, 0.5, 0.98]) {
    const scene = new Scene();
    scene.runtime.random = () => random;
    const a = scene.member("a");
    await a.start({ heartbeat: true });
    const [short, long] = [
      await a.getLock("short").hold({ ttl: 1_250 }),
      await a.getLock("long").hold({ ttl: 3_000 }),
    ];
    scene.sent.length = 0;
    scene.fates.push("lose-request", "lose-request", "lose-request");
    while (scene.fates.length > 0) await scene.runtime.advance(1);
    assert.equal(scene.sent[0]?.length, 2, "they are renewed together");
    await scene.runtime.advance(10_000);
    assert.deepEqual([short.held, long.held], [true, true]);
    await a.stop();
  }
});

Deno.test("renewals that never answer are given up while there is time for others, whatever the ttl", async () => {
  for (const ttl of [2_000, 6_000, 30_000]) {
    const scene = new Scene();
    const a = scene.member("a", { ttl });
    await a.start({ heartbeat: true });
    const lease = await a.getLock("x").hold();
    scene.fates.push("hang", "hang");
    await scene.runtime.advance(3 * ttl);
    assert.equal(lease.held, true, `a ttl of ${ttl} ms`);
    await a.stop();
  }
});

Deno.test("leases that were taken at different times are due together after their first renewal", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.start({ heartbeat: true });
  for (let n = 0; n < 10; n++) {
    await a.getLock(`x${n}`).hold();
    await scene.runtime.advance(300);
  }
  await scene.runtime.advance(4_000);
  scene.sent.length = 0;
  await scene.runtime.advance(30_000);
  assert(scene.sent.every((ops) => ops.length === 10));
  assert(scene.sent.length <= 10, `${scene.sent.length} requests in nine intervals`);
  await a.stop();
});

Deno.test("a lock without end learns within a minute that it was broken", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await a.start({ heartbeat: true });
  const lease = await a.getLock("x").hold({ ttl: Infinity });
  await scene.runtime.advance(100_000);
  await b.getLock("x").break();
  const theirs = await b.getLock("x").hold({ ttl: Infinity });
  await scene.runtime.advance(60_000);
  assert.deepEqual([lease.held, theirs.held], [false, true]);
  assert(scene.happened.includes("lost"));
  await a.stop();
});

Deno.test("a beat of very many leases goes out in requests of a thousand, and ends no process", async () => {
  const scene = new Scene();
  // Without a watch for each, which would be as many timers of the fake clock.
  const a = scene.member("a", { on: undefined, ttl: 3_600_000 });
  for (let n = 0; n < 2_500; n++) await a.getLock(`x${n}`).acquire();
  scene.sent.length = 0;
  const next = await a.heartbeat();
  assert.deepEqual(scene.sent.map((ops) => ops.length), [1_000, 1_000, 500]);
  assert(next > 0 && next <= 3_600_000);
  // Arguments of a call have a limit, at which engines differ.
  assert.equal(least(Array.from({ length: 1_000_000 }, (_, n) => n + 1), (n) => n), 1);
});

Deno.test("acquiring while the heart beats looks at no other lease: a hundred more cost no more each", async () => {
  const scene = new Scene();
  const a = scene.member("a", { on: undefined });
  await a.start({ heartbeat: true });
  let looks = 0;
  const wall = scene.runtime.wall;
  Object.assign(scene.runtime, { wall: () => (looks++, wall()) });
  const cost = async (count: number, from: number): Promise<number> => {
    const before = looks;
    for (let n = 0; n < count; n++) await a.getLock(`x${from + n}`).hold();
    return (looks - before) / count;
  };
  const few = await cost(200, 0);
  await cost(1_600, 200);
  const many = await cost(200, 1_800);
  // Looks for those that ran out come whenever the number has doubled, and not in between.
  assert(many <= 2 * few, `${few} looks at the clock with few leases, ${many} with many`);
  await a.stop();
});

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

/** How often the renewal of a lock of 1,250 ms is tried while none is answered, beside others. */
async function triesBeside(...ttls: number[]): Promise<number> {
  const scene = new Scene();
  const a = scene.member("a");
  await a.start({ heartbeat: true });
  for (const ttl of [1_250, ...ttls]) await a.getLock(`${ttl}`).hold({ ttl });
  scene.fates.push(...Array<"lose-request">(999).fill("lose-request"));
  await scene.runtime.advance(1_250);
  scene.fates.length = 0;
  await a.stop();
  return scene.sent.flat().filter(({ op, resource }) => op === "renew" && resource === "lock:1250")
    .length;
}

Deno.test("after a beat that failed a lease is tried again as often as if it were alone", async () => {
  const alone = await triesBeside();
  assert(alone > 5, `${alone} tries`);
  for (const ttls of [[2_000], [3_000], [3_700], [600], [900, 3_000]]) {
    assert(await triesBeside(...ttls) >= alone, `beside ${ttls}`);
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

import assert from "node:assert/strict";
import { type Lease, type Lock, LockAcquireFailed } from "../../mod.ts";
import { HeldLease } from "../../coordination/leases/held_lease.ts";
import { settled } from "./fake_runtime.ts";
import { Scene } from "./scene.ts";

Deno.test("a waiter gets the lock soon after a clean release", async () => {
  const scene = new Scene();
  const lease = await scene.member("a").getLock("x").hold();
  const waiting = scene.member("b").getLock("x").acquire();
  await scene.runtime.advance(5_000);
  await lease.release();
  const released = scene.runtime.monoNow;
  let took = 0;
  void waiting.then(() => took = scene.runtime.monoNow - released);
  await scene.runtime.advance(2_000);
  const successor = await waiting;
  assert(successor && successor.token > lease.token);
  assert(took <= 2_000, `${took} ms`);
});

Deno.test("a waiter gets the lock of a dead holder when its ttl is over, with few requests", async () => {
  const scene = new Scene();
  await scene.member("a").getLock("x").hold({ ttl: 30_000 });
  scene.sent.length = 0;
  const waiting = scene.member("b").getLock("x").acquire();
  await scene.runtime.advance(29_990);
  assert(scene.sent.length < 30, `${scene.sent.length} requests in 30 s`);
  await scene.runtime.advance(40);
  assert(await waiting);
});

Deno.test("a wait ends at its timeout with one last try, and hold says who has the lock", async () => {
  const scene = new Scene();
  await scene.member("fra-1").getLock("x").hold();
  const failed = assert.rejects(
    scene.member("b").getLock("x").hold({ timeout: 3_000 }),
    (error: Error) => {
      assert(error instanceof LockAcquireFailed);
      assert.match(error.message, /within 3000 ms: fra-1 has it, for up to 7\d{3} ms/);
      return true;
    },
  );
  await scene.runtime.advance(2_999);
  const before = scene.sent.length;
  await scene.runtime.advance(1);
  assert.equal(scene.sent.length, before + 1);
  await failed;
  assert.equal(
    await asPromise(scene, scene.member("c").getLock("x").acquire({ blocking: 500 })),
    null,
  );
});

Deno.test("a wait ends at once when its signal aborts, and sends nothing more", async () => {
  const scene = new Scene();
  await scene.member("a").getLock("x").hold();
  const stop = new AbortController();
  const waiting = assert.rejects(
    scene.member("b").getLock("x").acquire({ signal: stop.signal }),
    (error) => error === stop.signal.reason,
  );
  await scene.runtime.advance(200);
  const before = scene.sent.length;
  stop.abort(new Error("enough"));
  await waiting;
  await scene.runtime.advance(5_000);
  assert.equal(scene.sent.length, before);
});

Deno.test("a module's lock object: who was refused frees nobody's lease in its finally", async () => {
  const scene = new Scene();
  const lock = scene.member("a").getLock("x");
  const request = async (ms: number): Promise<string> => {
    const lease = await lock.acquire({ timeout: 0 });
    try {
      if (!lease) return "409";
      await new Promise<void>((go) => scene.runtime.after(ms, go));
      return lease.held ? "held to the end" : "lost";
    } finally {
      await lock.release();
    }
  };
  const first = request(300);
  await scene.runtime.advance(50);
  assert.equal(await request(100), "409");
  assert.equal(await request(100), "409");
  await scene.runtime.advance(250);
  assert.equal(await first, "held to the end");
  assert.deepEqual(await lock.holders(), []);
});

for (const kind of ["lock", "semaphore"] as const) {
  Deno.test(`a module's ${kind} object: of many at once none that failed frees another's lease in its finally`, async () => {
    const scene = new Scene();
    const a = scene.member("a");
    const object = kind === "lock" ? a.getLock("x") : a.getSemaphore("x", 1);
    const request = async (ms: number, options = {}): Promise<string> => {
      let lease;
      try {
        lease = await object.acquire({ timeout: 0, ...options });
        if (!lease) return "409";
        await new Promise<void>((go) => scene.runtime.after(ms, go));
        return lease.held ? "held to the end" : "lost";
      } catch {
        return "503";
      } finally {
        await object.release();
      }
    };
    const first = request(300);
    await scene.runtime.advance(50);
    // At once, so that each is refused before the first of them releases.
    assert.deepEqual(await Promise.all([request(9), request(9), request(9)]), Array(3).fill("409"));
    // One that gives up, and one whose ttl cannot be right.
    const over = AbortSignal.abort();
    const bad = [request(9, { signal: over }), request(9, { ttl: -1 }), request(9)];
    assert.deepEqual(await Promise.all(bad), ["503", "503", "409"]);
    // What somebody else was refused, who does not call release(), is no release of the holder's.
    await assert.rejects(object.with(() => {}, { timeout: 0 }), LockAcquireFailed);
    assert.equal((await a.getLock("y").hold()).held, true);
    await scene.runtime.advance(250);
    assert.equal(await first, "held to the end");
    assert.deepEqual(await object.holders(), []);
    const again = await object.hold({ timeout: 0 });
    await assert.rejects(object.with(() => {}, { timeout: 0 }), LockAcquireFailed);
    assert.equal(await object.release(), true);
    assert.equal(again.held, false);
  });
}

Deno.test("a release() right after a refusal is the refused caller's, unless that has gone on since", async () => {
  const gone: Readonly<
    Record<string, (lock: Lock, holder: Lease, scene: Scene) => Promise<unknown>>
  > = {
    "by waiting": (_lock, _holder, scene) => scene.runtime.advance(1),
    "by acquiring after all": async (lock, holder) => {
      await holder.release();
      assert(await lock.acquire({ timeout: 0 }));
    },
    "by a heartbeat": (lock) => lock.heartbeat(),
    "by a look whether it still has it": (lock) => lock.isStillOwner(),
  };
  for (const [how, goOn] of [["not at all", undefined], ...Object.entries(gone)] as const) {
    const scene = new Scene();
    const lock = scene.member("a").getLock("x");
    const holder = await lock.hold();
    assert.equal(await lock.acquire({ timeout: 0 }), null);
    await scene.runtime.advance(9);
    await goOn?.(lock, holder, scene);
    assert.equal(await lock.release(), goOn !== undefined, how);
  }
});

Deno.test("a break names whom it saw, so that a late or repeated one never hits a successor", async () => {
  const scene = new Scene();
  const [a, b, c] = [scene.member("a"), scene.member("b"), scene.member("c")];
  const holder = await a.getLock("x").hold();
  scene.fates.push("pass", { delay: 1_000 });
  const breaking = b.getLock("x").break();
  await settled();
  await holder.release();
  const successor = await c.getLock("x").hold();
  await scene.runtime.advance(1_000);
  assert.equal(await breaking, false);
  await successor.confirm();
});

Deno.test("a release that was delivered twice counts as ours, unless another has the lock", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  const twice = await a.getLock("x").hold();
  await scene.backend.apply([{ op: "release", resource: "lock:x", seat: "" }]);
  assert.equal(await twice.release(), true);
  const taken = await a.getLock("x").hold();
  await scene.backend.apply([{ op: "release", resource: "lock:x", seat: "" }]);
  await b.getLock("x").hold();
  assert.equal(await taken.release(), false);
  const late = await a.getLock("y").hold();
  await scene.runtime.advance(10_000);
  assert.equal(await late.release(), false);
});

Deno.test("with renews while the work runs, releases after it, and hides nothing it says", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  let finish = (_: string): void => {};
  const work = new Promise<string>((resolve) => finish = resolve);
  const running = a.getLock("x").with(() => work);
  await scene.runtime.advance(60_000);
  assert.equal(await b.getLock("x").acquire({ timeout: 0 }), null);
  finish("done");
  assert.equal(await running, "done");
  assert(await b.getLock("x").acquire({ timeout: 0 }));
  assert(!scene.happened.includes("lost"));
  const failing = assert.rejects(
    a.getLock("y").with(() => {
      scene.fates.push(...Array<"lose-request">(4).fill("lose-request"));
      throw new Error("its own");
    }),
    /its own/,
  );
  await scene.runtime.advance(4_000);
  await failing;
  assert(scene.happened.includes("release-failed"));
});

Deno.test("with tells its work when the lease is lost, and stops renewing", async () => {
  const scene = new Scene();
  const seen: unknown[] = [];
  const running = scene.member("a").getLock("x").with(async ({ signal }) => {
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    seen.push(signal.reason.name);
    return "late";
  });
  await settled();
  await scene.member("b").getLock("x").break();
  await scene.runtime.advance(4_000);
  assert.equal(await running, "late");
  assert.deepEqual(seen, ["LeaseLost"]);
  const before = scene.sent.length;
  await scene.runtime.advance(60_000);
  assert.equal(scene.sent.length, before);
  assert.equal(scene.runtime.timers, 0);
});

async function asPromise<T>(scene: Scene, pending: Promise<T>): Promise<T> {
  await scene.runtime.advance(1_000);
  return await pending;
}

Deno.test("tryAcquire() tries once, with one request, whatever the options say of waiting", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  const lease = await a.getLock("x").tryAcquire({ ttl: 2_000 });
  assert.equal(lease?.ttl, 2_000);
  scene.sent.length = 0;
  for (const options of [undefined, { timeout: 9_000 }, { blocking: 9_000 }, { blocking: false }]) {
    assert.equal(await b.getLock("x").tryAcquire(options), null);
    assert.equal(await b.getSemaphore("x", 1).tryAcquire(options) === null, false);
    await b.getSemaphore("x", 1).break();
  }
  assert.equal(
    scene.sent.filter((ops) => ops.some(({ resource }) => resource === "lock:x")).length,
    4,
  );
});

Deno.test("of what one object holds heartbeat() renews the latest, and release() gives the oldest back", async () => {
  const scene = new Scene();
  const semaphore = scene.member("a").getSemaphore("s", 3);
  const leases = [await semaphore.hold(), await semaphore.hold(), await semaphore.hold()];
  await leases[2]?.release();
  const granted = scene.runtime.wallNow;
  await scene.runtime.advance(1_000);
  assert.equal(await semaphore.heartbeat(), true);
  const deadlines = leases.slice(0, 2).map(({ deadline }) => deadline - granted);
  assert.deepEqual(deadlines, [9_900, 10_900]);
  assert.equal(await semaphore.release(), true);
  assert.deepEqual(leases.map(({ held }) => held), [false, true, false]);
});

Deno.test("a lock that one object shares a thousand times does not look at all of them each time", async () => {
  const a = new Scene().member("a", { ttl: 600_000 });
  const lock = a.getLock("x");
  const over = Object.getOwnPropertyDescriptor(HeldLease.prototype, "over");
  assert(over);
  let looks = 0;
  const counted = {
    ...over,
    get(this: HeldLease) {
      looks++;
      return over.get?.call(this);
    },
  };
  Object.defineProperty(HeldLease.prototype, "over", counted);
  try {
    for (let n = 0; n < 1_000; n++) await lock.hold({ shared: true });
    assert(looks > 0 && looks < 4_000, `${looks} looks`);
    // Those that are over are forgotten all the same.
    looks = 0;
    for (let n = 0; n < 1_000; n++) assert.equal(await lock.release(), true);
    assert(looks < 8_000, `${looks} looks`);
    const alone = a.getLock("y");
    for (let n = 0; n < 1_000; n++) await (await alone.hold()).release();
    looks = 0;
    await alone.release();
    assert(looks < 10, `${looks} are still kept`);
  } finally {
    Object.defineProperty(HeldLease.prototype, "over", over);
  }
});

import assert from "node:assert/strict";
import {
  InvalidArgument,
  type Lease,
  LockAcquireFailed,
  type Semaphore,
  UnknownOutcome,
} from "../../mod.ts";
import { settled } from "./fake_runtime.ts";
import { Scene } from "./scene.ts";

/** A member's semaphore "s" of so many permits. */
function semaphore(scene: Scene, memberId: string, permits: number): Semaphore {
  return scene.member(memberId).getSemaphore("s", permits);
}

/** Takes a seat behind everybody's back. */
async function take(scene: Scene, seat: string, ttl = 10_000): Promise<void> {
  const id = `${seat} taken`;
  await scene.backend.apply([
    { op: "acquire", resource: "semaphore:s", seat, id, ttl, value: "other" },
  ]);
}

Deno.test("a permit that is free takes one request, or two when the first seat tried is taken", async () => {
  const scene = new Scene();
  const s = semaphore(scene, "a", 3);
  assert(await s.acquire({ timeout: 0 }));
  assert.equal(scene.sent.length, 1);
  assert(await s.acquire({ timeout: 0 }));
  assert.equal(scene.sent.length, 3);
  assert(await s.acquire({ timeout: 0 }));
  assert.equal(scene.sent.length, 5);
});

Deno.test("there are never more holders than permits, and a refusal takes one request", async () => {
  const scene = new Scene();
  const [a, b] = [semaphore(scene, "a", 3), semaphore(scene, "b", 3)];
  const leases = await Promise.all([a.hold(), a.hold(), b.hold()]);
  scene.sent.length = 0;
  assert.equal(await b.acquire({ timeout: 0 }), null);
  assert.equal(await a.acquire({ blocking: false }), null);
  assert.equal(scene.sent.length, 2);
  assert.deepEqual((await a.holders()).map(({ memberId }) => memberId).sort(), ["a", "a", "b"]);
  assert.equal(new Set(leases.map(({ token }) => token)).size, 3);
  await leases[1]?.release();
  assert(await b.acquire({ timeout: 0 }));
  assert.equal(await a.acquire({ timeout: 0 }), null);
});

Deno.test("20 clients share 3 permits for a while, all get their turn, and never 4 at a time", async () => {
  const scene = new Scene();
  let seed = 42;
  scene.runtime.random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  // Requests overtake each other.
  for (let i = 0; i < 5_000; i++) {
    scene.fates.push({ delay: Math.floor(scene.runtime.random() * 40) });
  }
  const leases = new Set<Lease>();
  let [turns, most] = [0, 0];
  const clients = Array.from({ length: 20 }, async (_, i) => {
    const s = semaphore(scene, `member-${i}`, 3);
    for (let turn = 0; turn < 3; turn++) {
      await s.with(async (lease) => {
        leases.add(lease);
        turns++;
        most = Math.max(most, [...leases].filter(({ held }) => held).length);
        await new Promise<void>((go) => scene.runtime.after(scene.runtime.random() * 300, go));
      });
    }
  });
  await scene.runtime.advance(60_000);
  await Promise.all(clients);
  assert.deepEqual([turns, most], [60, 3]);
  assert(!scene.happened.includes("lost"));
});

Deno.test("30 who come at once for 30 permits all get one, and a late one is refused", async () => {
  const scene = new Scene();
  let seed = 7;
  scene.runtime.random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let i = 0; i < 1_000; i++) {
    scene.fates.push({ delay: Math.floor(scene.runtime.random() * 40) });
  }
  const clients = Array.from({ length: 30 }, (_, i) => semaphore(scene, `member-${i}`, 30));
  const rush = Promise.all(clients.map((s) => s.acquire({ timeout: 0 })));
  await scene.runtime.advance(1_000);
  assert((await rush).every((lease) => lease?.held));
  assert(scene.sent.length < 90, `${scene.sent.length} requests`);
  scene.fates.length = 0;
  assert.equal(await semaphore(scene, "late", 30).acquire({ timeout: 0 }), null);
});

Deno.test("a waiter gets a permit when the first of the dead holders' times is over, at the latest", async () => {
  const scene = new Scene();
  const dead = semaphore(scene, "dead", 2);
  await dead.hold({ ttl: 30_000 });
  await dead.hold({ ttl: 20_000 });
  scene.sent.length = 0;
  const waiting = semaphore(scene, "b", 2).acquire();
  await scene.runtime.advance(19_990);
  assert(scene.sent.length < 20, `${scene.sent.length} requests in 20 s`);
  await scene.runtime.advance(40);
  assert(await waiting);
});

Deno.test("the look after a wait begins with the seat whose time ran out: one request", async () => {
  const scene = new Scene();
  await Promise.all([take(scene, "0", 900), take(scene, "1"), take(scene, "2")]);
  const waiting = semaphore(scene, "b", 3).acquire();
  await scene.runtime.advance(890);
  const before = scene.sent.length;
  await scene.runtime.advance(40);
  assert(await waiting);
  assert.equal(scene.sent.length, before + 1);
});

Deno.test("a waiter gets a permit soon after a clean release", async () => {
  const scene = new Scene();
  const [lease] = await Promise.all([semaphore(scene, "a", 1).hold({ ttl: 60_000 })]);
  const waiting = semaphore(scene, "b", 1).acquire();
  await scene.runtime.advance(5_000);
  await lease.release();
  await scene.runtime.advance(2_000);
  assert(await waiting);
});

Deno.test("whoever loses the seat it saw vacant tries the next one at once", async () => {
  const scene = new Scene();
  await take(scene, "1");
  scene.fates.push("pass", { delay: 10 });
  const acquiring = semaphore(scene, "a", 3).acquire({ timeout: 0 });
  await settled();
  await take(scene, "2");
  await scene.runtime.advance(10);
  assert(await acquiring);
  assert.deepEqual(
    scene.sent.map(([op]) => op?.op === "acquire" && op.seat),
    ["1", "2", "0"],
  );
});

Deno.test("a hold that fails says who has the permits and for how long", async () => {
  const scene = new Scene();
  await semaphore(scene, "fra-1", 2).hold();
  await scene.runtime.advance(1_000);
  await semaphore(scene, "fra-2", 2).hold();
  const failed = assert.rejects(
    semaphore(scene, "b", 2).hold({ timeout: 3_000 }),
    (error: Error) => {
      assert(error instanceof LockAcquireFailed);
      assert.match(
        error.message,
        /^Semaphore "s" .* within 3000 ms: fra-1 has it \(and 1 more\), for up to 6\d{3} ms/,
      );
      return true;
    },
  );
  await scene.runtime.advance(3_000);
  await failed;
  assert.equal(scene.runtime.timers, 2); // the two leases' own
});

Deno.test("with keeps the permit while its work runs, and gives it back", async () => {
  const scene = new Scene();
  const [a, b] = [semaphore(scene, "a", 1), semaphore(scene, "b", 1)];
  let finish = (): void => {};
  const work = new Promise<void>((resolve) => finish = resolve);
  const running = a.with(() => work);
  await scene.runtime.advance(60_000);
  assert.equal(a.acquired, true);
  assert.equal(await b.acquire({ timeout: 0 }), null);
  finish();
  await running;
  assert.equal(a.acquired, false);
  assert(await b.acquire({ timeout: 0 }));
});

Deno.test("release gives back one permit after another, the oldest first", async () => {
  const scene = new Scene();
  const s = semaphore(scene, "a", 2);
  const [first, second] = [await s.hold(), await s.hold()];
  assert.equal(await s.isStillOwner(), true);
  assert.equal(await s.heartbeat(), true);
  assert.equal(await s.release(), true);
  assert.deepEqual([first.held, second.held], [false, true]);
  assert.equal(await s.release(), true);
  assert.equal(await s.release(), false);
  assert.equal(await s.isStillOwner(), false);
  assert.equal(await s.heartbeat(), false);
  assert.deepEqual(await s.holders(), []);
});

Deno.test("a lost reply costs no permit: the same id finds its own", async () => {
  const scene = new Scene();
  scene.fates.push("lose-reply");
  const acquiring = semaphore(scene, "a", 2).hold();
  await scene.runtime.advance(1_000);
  const lease = await acquiring;
  const [holder, ...others] = await semaphore(scene, "b", 2).holders();
  assert.equal(holder?.token, lease.token);
  assert.deepEqual(others, []);
});

Deno.test("a permit that nobody knows of is given back, and so is one that came too late", async () => {
  const scene = new Scene();
  const s = semaphore(scene, "a", 1);
  scene.fates.push("hang-reply", "hang-reply", "hang-reply", "hang-reply");
  const unknown = assert.rejects(s.acquire({ ttl: 5_000 }), UnknownOutcome);
  await scene.runtime.advance(20_000);
  await unknown;
  assert.deepEqual(await s.holders(), []);
  scene.fates.push({ delay: 99 });
  const late = assert.rejects(s.acquire({ ttl: 99 }), UnknownOutcome);
  await scene.runtime.advance(99);
  await late;
  await settled();
  assert.deepEqual(await s.holders(), []);
});

Deno.test("a wait ends at once when its signal aborts", async () => {
  const scene = new Scene();
  await take(scene, "0");
  const stop = new AbortController();
  const waiting = assert.rejects(
    semaphore(scene, "b", 1).acquire({ signal: stop.signal }),
    (error) => error === stop.signal.reason,
  );
  await scene.runtime.advance(200);
  const before = scene.sent.length;
  stop.abort(new Error("enough"));
  await waiting;
  await scene.runtime.advance(5_000);
  assert.equal(scene.sent.length, before);
  assert.equal(scene.runtime.timers, 0);
});

Deno.test("a signal ends a try whose answer is overdue, and what it was granted is given back", async () => {
  const scene = new Scene();
  const stop = new AbortController();
  scene.fates.push("hang-reply");
  const acquiring = assert.rejects(
    semaphore(scene, "b", 1).acquire({ signal: stop.signal }),
    (error) => error === stop.signal.reason,
  );
  await settled();
  stop.abort(new Error("enough"));
  await acquiring;
  await settled();
  assert.deepEqual(await semaphore(scene, "b", 1).holders(), []);
});

Deno.test("who says fewer permits keeps to the first seats, and sees all holders", async () => {
  const scene = new Scene();
  const [many, few] = [semaphore(scene, "many", 5), semaphore(scene, "few", 2)];
  const first = await few.hold();
  await few.hold();
  assert.equal(await few.acquire({ timeout: 0 }), null);
  await Promise.all([many.hold(), many.hold(), many.hold()]);
  assert.equal(await many.acquire({ timeout: 0 }), null);
  assert.equal((await few.holders()).length, 5);
  await first.release();
  assert(await few.acquire({ timeout: 0 }));
});

Deno.test("who says fewer permits waits for its own seats, even when another's ends first", async () => {
  const scene = new Scene();
  await Promise.all([take(scene, "0"), take(scene, "1"), take(scene, "4", 1_000)]);
  const waiting = semaphore(scene, "few", 2).acquire();
  await scene.runtime.advance(9_990);
  assert.equal((await semaphore(scene, "few", 2).holders()).length, 2);
  await scene.runtime.advance(40);
  assert(await waiting);
});

Deno.test("permits that are no whole number from 1 to 10,000, and bad times, are refused unsent", async () => {
  const scene = new Scene();
  for (const permits of [0, -1, 1.5, NaN, Infinity, 10_001, "3" as unknown as number]) {
    assert.throws(() => semaphore(scene, "a", permits), InvalidArgument, `${permits}`);
  }
  for (const name of ["", "a\nb", "x".repeat(300)]) {
    assert.throws(() => scene.member("a").getSemaphore(name, 1), InvalidArgument);
  }
  const s = semaphore(scene, "a", 10_000);
  for (const ttl of [0, -1, NaN, 1.5]) await assert.rejects(s.acquire({ ttl }), InvalidArgument);
  for (const timeout of [-1, NaN]) await assert.rejects(s.acquire({ timeout }), InvalidArgument);
  assert.equal(scene.sent.length, 0);
  assert(await s.acquire({ timeout: 0 }));
});

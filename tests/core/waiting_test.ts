/** Who waits for whom and for how long, and what is still ours. */

import assert from "node:assert/strict";
import { ConnectionError, Coordinator, type LockAcquireFailed } from "../../mod.ts";
import { internalsOf } from "../../coordination/internals.ts";
import type { Acquire, Driver, Op } from "../../drivers/driver.ts";
import { meddling } from "./meddling.ts";
import { Scene } from "./scene.ts";

/** Somebody's seat of the semaphore `s`. */
function taken(seat: string, ttl: number): Acquire {
  return { op: "acquire", resource: "semaphore:s", seat, id: `of-${seat}`, ttl, value: "other" };
}

Deno.test("pauses are up to half as short, as chance has it, so that waiters come apart", async () => {
  for (const [random, first] of [[0, 50], [0.5, 37.5], [0.98, 25.5]] as const) {
    const scene = new Scene();
    const { runtime } = scene;
    await scene.member("a").getLock("x").hold();
    const looks: number[] = [];
    const wire = meddling(scene.wire, { before: () => looks.push(runtime.monoNow) });
    runtime.random = () => random;
    const b = new Coordinator(wire, { memberId: "b", ttl: 10_000, runtime });
    const waiting = b.getLock("x").acquire({ timeout: 200 });
    await runtime.advance(200);
    assert.equal(await waiting, null);
    const [start = NaN, second = NaN, third = NaN] = looks;
    assert.deepEqual([second - start, third - second], [first, 2 * first]);
  }
});

Deno.test("a waiter comes when the first of several holders' time is over, if that is sooner", async () => {
  const scene = new Scene();
  await scene.member("a").getLock("x").hold({ shared: true, ttl: 60_000 });
  await scene.member("b").getLock("x").hold({ shared: true, ttl: 1_000 });
  await scene.runtime.advance(970);
  const looks: number[] = [];
  const wire = meddling(scene.wire, { before: () => looks.push(scene.runtime.monoNow) });
  const c = new Coordinator(wire, { memberId: "c", ttl: 10_000, runtime: scene.runtime });
  scene.runtime.random = () => 0;
  const waiting = c.getLock("x").acquire({ timeout: 150 });
  await scene.runtime.advance(150);
  assert.equal(await waiting, null);
  // When the 30 ms of the one are over, after 100 for the other, and when no time is left.
  assert.deepEqual(looks.map((at) => at - (looks[0] ?? NaN)), [0, 31, 131, 150]);
});

Deno.test("a wait that was too short, and looks like seconds, is named, and no other", async () => {
  const scene = new Scene();
  await scene.member("a").getLock("x").hold();
  const lock = scene.member("b").getLock("x");
  const named = async (timeout: number, blocking: boolean | number = true): Promise<boolean> => {
    scene.events.length = 0;
    const waiting = assert.rejects(lock.hold({ timeout, blocking }), (error: Error) => {
      const said = /milliseconds, not seconds\?$/.test(error.message);
      assert.equal(said, scene.events.some(({ type }) => type === "short-wait"));
      return true;
    });
    await scene.runtime.advance(1_000);
    await waiting;
    return scene.events.some(({ type }) => type === "short-wait");
  };
  for (const timeout of [1, 5, 30, 49]) assert.equal(await named(timeout), true, `${timeout}`);
  for (const timeout of [0, 50, 500]) assert.equal(await named(timeout), false, `${timeout}`);
  assert.equal(await named(5, false), false, "it does not wait");
  assert.equal(await named(500, 5), true, "as Tooz says it");
  // What was granted had time enough.
  scene.events.length = 0;
  assert(await scene.member("c").getLock("y").acquire({ timeout: 5 }));
  assert(!scene.events.some(({ type }) => type === "short-wait"));
  // A request may be given no time at all, which a test of an outage needs.
  for (const timeout of [0, 50]) scene.member("d", { timeout });
});

Deno.test("a refusal takes no look at each of the leases that this coordinator holds", async () => {
  const scene = new Scene();
  const a = scene.member("a", { ttl: 60_000 });
  for (let n = 0; n < 10; n++) await a.getLock(`held-${n}`).hold();
  await scene.member("b", { ttl: 60_000 }).getLock("theirs").hold();
  const { leases } = internalsOf(a).session;
  let looks = 0;
  const counted = Object.fromEntries(
    (["values", "entries", "keys", "forEach", Symbol.iterator] as const).map((way) => [way, {
      value: (...args: never[]) => {
        looks++;
        return Reflect.apply(Map.prototype[way], leases, args);
      },
    }]),
  );
  Object.defineProperties(leases, counted);
  await a.heartbeat();
  assert(looks > 0, "what looks at all of them is not counted");
  looks = 0;
  for (const [name, ours] of [["theirs", false], ["held-0", true]] as const) {
    scene.events.length = 0;
    const waiting = a.getLock(name).acquire({ timeout: 6_000 });
    await scene.runtime.advance(6_000);
    assert.equal(await waiting, null);
    assert.deepEqual(
      scene.events.flatMap((event) => event.type === "waiting" ? [event.ours] : []),
      [ours],
    );
  }
  assert.equal(looks, 0);
});

Deno.test("isStillOwner() tells our own lease from a successor's", async () => {
  const scene = new Scene();
  const lock = scene.member("a").getLock("x");
  await lock.hold();
  assert.equal(await lock.isStillOwner(), true);
  const b = scene.member("b").getLock("x");
  await b.break();
  await b.hold();
  assert.equal(await lock.isStillOwner(), false);
  assert.equal(await b.isStillOwner(), true);
});

Deno.test("isStillOwner() says no when the answer comes after the deadline", async () => {
  const scene = new Scene();
  let late = 0;
  const wire = meddling(scene.wire, {
    after: () => late > 0 && new Promise<void>((go) => scene.runtime.after(late, go)),
  });
  const a = new Coordinator(wire, { memberId: "a", ttl: 10_000, runtime: scene.runtime });
  const lock = a.getLock("x");
  await lock.hold();
  await scene.runtime.advance(9_800);
  late = 200;
  const asked = lock.isStillOwner();
  await scene.runtime.advance(200);
  assert.equal(await asked, false);
});

Deno.test("holders of seats beyond our number are not waited for, and their seats not taken", async () => {
  const scene = new Scene();
  await scene.backend.apply([taken("0", 60_000), taken("1", 60_000), taken("2", 1_000)]);
  const waiting = scene.member("a").getSemaphore("s", 2).acquire({ timeout: 5_000 });
  await scene.runtime.advance(5_000);
  assert.equal(await waiting, null);
  const seats = new Set(scene.sent.flat().map((op: Op) => op.op === "acquire" ? op.seat : "0"));
  assert.deepEqual([...seats].sort(), ["0", "1"]);
});

Deno.test("a wait's last try comes at its very end, after refusals and after failures", async () => {
  const theirs = { seat: "", id: "theirs", token: 1, value: "other", left: 60_000 };
  for (const fails of [false, true]) {
    const scene = new Scene();
    const start = scene.runtime.monoNow;
    const asked: number[] = [];
    const driver: Driver = {
      ...scene.backend,
      apply() {
        asked.push(scene.runtime.monoNow - start);
        return fails && asked.length > 1
          ? Promise.reject(new ConnectionError("it is read-only"))
          : Promise.resolve([{ ok: false, leases: [theirs] }]);
      },
    };
    const waiting = scene.over(driver, "a").getLock("x").acquire({ timeout: 38.5 });
    const ended = fails
      ? assert.rejects(waiting, ConnectionError)
      : waiting.then((lease) => assert.equal(lease, null));
    await scene.runtime.advance(1_000);
    await ended;
    assert.deepEqual(asked, [0, 37.5, 38.5]);
  }
});

Deno.test("a waiter for a permit looks next at the seat of which the time is over first", async () => {
  const scene = new Scene();
  await scene.backend.apply([taken("0", 40_000), taken("1", 30_000), taken("2", 20_000)]);
  const waiting = scene.member("a").getSemaphore("s", 3).acquire({ timeout: 100 });
  await scene.runtime.advance(100);
  assert.equal(await waiting, null);
  // The first is by chance, which is in the middle.
  const seats = scene.sent.flatMap(([op]) => op?.op === "acquire" ? [op.seat] : []);
  assert.deepEqual(seats, ["1", ...Array(seats.length - 1).fill("2")]);
  assert(seats.length > 1);
});

Deno.test("who is in the way is named in the order in which they run out, not in that of their seats", async () => {
  for (const resource of ["readers:s", "semaphore:s"]) {
    const scene = new Scene();
    const ttls = [3_000, 1_000, 4_000, 2_000];
    await scene.backend.apply(
      ttls.map((ttl, n) => ({ ...taken(`${n}`, ttl), resource, value: `for ${ttl}` })),
    );
    const a = scene.member("a");
    const wanted = resource === "readers:s" ? a.getLock("s") : a.getSemaphore("s", ttls.length);
    const names = ["for 1000", "for 2000", "for 3000", "for 4000"];
    const { holders } = await wanted.attempt({ timeout: 0 });
    assert.deepEqual(holders.map(({ memberId }) => memberId), names);
    await assert.rejects(wanted.hold({ timeout: 0 }), (error: LockAcquireFailed) => {
      assert.deepEqual(error.holders.map(({ memberId }) => memberId), names);
      assert.match(error.message, /: for 1000 has it \(and 3 more\), for up to 1000 ms more/);
      return true;
    });
  }
});

Deno.test("who always comes second for a permit pauses after ten tries", async () => {
  const scene = new Scene();
  let requests = 0;
  // Whatever seat we try is taken until we have been refused, and not seen to be so.
  const wire = meddling(scene.wire, {
    before: () => {
      if (++requests > 50) throw new Error("it never pauses");
    },
  });
  const { apply } = wire;
  wire.apply = async (ops, options) => {
    const [op] = ops;
    if (op?.op !== "acquire") return await apply(ops, options);
    await scene.backend.apply([taken(op.seat, 1_000)]);
    const [refused] = await apply([op], options);
    await scene.backend.apply([{ ...taken(op.seat, 1_000), op: "release" }]);
    return [...(refused ? [refused] : []), ...await scene.backend.apply(ops.slice(1))];
  };
  const a = new Coordinator(wire, { memberId: "a", ttl: 10_000, runtime: scene.runtime });
  assert.equal(await a.getSemaphore("s", 3).acquire({ timeout: 0 }), null);
  assert.equal(requests, 10);
});

Deno.test("each kind of lease has its own ttl, where the coordinator was given one", async () => {
  const scene = new Scene();
  const a = scene.member("a", {
    ttl: 10_000,
    lockTtl: 20_000,
    leaderTtl: 30_000,
    membershipTtl: 40_000,
  });
  await a.getLock("x").hold();
  await a.getSemaphore("s", 1).hold();
  await a.election("g").campaign();
  await a.joinGroupCreate("g");
  await a.cron("j").run({ slot: scene.runtime.wallNow, mode: "retry" }, () => {});
  const ttls = scene.sent.flat().flatMap((op) =>
    op.op === "acquire" && op.ttl !== Infinity && !op.seat.endsWith("/done")
      ? [[op.resource, op.ttl]]
      : []
  );
  assert.deepEqual(Object.fromEntries(ttls), {
    "lock:x": 20_000,
    "semaphore:s": 20_000,
    "leader:g": 30_000,
    "group:g": 40_000,
    "cron:j": 10_000,
  });
});

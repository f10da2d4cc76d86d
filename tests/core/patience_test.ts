/** Waiting on a backend that pushes: in turn, at once, and at the price of one request a patience. */

import assert from "node:assert/strict";
import { Coordinator } from "../../mod.ts";
import { internalsOf } from "../../coordination/internals.ts";
import type { Driver, Op } from "../../drivers/driver.ts";
import { memory } from "../../drivers/memory.ts";
import { FakeRuntime, settled } from "./fake_runtime.ts";

/** A backend that pushes, and what was sent to it. */
function place() {
  const runtime = new FakeRuntime();
  const backend = memory({ now: runtime.wall, after: runtime.after });
  const sent: Op[] = [];
  const driver: Driver = {
    ...backend,
    apply(ops, options) {
      sent.push(...ops);
      return backend.apply(ops, options);
    },
  };
  const member = (memberId: string) => new Coordinator(driver, { memberId, ttl: 40_000, runtime });
  return { runtime, sent, member };
}

Deno.test("waiters have the lock at once after a clean release, in the order in which they came", async () => {
  const { runtime, member } = place();
  const first = await member("holder").getLock("x").hold();
  const order: number[] = [];
  const waiting = Array.from({ length: 64 }, async (_, n) => {
    const lease = await member(`m${n}`).getLock("x").hold();
    order.push(n);
    await lease.release();
  });
  await runtime.advance(1_000);
  assert.deepEqual(order, []);
  const now = runtime.monoNow;
  await first.release();
  await settled();
  await Promise.all(waiting);
  assert.equal(runtime.monoNow, now, "time had to pass");
  assert.deepEqual(order, Array.from({ length: 64 }, (_, n) => n));
  assert.equal(runtime.timers, 0);
});

Deno.test("a wait of 25 s costs one request for each patience, a quarter of the ttl", async () => {
  const { runtime, sent, member } = place();
  await member("holder").getLock("x").hold({ ttl: 60_000 });
  sent.length = 0;
  const waiting = member("a").getLock("x").acquire({ timeout: 25_000 });
  await runtime.advance(26_000);
  assert.equal(await waiting, null);
  const tries = sent.map((op) => op.op === "acquire" && op.patience);
  assert.deepEqual(tries, [10_000, 10_000, 5_000]);
  // A fresh id each time: a late copy of a refused try is nobody's lease.
  assert.equal(new Set(sent.map((op) => "id" in op && op.id)).size, 3);
});

Deno.test("the first request waits for the whole limit, though the clock goes on before it", async () => {
  const { runtime, sent, member } = place();
  const holder = await member("holder").getLock("x").hold();
  sent.length = 0;
  runtime.mono = () => runtime.monoNow += 0.01;
  const waiting = member("a").getLock("x").acquire({ timeout: 5_000 });
  await settled();
  assert.deepEqual(sent.map((op) => op.op === "acquire" && op.patience), [5_000]);
  await holder.release();
  assert(await waiting);
});

Deno.test("a call that has ended is not remembered for stop()", async () => {
  const { runtime, member } = place();
  const a = member("a");
  const lease = await a.getLock("x").hold();
  const b = member("b");
  const refused = b.getLock("x").acquire({ timeout: 1_000 });
  await runtime.advance(1_000);
  assert.equal(await refused, null);
  await lease.release();
  assert.deepEqual([a, b].map((each) => internalsOf(each).session.busy), [false, false]);
});

Deno.test("the wait is lost from the lease: it counts as held from its send on", async () => {
  const { runtime, member } = place();
  const theirs = await member("holder").getLock("x").hold({ ttl: 60_000 });
  const waiting = member("a").getLock("x").hold();
  const sent = runtime.wallNow;
  await runtime.advance(9_000);
  await theirs.release();
  const lease = await waiting;
  assert.equal(lease.deadline, sent + 40_000 * 0.99);
  // While it works, it is renewed long before that.
  assert.equal(lease.held, true);
});

Deno.test("a leader's successor leads at once when it stands down", async () => {
  const { runtime, sent, member } = place();
  const stop = new AbortController();
  const a = member("a").lead("g", async ({ signal }) => {
    await new Promise<void>((go) => signal.addEventListener("abort", () => go()));
  }, { signal: stop.signal });
  await settled();
  let elected = NaN;
  const b = member("b").lead("g", () => void (elected = runtime.monoNow));
  await runtime.advance(95_000);
  // One after the other, without pauses.
  const campaigns = sent.flatMap((op) => op.op === "acquire" ? [op.patience] : []);
  assert.deepEqual(campaigns, Array(11).fill(10_000));
  const stopped = runtime.monoNow;
  stop.abort();
  await a;
  await settled();
  await b;
  assert.equal(elected, stopped);
});

Deno.test("each wait is a quarter of the ttl that the call has, whatever the coordinator's is", async () => {
  const { runtime, sent, member } = place();
  const [holder, a] = [member("holder"), member("a")];
  await holder.getLock("x").hold();
  await holder.election("g").campaign();
  const stop = new AbortController();
  const brief = { ttl: 8_000, signal: stop.signal };
  sent.length = 0;
  const waiting = [a.getLock("x").hold(brief), a.lead("g", () => {}, brief)];
  await settled();
  assert.deepEqual(sent.map((op) => op.op === "acquire" && op.patience), [2_000, 2_000]);
  stop.abort(new Error("enough"));
  await Promise.allSettled(waiting);
  await runtime.advance(1);
});

Deno.test("who was held for half of the patience asks again at once, and who was sent away sooner pauses", async () => {
  const holder = { seat: "", id: "theirs", token: 1, value: "holder", left: 60_000 };
  for (const what of ["lock", "leader"]) {
    const runtime = new FakeRuntime();
    const asked: number[] = [];
    // Of a patience of ten seconds.
    const delays = [5_000, 4_999, 5_000];
    const driver: Driver = {
      ...memory({ now: runtime.wall, after: runtime.after }),
      async apply() {
        asked.push(runtime.monoNow);
        await new Promise<void>((go) => runtime.after(delays[asked.length - 1] ?? 0, go));
        return [{ ok: false, leases: [holder] }];
      },
    };
    const a = new Coordinator(driver, { memberId: "a", ttl: 40_000, runtime });
    const stop = new AbortController();
    const { signal } = stop;
    const waiting = what === "lock"
      ? a.getLock("x").acquire({ signal })
      : a.lead("g", () => {}, { signal });
    while (asked.length < 4) await runtime.advance(1_000);
    stop.abort();
    await Promise.allSettled([waiting, runtime.advance(1)]);
    const pauses = delays.map((delay, n) => (asked[n + 1] ?? NaN) - (asked[n] ?? NaN) - delay);
    assert.deepEqual(pauses.map((pause) => pause > 0), [false, true, false], `${what}: ${pauses}`);
  }
});

Deno.test("a waiter that is called off is never granted afterwards, nor one whose coordinator stops", async () => {
  const { runtime, member } = place();
  const theirs = await member("holder").getLock("x").hold({ ttl: 60_000 });
  const stop = new AbortController();
  const [a, b] = [member("a"), member("b")];
  const called = assert.rejects(a.getLock("x").hold({ signal: stop.signal }), /enough/);
  const stopped = assert.rejects(b.getLock("x").hold(), { code: "misuse" });
  await settled();
  stop.abort(new Error("enough"));
  await b[Symbol.asyncDispose]();
  await Promise.all([called, stopped]);
  await theirs.release();
  await runtime.advance(60_000);
  assert.deepEqual(await a.getLock("x").holders(), []);
});

Deno.test("a reader waits for a writer and a writer for readers, each for the other's seat", async () => {
  const { runtime, member } = place();
  const writer = await member("w").getLock("x").hold();
  const reading = [1, 2].map((n) => member(`r${n}`).getLock("x").hold({ shared: true }));
  await settled();
  await writer.release();
  const readers = await Promise.all(reading);
  const again = member("w").getLock("x").hold();
  let granted = false;
  void again.then(() => granted = true);
  await readers[0]?.release();
  await runtime.advance(100);
  assert.equal(granted, false);
  const now = runtime.monoNow;
  await readers[1]?.release();
  await again;
  assert.equal(runtime.monoNow, now);
});

Deno.test("who came first is first, though the process slept, and a later one's patience has ended", async () => {
  const runtime = new FakeRuntime();
  const backend = memory({ now: runtime.wall, after: runtime.after });
  const asks = async (id: string, ttl: number, patience = 0): Promise<string | undefined> => {
    const op: Op = { op: "acquire", resource: "lock:x", seat: "", id, ttl, value: "", patience };
    const [outcome] = await backend.apply([op]);
    return `${outcome?.ok} ${outcome?.leases[0]?.id}`;
  };
  await asks("holder", 1_000);
  const answers = Promise.all([asks("first", 9_000, 5_000), asks("second", 9_000, 999)]);
  await settled();
  // The lease has ended before any timer was served, that of the second first.
  runtime.stop(1_005);
  await runtime.advance(0);
  assert.deepEqual(await answers, ["true first", "false first"]);
});

/** When the decorators send again, and what they make of what comes back. */

import assert from "node:assert/strict";
import { InvalidArgument, OperationTimedOut, UnknownOutcome } from "../../errors.ts";
import type { Acquire, Driver, Op, Outcome } from "../../drivers/driver.ts";
import { memory } from "../../drivers/memory.ts";
import { namespaced } from "../../drivers/decorators/namespaced.ts";
import { retrying } from "../../coordination/leases/retrying.ts";
import { type RequestEvent, traced } from "../../drivers/decorators/traced.ts";
import { FakeRuntime } from "./fake_runtime.ts";

const seat = { resource: "lock:x", seat: "" };

function acquire(id: string, more: Partial<Acquire> = {}): Acquire {
  return { op: "acquire", ...seat, id, ttl: 60_000, value: "v", ...more };
}

/** A driver whose answers are lost so many times, although it has done what was asked. */
function lossy(inner: Driver, losses: number): Driver {
  return {
    ...inner,
    async apply(ops) {
      const outcomes = await inner.apply(ops);
      if (losses-- > 0) throw new UnknownOutcome("the reply was lost");
      return outcomes;
    },
  };
}

/** A driver that never answers, and notes when it was asked and with what signal. */
function silent(runtime: FakeRuntime): Driver & { at: number[]; signals: AbortSignal[] } {
  const [at, signals]: [number[], AbortSignal[]] = [[], []];
  return {
    ...memory(),
    at,
    signals,
    apply(_ops, { signal } = {}): Promise<Outcome[]> {
      at.push(runtime.monoNow);
      if (signal) signals.push(signal);
      return new Promise(() => {});
    },
  };
}

Deno.test("a guarded release that is refused after a lost reply stays refused", async () => {
  const runtime = new FakeRuntime();
  const inner = memory();
  await inner.apply([acquire("i"), acquire("j", { resource: "group:g", seat: "m" })]);
  const op: Op = {
    op: "release",
    ...seat,
    id: "i",
    guard: { when: "vacant", resource: "group:g" },
  };
  const answer = retrying(lossy(inner, 1), { runtime }).apply([op]);
  await runtime.advance(1_000);
  const [outcome] = await answer;
  assert.equal(outcome?.ok, false);
  assert.deepEqual(outcome?.leases.map(({ id }) => id), ["j"]);
});

Deno.test("a batch with one release that names nobody is not sent again, whatever else is in it", async () => {
  const runtime = new FakeRuntime();
  const nobodys: Op = { op: "release", ...seat };
  for (const ops of [[nobodys], [acquire("i"), nobodys], [nobodys, acquire("i")]]) {
    let sends = 0;
    const inner = lossy(memory(), 1);
    const counting: Driver = { ...inner, apply: (ops) => (sends++, inner.apply(ops)) };
    const failed = assert.rejects(retrying(counting, { runtime }).apply(ops), UnknownOutcome);
    await runtime.advance(10_000);
    await failed;
    assert.equal(sends, 1);
  }
});

Deno.test("an answer may take a third of the ttl; then its request is called off and sent again", async () => {
  const runtime = new FakeRuntime();
  runtime.random = () => 0;
  const inner = silent(runtime);
  const failed = assert.rejects(
    retrying(inner, { runtime }).apply([acquire("i", { ttl: 3_000 })]),
    OperationTimedOut,
  );
  await runtime.advance(999);
  assert.deepEqual(inner.signals.map(({ aborted }) => aborted), [false]);
  await runtime.advance(1);
  assert.deepEqual(inner.signals.map(({ aborted }) => aborted), [true, false]);
  await runtime.advance(10_000);
  await failed;
  assert.deepEqual(inner.at.map((at) => at - inner.at[0]!), [0, 1_000, 2_000]);
  assert(inner.signals.every(({ aborted }) => aborted));
});

Deno.test("without an answer it is sent four times within 10 s, each for 5 s, unless the ttl is shorter", async () => {
  for (
    const [options, op, sends, end] of [
      [{}, { ttl: 60_000 }, [0, 5_000], 10_000],
      [{ timeout: 1_000 }, { ttl: 60_000 }, [0, 1_000, 2_000, 3_000], 4_000],
      [{ within: 7_000 }, { ttl: 60_000 }, [0, 5_000], 7_000],
      [{}, { ttl: 9_000 }, [0, 3_000, 6_000], 9_000],
      // The backend may wait for so long before it answers.
      [{}, { ttl: 60_000, patience: 2_000 }, [0, 7_000], 14_000],
      // The answer may be a refusal, so it gets some time.
      [{}, { ttl: 1 }, [0], 100],
    ] as const
  ) {
    const runtime = new FakeRuntime();
    runtime.random = () => 0;
    const inner = silent(runtime);
    let ended = false;
    const start = runtime.monoNow;
    const failed = assert.rejects(
      retrying(inner, { ...options, runtime }).apply([acquire("i", op)]),
      OperationTimedOut,
    ).finally(() => ended = true);
    await runtime.advance(end - 1);
    assert.equal(ended, false, `a ttl of ${op.ttl} ms`);
    await runtime.advance(1);
    assert.equal(ended, true, `a ttl of ${op.ttl} ms`);
    await failed;
    assert.deepEqual(inner.at.map((at) => at - start), sends);
  }
});

Deno.test("a ttl that is none is the driver's to refuse, and sets no timer", async () => {
  for (const ttl of [0, -1, NaN]) {
    const runtime = new FakeRuntime();
    runtime.after = () => assert.fail("a timer was set");
    await assert.rejects(
      retrying(memory(), { runtime }).apply([acquire("i", { ttl })]),
      InvalidArgument,
    );
  }
});

Deno.test("pauses double up to a second, and are as long as chance has it, so that senders come apart", async () => {
  for (const random of [0, 0.5, 0.98]) {
    const runtime = new FakeRuntime();
    runtime.random = () => random;
    const at: number[] = [];
    const inner = lossy(memory(), 7);
    const noted: Driver = {
      ...inner,
      apply: (ops) => {
        at.push(runtime.monoNow);
        return inner.apply(ops);
      },
    };
    const answer = retrying(noted, { runtime, retries: 7 }).apply([acquire("i")]);
    await runtime.advance(4_000);
    assert.equal((await answer)[0]?.ok, true);
    const pauses = at.slice(1).map((each, n) => Math.round(each - at[n]!));
    assert.deepEqual(
      pauses,
      [50, 100, 200, 400, 800, 1_000, 1_000].map((ms) => Math.round(ms * random)),
    );
  }
});

Deno.test("whoever counts requests outside hears of every one that is sent again", async () => {
  const runtime = new FakeRuntime();
  const inner = lossy(memory(), 2);
  const counting: Driver = {
    ...inner,
    apply(ops, options) {
      options?.beforeRequest?.();
      return inner.apply(ops);
    },
  };
  let requests = 0;
  const beforeRequest = () => void requests++;
  const answer = retrying(counting, { runtime }).apply([acquire("i")], { beforeRequest });
  await runtime.advance(1_000);
  assert.equal((await answer)[0]?.ok, true);
  assert.equal(requests, 3);
});

Deno.test("namespaces are told from what is in them", async () => {
  const inner = memory();
  await namespaced(inner, "a").apply([acquire("i", { resource: "b:x" })]);
  const [outcome] = await namespaced(inner, "ab").apply([acquire("j", { resource: ":x" })]);
  assert.equal(outcome?.ok, true);
  assert.throws(() => namespaced(inner, "a/b"), InvalidArgument);
});

Deno.test("an observer that throws costs no request, and an abort is told as what it is", async () => {
  const events: RequestEvent[] = [];
  const watched = traced(memory(), (event) => {
    events.push(event);
    throw new Error("boom");
  });
  assert.equal((await watched.apply([acquire("i")]))[0]?.ok, true);
  await assert.rejects(
    watched.apply([acquire("j")], { signal: AbortSignal.abort(1) }),
    (reason) => reason === 1,
  );
  await assert.rejects(watched.apply([acquire("", {})]), InvalidArgument);
  const told = events.map(({ ok, error }) => error ?? ok);
  assert.deepEqual(told, [[true], "aborted", "invalid-argument"]);
});

Deno.test("tokens are whole numbers above the clock, on a clock with fractions too", async () => {
  let now = 1_800_000_000_000.75;
  const driver = memory({ now: () => now });
  const token = async (id: string): Promise<number | undefined> =>
    (await driver.apply([acquire(id, { resource: `lock:${id}` })]))[0]?.leases[0]?.token;
  assert.equal(await token("a"), 1_800_000_000_000);
  assert.equal(await token("b"), 1_800_000_000_001);
  now += 60_000;
  assert.equal(await token("c"), 1_800_000_060_000);
  now -= 120_000;
  assert.equal(await token("d"), 1_800_000_060_001);
});

Deno.test("an aborted call leaves no timer behind, even if the driver never ends", async () => {
  const runtime = new FakeRuntime();
  const stop = new AbortController();
  const call = retrying(silent(runtime), { runtime }).apply([acquire("a")], {
    signal: stop.signal,
  });
  await Promise.resolve();
  assert.equal(runtime.timers, 1);
  stop.abort();
  await assert.rejects(call, UnknownOutcome);
  assert.equal(runtime.timers, 0);
});

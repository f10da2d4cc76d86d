import assert from "node:assert/strict";
import {
  InvalidArgument,
  OperationTimedOut,
  type SlotOptions,
  type SlotResult,
} from "../../mod.ts";
import { cronJob } from "../../coordination/cron/mod.ts";
import { FakeRuntime, settled } from "./fake_runtime.ts";
import { Scene } from "./scene.ts";

const MINUTE = 60_000;

/** A run that goes on until it is told to end, and what it was given. */
function endless(): { work: () => Promise<void>; end: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { work: () => promise, end: resolve };
}

function reason(result: SlotResult<unknown>): string {
  return result.outcome === "skipped" ? `${result.reason} by ${result.holder}` : result.outcome;
}

Deno.test("a slot is skipped while another slot's run goes on, and may run once that is over", async () => {
  for (const mode of ["once", "retry"] as const) {
    const scene = new Scene();
    const slot = scene.runtime.wallNow;
    const [a, b] = [scene.member("a").cron("j"), scene.member("b").cron("j")];
    const long = endless();
    const first = a.run({ slot, mode, skipIfRunning: true }, long.work);
    await settled();
    // Longer than any ttl: it is renewed.
    await scene.runtime.advance(MINUTE);
    const next = { slot: slot + MINUTE, mode, skipIfRunning: true };
    assert.equal(reason(await b.run(next, () => assert.fail("ran beside it"))), "running by a");
    long.end();
    assert.equal((await first).outcome, "ran");
    assert.equal((await b.run(next, () => {})).outcome, "ran");
  }
});

Deno.test("who would be skipped if it ran is not told so for a slot that is taken", async () => {
  const scene = new Scene();
  const options = { slot: scene.runtime.wallNow, skipIfRunning: true };
  const long = endless();
  const first = scene.member("a").cron("j").run(options, long.work);
  await settled();
  const before = scene.sent.length;
  assert.equal(reason(await scene.member("b").cron("j").run(options, () => {})), "taken by a");
  assert.equal(scene.sent.length - before, 1);
  long.end();
  await first;
});

Deno.test("a crashed run keeps other slots from running for no longer than its ttl", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  // A clock that stands still: its renewals never come.
  const crash = Object.assign(new FakeRuntime(), { id: () => crypto.randomUUID() });
  const crashed = scene.member("a", { runtime: crash }).cron("j");
  void crashed.run({ slot, skipIfRunning: true, ttl: 10_000 }, () => new Promise(() => {}));
  await settled();
  const b = scene.member("b").cron("j");
  const next = { slot: slot + 5_000, skipIfRunning: true };
  assert.equal(reason(await b.run(next, () => {})), "running by a");
  await scene.runtime.advance(10_001);
  assert.equal(reason(await b.run(next, () => {})), "ran");
});

Deno.test("minHold keeps the next slot away for that long after a run began, however short it was", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  const [a, b] = [scene.member("a").cron("j"), scene.member("b").cron("j")];
  assert.equal((await a.run({ slot, minHold: MINUTE }, () => {})).outcome, "ran");
  await scene.runtime.advance(MINUTE - 1);
  const next = { slot: slot + MINUTE, minHold: MINUTE };
  assert.equal(reason(await b.run(next, () => assert.fail("too soon"))), "running by a");
  await scene.runtime.advance(2);
  assert.equal((await b.run(next, () => {})).outcome, "ran");
});

Deno.test("a run that is longer than its minHold frees the next slot when it ends", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  const [a, b] = [scene.member("a").cron("j"), scene.member("b").cron("j")];
  const long = endless();
  const first = a.run({ slot, minHold: MINUTE }, long.work);
  await settled();
  await scene.runtime.advance(2 * MINUTE);
  long.end();
  await first;
  assert.equal((await b.run({ slot: slot + 1, minHold: MINUTE }, () => {})).outcome, "ran");
});

Deno.test("a callback that never settles is cut at maxRuntime, its signal aborted", async () => {
  for (const mode of ["once", "retry"] as const) {
    const scene = new Scene();
    const slot = scene.runtime.wallNow;
    let given: AbortSignal | undefined;
    const running = scene.member("a").cron("j").run(
      { slot, mode, maxRuntime: MINUTE, record: true, keepAlive: true },
      ({ signal }) => {
        given = signal;
        return new Promise(() => {});
      },
    );
    // To run it again is its scheduler's to decide.
    const cut = assert.rejects(
      running,
      (error) => error instanceof OperationTimedOut && !error.retryable,
    );
    await settled();
    await scene.runtime.advance(MINUTE - 1);
    assert.equal(given?.aborted, false);
    await scene.runtime.advance(1);
    await cut;
    assert.equal(given?.aborted, true);
    const [run] = await scene.member("b").cron("j").history();
    assert.equal(run?.outcome, "cut");
    assert.equal(run?.ended, slot + MINUTE);
    const again = await scene.member("b").cron("j").run({ slot, mode }, () => {});
    assert.equal(again.outcome, mode === "once" ? "skipped" : "ran");
    assert.equal(scene.runtime.timers, 0);
  }
});

Deno.test("a run that ends in time leaves no timer behind, and one that throws at once neither", async () => {
  const scene = new Scene();
  const job = scene.member("a").cron("j");
  const slot = scene.runtime.wallNow;
  await job.run({ slot, maxRuntime: MINUTE }, () => {});
  const failing = job.run({ slot: slot + 1, maxRuntime: MINUTE, mode: "retry" }, () => {
    throw new Error("boom");
  });
  await assert.rejects(failing, /boom/);
  assert.equal(scene.runtime.timers, 0);
});

Deno.test("with keepAlive a run in once has no end but its maxRuntime; without it in retry, its ttl is the end", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  const job = scene.member("a").cron("j");
  const long = endless();
  let kept: AbortSignal | undefined;
  const once = job.run({ slot, ttl: 5_000, keepAlive: true }, ({ signal }) => {
    kept = signal;
    return long.work();
  });
  let limited: AbortSignal | undefined;
  const retry = job.run({ slot: slot + 1, ttl: 5_000, mode: "retry", keepAlive: false }, (run) => {
    limited = run.signal;
    return long.work();
  });
  await settled();
  const before = scene.sent.length;
  await scene.runtime.advance(MINUTE);
  assert.equal(kept?.aborted, false);
  assert.match(String(limited?.reason), /is lost: the time it was taken for is over/);
  assert.equal(scene.sent.length, before, "something was renewed");
  long.end();
  await Promise.all([once, retry]);
});

Deno.test("minHold counts from the begin of a run, however often it was renewed meanwhile", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  const [a, b] = [scene.member("a").cron("j"), scene.member("b").cron("j")];
  const long = endless();
  const first = a.run({ slot, minHold: MINUTE }, long.work);
  await settled();
  await scene.runtime.advance(50_000.5);
  long.end();
  await first;
  const next = { slot: slot + MINUTE, minHold: MINUTE };
  assert.equal(reason(await b.run(next, () => assert.fail("too soon"))), "running by a");
  // Whoever cares who runs cares for that.
  const { minHold: _, ...plain } = next;
  assert.equal(
    reason(await b.run({ ...plain, skipIfRunning: true }, () => assert.fail("too soon"))),
    "running by a",
  );
  await scene.runtime.advance(10_000);
  assert.equal((await b.run(next, () => {})).outcome, "ran");
});

Deno.test("the job is never free between a run and its minHold, which cost no request and are no history", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  const job = scene.member("a").cron("j");
  const seats = () => scene.sent.at(-1)?.map((op) => `${op.op} ${op.seat}`);
  const one = await job.run({ slot, minHold: MINUTE }, () => scene.runtime.advance(1_000));
  assert.equal(scene.sent.length, 3);
  assert.deepEqual(seats(), ["acquire hold", "release running"]);
  const [hold] = scene.sent.at(-1) ?? [];
  assert.equal(hold?.op === "acquire" && hold.ttl, 59_000);
  await scene.runtime.advance(MINUTE);
  const two = await job.run({ slot: slot + 1, minHold: MINUTE, mode: "retry" }, () => {});
  assert(one.outcome === "ran" && two.outcome === "ran");
  assert.deepEqual(seats(), [
    `acquire ${slot + 1}/done`,
    `release ${slot + 1}`,
    "acquire hold",
    "release running",
  ]);
  assert.deepEqual((await job.history()).map((run) => run.slot), [slot + 1, slot]);
});

Deno.test("a run that ends after its minHold only gives back, and one that throws holds as well", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  const [a, b] = [scene.member("a").cron("j"), scene.member("b").cron("j")];
  const seats = () => scene.sent.at(-1)?.map((op) => `${op.op} ${op.seat}`);
  await a.run({ slot, minHold: 5_000 }, () => scene.runtime.advance(4_999));
  assert.deepEqual(seats(), ["acquire hold", "release running"]);
  await scene.runtime.advance(1);
  await a.run({ slot: slot + 3, minHold: 5_000 }, () => scene.runtime.advance(5_000));
  assert.deepEqual(seats(), ["release running"]);
  const failing = a.run({ slot: slot + 1, minHold: MINUTE }, () => {
    throw new Error("boom");
  });
  await assert.rejects(failing, /boom/);
  assert.equal(reason(await b.run({ slot: slot + 2, minHold: 1 }, () => {})), "running by a");
});

Deno.test("bad options are refused before anything is sent, by their names", async () => {
  const scene = new Scene();
  const job = scene.member("a").cron("j");
  const slot = scene.runtime.wallNow;
  const text = "60000" as unknown as number;
  const bad: [Partial<SlotOptions>, RegExp][] = [
    [{ slot: NaN }, /slot NaN/],
    [{ slot: slot + 90_000_000 }, /slot 18\d+/],
    [{ slot: slot + 0.5 }, /slot .*\.5/],
    [{ maxRuntime: -1 }, /maxRuntime -1: .* from 1 to 2147483647 \(in ms, 24\.8 days\)/],
    [{ maxRuntime: NaN }, /maxRuntime NaN/],
    [{ maxRuntime: 2 ** 31 }, /maxRuntime 2147483648/],
    [{ minHold: -1 }, /minHold -1/],
    [{ minHold: Infinity }, /minHold Infinity: .* 24\.8 days/],
    [{ minHold: 2 ** 31 }, /minHold 2147483648: .* 24\.8 days/],
    [{ minHold: text }, /minHold 60000, a string/],
    [{ ttl: text }, /ttl 60000, a string/],
    [{ ttl: 0 }, /ttl 0/],
    [{ retain: text }, /retain .* 60000, a string/],
    [{ retain: 31 * 86_400_000 }, /retain \(Infinity, .* 2678400000: .* 24\.8 days/],
    // What the margins make of it must be within that, too.
    [{ retain: 24 * 86_400_000 + 1 }, /retain \(Infinity, .* 2073600001: .* to 2073600000/],
    [
      { retain: 5_000, ttl: 10_000 },
      /retain \(Infinity, or at least ttl\) 5000: .* from 10000 to/,
    ],
    [{ mode: "twice" as "once" }, /mode: "twice" is neither "once" nor "retry"/],
  ];
  for (const [options, why] of bad) {
    const refused = (error: Error): boolean => {
      assert(error instanceof InvalidArgument);
      assert.match(error.message, why);
      return true;
    };
    const asked = { slot, ...options };
    await assert.rejects(job.run(asked, () => assert.fail("ran")), refused);
    if (options.retain === 5_000) continue; // Of that, catchUp says something else.
    await assert.rejects(
      job.catchUp({ ...asked, every: 1_000 }, () => assert.fail("ran")),
      refused,
    );
  }
  assert.equal(scene.sent.length, 0);
  assert.throws(() => scene.member("a", { ttl: text }), /ttl 60000, a string/);
  assert.throws(() => cronJob(scene.wire, "j", { ttl: text }), /ttl 60000, a string/);
  assert.throws(() => cronJob(scene.wire, "j", { timeout: -1 }), /request timeout -1/);
});

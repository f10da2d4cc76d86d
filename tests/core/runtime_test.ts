/** The real runtime, and what is made of clocks and signals. */

import assert from "node:assert/strict";
import { InvalidArgument, systemRuntime } from "../../mod.ts";
import { sleep } from "../../coordination/runtime.ts";
import { firstOf, watchful } from "../../coordination/leases/abort_signals.ts";
import { checkTimings, checkWait, clockBounds } from "../../coordination/leases/timings.ts";
import { memory } from "../../drivers/memory.ts";
import { FakeRuntime } from "./fake_runtime.ts";

Deno.test("a timer of a month does not fire at once", async () => {
  let fired = false;
  const cancel = systemRuntime().after(31 * 86_400_000, () => fired = true);
  // Whoever cuts the delay to its lowest 31 bits has a negative one, and it comes before this.
  await new Promise((resolve) => setTimeout(resolve, 20));
  cancel();
  assert.equal(fired, false);
});

Deno.test("work that nobody awaits is handed to the platform where it takes it", async () => {
  const handed: Promise<void>[] = [];
  const work = Promise.resolve();
  systemRuntime({ waitUntil: (each) => handed.push(each) }).waitUntil(work);
  systemRuntime().waitUntil(work);
  assert.deepEqual(handed, [work]);
  await work;
});

Deno.test("a platform that refuses work costs nothing, whether it throws or rejects", async () => {
  const refusals = [
    () => {
      throw new TypeError("Illegal invocation");
    },
    () => Promise.reject(new Error("after the response")),
    () => ({ then: () => assert.fail("no promise") }),
  ];
  // An unhandled rejection would fail this test.
  for (const waitUntil of refusals) systemRuntime({ waitUntil }).waitUntil(Promise.resolve());
  await new Promise((resolve) => setTimeout(resolve, 0));
});

Deno.test("timers outlive a request everywhere but on Workers", () => {
  assert.equal(systemRuntime().lasting, true);
  const own = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  const value = { userAgent: "Cloudflare-Workers" };
  Object.defineProperty(globalThis, "navigator", { value, configurable: true });
  try {
    assert.equal(systemRuntime().lasting, false);
  } finally {
    delete (globalThis as { navigator?: unknown }).navigator;
    if (own) Object.defineProperty(globalThis, "navigator", own);
  }
});

Deno.test("a sleeper that is woken leaves no timer, and one that is told before sets none", async () => {
  const runtime = new FakeRuntime();
  const controller = new AbortController();
  const slept = assert.rejects(sleep(runtime, 1_000, controller.signal), /woken/);
  controller.abort(new Error("woken"));
  await slept;
  await assert.rejects(sleep(runtime, 1_000, controller.signal), /woken/);
  assert.equal(runtime.timers, 0);
});

Deno.test("a joint signal aborts with whichever of its signals does", () => {
  for (const which of [0, 1]) {
    const controllers = [new AbortController(), new AbortController()];
    const joint = firstOf(undefined, ...controllers.map(({ signal }) => signal));
    let told = 0;
    joint.addEventListener("abort", () => told++);
    assert.equal(joint.aborted, false);
    controllers[which]?.abort("enough");
    controllers[1 - which]?.abort("too late");
    assert.deepEqual([joint.aborted, joint.reason, told], [true, "enough", 1]);
  }
});

Deno.test("a joint signal of one that had aborted before is aborted for those too who only listen", () => {
  const joint = firstOf(AbortSignal.abort("before"), new AbortController().signal);
  // What does not ask it, such as fetch, goes by what the platform knows of it.
  assert.equal(AbortSignal.any([joint]).aborted, true);
  assert.equal(joint.reason, "before");
});

Deno.test("whoever looks at a signal in whatever way looks at the clock", () => {
  let over = false;
  const lease = (): AbortSignal => {
    const controller = new AbortController();
    let told = false;
    return watchful(controller, () => {
      if (!over || told) return;
      told = true; // before the abort, which looks at its own signal
      controller.abort(new Error("over"));
    });
  };
  const looks = [
    (signal: AbortSignal) => assert.equal(signal.aborted, over),
    (signal: AbortSignal) =>
      over ? assert.throws(() => signal.throwIfAborted(), /over/) : signal.throwIfAborted(),
  ];
  for (const look of looks) {
    over = false;
    const other = new AbortController().signal;
    const signals = [lease(), firstOf(lease()), firstOf(lease(), other), firstOf(other, lease())];
    signals.forEach(look);
    over = true;
    signals.forEach(look);
  }
});

Deno.test("timings go by the driver's shortest ttl and by the bounds of the clocks", () => {
  const { guarantees } = memory();
  const bounds = clockBounds({}, guarantees);
  const slow = { ...guarantees, minTtl: 1_000 };
  checkTimings({ ttl: 1_000, heartbeatInterval: 989 }, bounds, slow);
  assert.throws(() => checkTimings({ ttl: 999 }, bounds, slow), InvalidArgument);
  const beats = { ttl: 1_000, heartbeatInterval: 990 };
  assert.throws(() => checkTimings(beats, bounds, slow), /heartbeatInterval 990/);
  const server = { ...guarantees, clock: "server" } as const;
  assert.deepEqual(clockBounds({}, server), { rate: 0.01, step: 500 });
  // With 500 ms for a jump and 1 % of the rest, half of the ttl is left from 1,021 on.
  checkTimings({ ttl: 1_021 }, clockBounds({}, server), server);
  assert.throws(() => checkTimings({ ttl: 1_020 }, clockBounds({}, server), server), /use 1021/);
});

Deno.test("a wait or a bound that is no number in range is refused", () => {
  const { guarantees } = memory();
  for (const ms of [-1, NaN]) assert.throws(() => checkWait("timeout", ms), InvalidArgument);
  checkWait("timeout", 0);
  checkWait("timeout", Infinity);
  for (const rate of [-0.01, NaN, 0.5]) {
    assert.throws(() => clockBounds({ rate }, guarantees), InvalidArgument);
  }
  for (const step of [-1, NaN, Infinity]) {
    assert.throws(() => clockBounds({ step }, guarantees), InvalidArgument);
  }
});

Deno.test("a loop that takes no time fails its test, and one that takes some does not", async () => {
  for (const [pause, fails] of [[0, true], [1, false]] as const) {
    const runtime = new FakeRuntime();
    runtime.mostAtOnce = 20;
    let rounds = 0;
    const again = (): void => void (++rounds < 30 && runtime.after(pause, again));
    again();
    const advanced = runtime.advance(30);
    await (fails ? assert.rejects(advanced, /take no time/) : advanced);
  }
});

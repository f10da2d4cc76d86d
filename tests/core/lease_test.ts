import assert from "node:assert/strict";
import { LeaseLost, UnknownOutcome } from "../../mod.ts";
import { OperationTimedOut } from "../../errors.ts";
import { settled } from "./fake_runtime.ts";
import { Scene } from "./scene.ts";

Deno.test("a lease is believed for its ttl less the margin, counted from the send", async () => {
  const scene = new Scene();
  scene.fates.push({ delay: 3_000 });
  const pending = scene.member("a", { clocks: { rate: 0.01, step: 500 } }).getLock("x").hold();
  const start = scene.runtime.wallNow;
  await scene.runtime.advance(3_000);
  const lease = await pending;
  assert.equal(lease.deadline, start + 10_000 * 0.99 - 500);
  await scene.runtime.advance(6_399);
  assert.equal(lease.held, true);
  await scene.runtime.advance(1);
  assert.equal(lease.held, false);
});

Deno.test("after a lost reply the deadline still counts from the first send", async () => {
  const scene = new Scene();
  scene.fates.push("lose-reply");
  const start = scene.runtime.wallNow;
  const pending = scene.member("a").getLock("x").hold();
  await scene.runtime.advance(2_000);
  const lease = await pending;
  assert.equal(lease.deadline, start + 9_900);
  assert.deepEqual(scene.sent.map(([op]) => op && "id" in op && op.id), ["id-1", "id-1"]);
});

Deno.test("the signal aborts at the deadline even if the backend never answers", async () => {
  const scene = new Scene();
  const baton = scene.member("a");
  const lease = await baton.getLock("x").hold();
  await baton.start({ heartbeat: true });
  scene.fates.push(...Array<"hang">(100).fill("hang"));
  await scene.runtime.advance(9_899);
  assert.equal(lease.signal.aborted, false);
  await scene.runtime.advance(1);
  assert.equal(lease.signal.aborted, true);
  assert(lease.signal.reason instanceof LeaseLost);
  assert.match(lease.signal.reason.message, /was not renewed in time/);
  assert(scene.happened.includes("heartbeat-failed"));
  assert.equal(scene.happened.filter((type) => type === "lost").length, 1);
  scene.fates.length = 0;
  await baton.stop();
});

Deno.test("a lease has one signal, whoever asks for it and how often", async () => {
  const scene = new Scene();
  const lease = await scene.member("a").getLock("x").hold();
  const [first, second] = [lease.signal, lease.signal];
  assert.equal(first, second);
  await scene.runtime.advance(10_000);
  assert.equal(first.aborted, true);
});

Deno.test("a process that was stopped past the deadline finds the signal aborted at its first look", async () => {
  const scene = new Scene();
  const { signal } = await scene.member("a").getLock("x").hold();
  const other = await scene.member("a").getLock("y").hold();
  scene.runtime.stop(9_900); // no timer has fired
  assert.equal(signal.aborted, true);
  assert.throws(() => other.signal.throwIfAborted(), LeaseLost);
  assert(other.signal.reason instanceof LeaseLost);
});

Deno.test("time slept by the machine counts, and a wall clock set back does not", async () => {
  const scene = new Scene();
  const baton = scene.member("a");
  const slept = await baton.getLock("x").hold();
  scene.runtime.wallNow += 9_900; // the monotonic clock stood still
  assert.equal(slept.held, false);
  const back = await baton.getLock("y").hold();
  scene.runtime.wallNow -= 3_600_000;
  scene.runtime.monoNow += 9_899;
  assert.equal(back.held, true);
  scene.runtime.monoNow += 1;
  assert.equal(back.held, false);
});

Deno.test("lost is terminal: a renewal acknowledged after the deadline revives nothing", async () => {
  const scene = new Scene();
  const lease = await scene.member("a", { timeout: 60_000 }).getLock("x").hold();
  await scene.runtime.advance(8_000);
  scene.fates.push({ delay: 1_950 });
  const renewal = lease.renew();
  await settled();
  scene.runtime.stop(1_950); // its answer and the deadline are both due; the answer looks first
  await scene.runtime.advance(0);
  assert.equal(await renewal, false);
  assert.equal(lease.held, false);
  assert.equal(scene.happened.filter((type) => type === "lost").length, 1);
});

Deno.test("a renewal extends from its own send, never changes the token, and can be repeated", async () => {
  const scene = new Scene();
  const lease = await scene.member("a").getLock("x").hold();
  const { token } = lease;
  for (let i = 0; i < 5; i++) {
    await scene.runtime.advance(6_000);
    assert.equal(await lease.renew(), true);
    assert.equal(lease.deadline, scene.runtime.wallNow + 9_900);
  }
  assert.equal(lease.token, token);
});

Deno.test("a renewal whose reply is lost does not lose the lease", async () => {
  const scene = new Scene();
  const lease = await scene.member("a").getLock("x").hold();
  scene.fates.push("lose-reply");
  const renewal = lease.renew();
  await scene.runtime.advance(100);
  assert.equal(await renewal, true);
});

Deno.test("a renewal that finds a successor loses the lease, and touches nothing", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  const stale = await a.getLock("x").hold();
  assert.equal(await b.getLock("x").break(), true);
  const successor = await b.getLock("x").hold();
  assert.equal(await stale.renew(), false);
  assert.equal(stale.signal.aborted, true);
  assert.equal(await stale.release(), false);
  assert(successor.token > stale.token);
  await successor.confirm();
});

Deno.test("confirm throws LeaseLost when lost, and when there was no answer UnknownOutcome", async () => {
  const scene = new Scene();
  const lease = await scene.member("a").getLock("x").hold();
  scene.fates.push(...Array<"lose-request">(4).fill("lose-request"));
  const unconfirmed = assert.rejects(lease.confirm(), UnknownOutcome);
  await scene.runtime.advance(4_000);
  await unconfirmed;
  assert.equal(lease.held, true);
  await scene.member("b").getLock("x").break();
  // The very reason that its signal has, and not that of a release.
  await assert.rejects(lease.confirm(), /the backend no longer knows it/);
  assert.equal(await lease.confirm().catch((error) => error), lease.signal.reason);
  const released = await scene.member("a").getLock("y").hold();
  await released.release();
  await assert.rejects(released.confirm(), LeaseLost);
});

Deno.test("a renewal that arrives after our own release is no loss", async () => {
  const scene = new Scene();
  const lease = await scene.member("a").getLock("x").hold();
  scene.fates.push({ delay: 1_000 });
  const renewed = lease.renew();
  await scene.runtime.advance(0);
  assert.equal(await lease.release(), true);
  await scene.runtime.advance(1_000);
  assert.equal(await renewed, false);
  assert.deepEqual(scene.happened, []);
  assert.equal(lease.signal.reason.name, "AbortError");
});

Deno.test("release stops belief before the request is sent, and is not a loss", async () => {
  const scene = new Scene();
  const lease = await scene.member("a").getLock("x").hold();
  scene.fates.push({ delay: 1_000 });
  const releasing = lease.release();
  assert.equal(lease.signal.aborted, true);
  assert.equal(lease.signal.reason.name, "AbortError");
  await scene.runtime.advance(1_000);
  assert.equal(await releasing, true);
  assert.equal(await lease.release(), false);
  assert.equal(await lease.renew(), false);
  assert(!scene.happened.includes("lost"));
  assert.equal(scene.runtime.timers, 0);
});

Deno.test("a release whose reply is lost counts as released", async () => {
  const scene = new Scene();
  const lease = await scene.member("a").getLock("x").hold();
  scene.fates.push("lose-reply");
  const releasing = lease.release();
  await scene.runtime.advance(100);
  assert.equal(await releasing, true);
  assert.equal(await scene.member("b").getLock("x").acquire({ timeout: 0 }) !== null, true);
});

Deno.test("a release that failed can be called again, and await using only reports it", async () => {
  const scene = new Scene();
  const lease = await scene.member("a").getLock("x").hold();
  scene.fates.push(...Array<"lose-request">(4).fill("lose-request"));
  const failed = assert.rejects(lease.release(), UnknownOutcome);
  await scene.runtime.advance(4_000);
  await failed;
  assert.equal(await lease.release(), true);

  const work = async (): Promise<never> => {
    await using _ = await scene.member("a").getLock("y").hold();
    scene.fates.push(...Array<"lose-request">(4).fill("lose-request"));
    throw new Error("the caller's own");
  };
  const own = assert.rejects(work(), /the caller's own/);
  await scene.runtime.advance(4_000);
  await own;
  assert(scene.happened.includes("release-failed"));
});

Deno.test("await using goes on only when the release was answered", async () => {
  const scene = new Scene();
  const lease = await scene.member("a").getLock("x").hold();
  scene.fates.push({ delay: 1_000 });
  let released = false;
  const disposed = lease[Symbol.asyncDispose]().then(() => released = true);
  await scene.runtime.advance(999);
  assert.equal(released, false);
  await scene.runtime.advance(1);
  await disposed;
  assert.deepEqual(await scene.member("b").getLock("x").holders(), []);
});

Deno.test("a grant whose reply comes too late is given back, not believed", async () => {
  const scene = new Scene();
  scene.fates.push({ delay: 300 });
  const late = assert.rejects(
    scene.member("a").getLock("x").acquire({ ttl: 1_000 }),
    OperationTimedOut,
  );
  await settled();
  scene.runtime.stop(995); // the process is paused while the answer is on its way
  await scene.runtime.advance(0);
  await late;
  await Promise.all(scene.runtime.background);
  assert.equal(await scene.member("b").getLock("x").acquire({ timeout: 0 }) !== null, true);
});

Deno.test("an acquire without any answer is released in the background, and says it is unknown", async () => {
  const scene = new Scene();
  scene.fates.push("lose-reply", "lose-request", "lose-request", "lose-request");
  const unknown = assert.rejects(scene.member("a").getLock("x").acquire(), UnknownOutcome);
  await scene.runtime.advance(4_000);
  await unknown;
  assert.equal(scene.runtime.background.length, 1);
  await Promise.all(scene.runtime.background);
  assert.deepEqual(await scene.member("b").getLock("x").holders(), []);
});

Deno.test("an acquire aborted in flight throws the signal's reason and leaves nothing behind", async () => {
  const scene = new Scene();
  const stop = new AbortController();
  scene.fates.push("hang-reply");
  const aborted = scene.member("a").getLock("x").acquire({ signal: stop.signal });
  const reason = new Error("the user left");
  await settled();
  stop.abort(reason);
  await assert.rejects(aborted, (error) => error === reason);
  await Promise.all(scene.runtime.background);
  assert.deepEqual(await scene.member("b").getLock("x").holders(), []);
  assert.equal(scene.runtime.timers, 0);
});

/** Leases that nobody watches, and answers that come late, twice, or in the wrong order. */

import assert from "node:assert/strict";
import { Coordinator } from "../../mod.ts";
import { News } from "../../coordination/groups/news.ts";
import type { Driver } from "../../drivers/driver.ts";
import { FakeRuntime } from "./fake_runtime.ts";
import { Scene } from "./scene.ts";

/** A process that nobody observes: only looks tell it that a lease is over. */
function unobserved(scene: Scene, ttl = 10_000): Coordinator {
  return new Coordinator(scene.wire, { memberId: "a", ttl, runtime: scene.runtime });
}

Deno.test("a lease that nobody watches sets no timer, and is over at its deadline all the same", async () => {
  const scene = new Scene();
  const lease = await unobserved(scene).getLock("x").hold();
  assert.equal(await lease.renew(), true);
  assert.equal(scene.runtime.timers, 0);
  scene.runtime.stop(9_899);
  assert.equal(lease.held, true);
  scene.runtime.stop(1);
  assert.equal(lease.held, false);
});

Deno.test("the timer of a lease that is only held keeps no process alive", async () => {
  const scene = new Scene();
  const { runtime } = scene;
  const { after } = runtime;
  const timers: unknown[] = [];
  const a = scene.member("a");
  const lease = await a.getLock("x").hold();
  await runtime.advance(1_000);
  runtime.after = (ms, callback, options?: unknown) => {
    timers.push(options);
    return after(ms, callback);
  };
  assert.equal(await lease.renew(), true);
  // That of the request, and that of the new deadline.
  assert.deepEqual(timers, [undefined, { background: true }]);
});

Deno.test("an answer to a renewal that comes after the deadline revives nothing, watched or not", async () => {
  const scene = new Scene();
  let lateness = 0;
  const wire: Driver = {
    ...scene.wire,
    async apply(ops, options) {
      const outcomes = await scene.wire.apply(ops, options);
      if (lateness > 0) await new Promise<void>((go) => scene.runtime.after(lateness, go));
      return outcomes;
    },
  };
  const a = new Coordinator(wire, { memberId: "a", ttl: 10_000, runtime: scene.runtime });
  const lease = await a.getLock("x").hold();
  await scene.runtime.advance(9_000);
  lateness = 1_000;
  const renewed = lease.renew();
  await scene.runtime.advance(1_000);
  // The backend has renewed it, and we have stopped believing.
  assert.equal(await renewed, false);
  assert.equal(lease.held, false);
  assert.equal(await a.heartbeat(), 3_300);
});

Deno.test("of two renewals whose answers overtake each other the later send counts", async () => {
  const scene = new Scene();
  const lease = await scene.member("a").getLock("x").hold();
  await scene.runtime.advance(1_000);
  scene.fates.push({ delay: 2_000 });
  const slow = lease.renew();
  await scene.runtime.advance(500);
  const later = scene.runtime.wallNow;
  assert.equal(await lease.renew(), true);
  await scene.runtime.advance(2_000);
  assert.equal(await slow, true);
  assert.equal(lease.deadline, later + 9_900);
});

Deno.test("a heartbeat's deadline counts from its own send, by hand and in the background", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const lease = await a.getLock("x").hold();
  await scene.runtime.advance(1_000);
  const sent = scene.runtime.wallNow;
  scene.fates.push({ delay: 700 });
  const beat = a.heartbeat();
  await scene.runtime.advance(700);
  // The time that the answer took is gone from the pause, too.
  assert.equal(await beat, 3_300 - 700);
  assert.equal(lease.deadline, sent + 9_900);
});

Deno.test("a process that was stopped past the deadline does not renew what it has lost", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.getLock("x").hold();
  scene.sent.length = 0;
  scene.runtime.stop(9_900); // no timer has fired; the backend has the lease a little longer
  assert.equal(await a.heartbeat(), 3_300);
  assert.deepEqual(scene.sent, []);
  assert.deepEqual((await scene.member("b").getLock("x").holders()).map(({ left }) => left), [100]);
});

Deno.test("what the backend does not know any more is not released again", async () => {
  const scene = new Scene();
  const lease = await scene.member("a").getLock("x").hold();
  await scene.member("b").getLock("x").break();
  assert.equal(await lease.renew(), false);
  scene.sent.length = 0;
  assert.equal(await lease.release(), false);
  assert.deepEqual(scene.sent, []);
});

Deno.test("a lease that a later one made the heart look at is renewed in its own time", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.start({ heartbeat: true });
  const first = await a.getLock("first").hold();
  const granted = scene.runtime.wallNow;
  await scene.runtime.advance(2_000);
  await a.getLock("second").hold();
  scene.sent.length = 0;
  await scene.runtime.advance(1_299);
  assert.equal(first.deadline, granted + 3_300 * 0.95 + 9_900);
  // One beat for both: the second lease was not renewed by being acquired.
  assert.deepEqual(scene.sent.map((ops) => ops.map(({ op }) => op)), [["renew", "renew"]]);
  await a.stop();
});

Deno.test("a timer that fires early ends nothing", async () => {
  const scene = new Scene();
  const runtime = new FakeRuntime();
  const { after } = runtime;
  runtime.after = (ms, callback) => after(Math.max(1, ms - 7), callback);
  const a = new Coordinator(scene.wire, {
    memberId: "a",
    ttl: 10_000,
    runtime,
    on: (event) => scene.events.push(event),
  });
  await a.getLock("x").hold();
  await runtime.advance(9_899);
  assert.deepEqual(scene.happened, []);
  await runtime.advance(1);
  assert.deepEqual(scene.happened, ["lost"]);
  assert.equal(runtime.timers, 0);
});

Deno.test("a release in the background that fails is told, and no error is left to nobody", async () => {
  const scene = new Scene();
  scene.fates.push(...Array<"lose-request">(8).fill("lose-request"));
  const failed = assert.rejects(scene.member("a").getLock("x").hold());
  await scene.runtime.advance(20_000);
  await failed;
  await Promise.all(scene.runtime.background);
  assert.deepEqual(scene.happened, ["release-failed"]);
});

Deno.test("of what happened to a member that never ticks the last thousand is remembered", () => {
  const news = new News("a");
  for (let term = 1; term <= 1_010; term++) {
    news.note({ type: "elected", group: "g", memberId: "a", term });
  }
  const terms = news.take().map((event) => "term" in event ? event.term : undefined);
  assert.deepEqual(terms, Array.from({ length: 1_000 }, (_, n) => n + 11));
});

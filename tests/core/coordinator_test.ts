import assert from "node:assert/strict";
import { Coordinator, InvalidArgument, NotSupported, systemRuntime } from "../../mod.ts";
import { memory } from "../../drivers/memory.ts";
import { FakeRuntime, settled } from "./fake_runtime.ts";
import { Scene } from "./scene.ts";

Deno.test("a started heartbeat renews every lease in one request, a third of their time apart", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.start({ heartbeat: true });
  const leases = await Promise.all(["x", "y", "z"].map((name) => a.getLock(name).hold()));
  scene.sent.length = 0;
  await scene.runtime.advance(66_000);
  assert(leases.every((lease) => lease.held));
  assert(scene.sent.length >= 20 && scene.sent.length <= 23, `${scene.sent.length} beats`);
  assert(scene.sent.every((ops) => ops.length === 3 && ops.every((op) => op.op === "renew")));
  await a.stop();
});

Deno.test("a heartbeat that fails is tried again, ever faster, while there is time", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.start({ heartbeat: true });
  const lease = await a.getLock("x").hold();
  scene.fates.push(...Array<"lose-request">(5).fill("lose-request"));
  await scene.runtime.advance(30_000);
  assert.equal(lease.held, true);
  assert.equal(scene.happened.filter((type) => type === "heartbeat-failed").length, 5);
  await a.stop();
});

Deno.test("a lease that is acquired while the heart sleeps is renewed in its own time", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.start({ heartbeat: true });
  await a.getLock("slow").hold({ ttl: 600_000 });
  await scene.runtime.advance(10);
  const fast = await a.getLock("fast").hold({ ttl: 1_000 });
  await scene.runtime.advance(30_000);
  assert.equal(fast.held, true);
  await a.stop();
});

Deno.test("no renewal is sent after a release", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.start({ heartbeat: true });
  const lease = await a.getLock("x").hold();
  await scene.runtime.advance(7_000);
  await lease.release();
  scene.sent.length = 0;
  await scene.runtime.advance(60_000);
  assert.deepEqual(scene.sent, []);
  await a.stop();
});

Deno.test("heartbeat renews by hand in one request, and says when the next is due", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  assert.equal(await a.heartbeat(), 3_300, "how long a loop may sleep that holds nothing");
  assert.equal(scene.sent.length, 0);
  const lease = await a.getLock("x").hold();
  await a.getLock("y").hold({ ttl: 60_000 });
  scene.sent.length = 0;
  await scene.runtime.advance(5_000);
  assert.equal(await a.heartbeat(), 3_300);
  assert.equal(scene.sent.length, 1);
  assert.equal(lease.deadline, scene.runtime.wallNow + 9_900);
});

Deno.test("without a heartbeat no timer but the deadline's is set, and none after a release", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const lease = await a.getLock("x").hold();
  assert.equal(scene.runtime.timers, 1);
  await lease.release();
  assert.equal(scene.runtime.timers, 0);
});

Deno.test("a heartbeat in the background is refused where timers end with the request", async () => {
  const scene = new Scene();
  scene.runtime.lasting = false;
  const a = scene.member("a");
  await assert.rejects(a.start({ heartbeat: true }), NotSupported);
  assert.equal(scene.sent.length, 0);
  await a.start();
});

Deno.test("timings that cannot work are refused, naming the number and the reason", () => {
  const scene = new Scene();
  const remote = {
    ...scene.wire,
    guarantees: { ...scene.wire.guarantees, clock: "server", minTtl: 50 },
  } as const;
  const make = (options: object) => () => new Coordinator(remote, options);
  assert.throws(make({ ttl: 49 }), /ttl 49: .* from 50 to/);
  assert.throws(
    make({ ttl: 1_000 }),
    /ttl 1000: the margin for clocks, 510 ms .* use 1021 or more/,
  );
  assert.doesNotThrow(make({ ttl: 1_021 }));
  assert.throws(
    make({ ttl: 10_000, heartbeatInterval: 9_400 }),
    /heartbeatInterval 9400: .* 9400 ms/,
  );
  assert.throws(make({ heartbeatInterval: 0 }), /heartbeatInterval 0/);
  assert.throws(make({ leaderTtl: 800 }), /ttl 800/);
  assert.throws(make({ clocks: { rate: 0.5 } }), InvalidArgument);
  assert.throws(make({ clocks: { step: -1 } }), InvalidArgument);
  // Cron claims a slot for a day, under the same interval as short locks.
  assert.doesNotThrow(make({ ttl: 86_400_000, heartbeatInterval: 500 }));
  // What an environment's variable says, which would be added as a text.
  for (const text of ["500", "0.01"] as unknown as number[]) {
    for (const clocks of [{ step: text }, { rate: text }]) {
      assert.throws(make({ clocks }), /, a string/);
    }
    assert.throws(make({ heartbeatInterval: text }), /, a string/);
    assert.throws(make({ timeout: text }), /, a string/);
  }
  assert.throws(make({ timeout: -1 }), InvalidArgument);
  assert.throws(make({ namespace: "a/b" }), InvalidArgument);
});

Deno.test("an observer that throws costs nothing", async () => {
  const scene = new Scene();
  const a = scene.member("a", {
    on: () => {
      throw new Error("observer");
    },
  });
  const lease = await a.getLock("x").hold();
  await scene.runtime.advance(10_000);
  assert.equal(lease.signal.aborted, true);
});

Deno.test("whoever gives no name is called by a whole id: two of one name would replace each other", () => {
  const runtime = new FakeRuntime();
  const names = [1, 2].map(() => new Coordinator(memory(), { runtime }).memberId);
  assert.deepEqual(names, ["member-id-1", "member-id-2"]);
});

Deno.test("no event, error or inspection shows a lease's id", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const lease = await a.getLock("x").hold();
  await a.election("g").campaign();
  await scene.member("b").getLock("x").acquire({ timeout: 0 });
  await scene.runtime.advance(20_000);
  const shown = [scene.events, lease, lease.signal.reason, a, a.getLock("x")]
    .map((each) => Deno.inspect(each, { depth: 9 }) + JSON.stringify(each)).join();
  assert.doesNotMatch(shown, /id-\d/);
});

Deno.test("the system runtime keeps time, and leaves no timer behind", async () => {
  const a = new Coordinator(memory(), { ttl: 300 });
  const lease = await a.getLock("x").hold();
  const ended = new Promise((resolve) => lease.signal.addEventListener("abort", resolve));
  // A process that only listens to a lease has finished.
  const busy = setInterval(() => {}, 60_000);
  await ended;
  clearInterval(busy);
  assert(systemRuntime().wall() >= lease.deadline);
  await a.getLock("y").with(settled);
});

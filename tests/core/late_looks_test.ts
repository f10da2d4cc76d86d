/** Looks that overlap: what an older one answers late is no news. */

import assert from "node:assert/strict";
import type { GroupEvent } from "../../mod.ts";
import { settled } from "./fake_runtime.ts";
import { Scene } from "./scene.ts";

Deno.test("two ticks at once, the first answered last: no member is reported gone that lives, no old leader", async () => {
  const scene = new Scene();
  const [watcher, m, one, two] = ["watcher", "m", "old", "new"].map((id) => scene.member(id));
  await m!.createGroup("g");
  const told: GroupEvent[] = [];
  await watcher!.watchJoinGroup("g", (event) => told.push(event));
  await watcher!.watchLeaveGroup("g", (event) => told.push(event));
  const term = await one!.election("g").campaign();
  // The backend answers at once, but the answer takes five seconds.
  const late = Promise.withResolvers<void>();
  const { apply } = scene.wire;
  let first = true;
  Object.assign(scene.wire, {
    apply: async (...args: Parameters<typeof apply>) => {
      const slow = first && args[0].length > 1;
      first &&= !slow;
      const outcomes = await apply(...args);
      if (slow) await late.promise;
      return outcomes;
    },
  });
  const old = watcher!.tick();
  await settled();
  scene.runtime.stop(10);
  await m!.joinGroup("g");
  await one!.election("g").standDown();
  await term?.release();
  const leader = await two!.election("g").campaign();
  const news = await watcher!.tick();
  assert.deepEqual(
    news.events.map(({ type }) => type),
    ["joined", "leader"],
  );
  late.resolve();
  const { events } = await old;
  assert.deepEqual(events, [], "an older look is reported after a newer one");
  const { events: after } = await watcher!.tick();
  assert.deepEqual(after, []);
  assert.deepEqual(told.map(({ type }) => type), ["joined"]);
  assert(leader);
});

Deno.test("two ticks at once, which the backend sees in the other order: no member is reported twice, nor gone", async () => {
  const scene = new Scene();
  const [watcher, m] = ["watcher", "m"].map((id) => scene.member(id));
  await m!.createGroup("g");
  await watcher!.watchJoinGroup("g", () => {});
  const [goes, comes] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { apply } = scene.wire;
  let ticks = 0;
  Object.assign(scene.wire, {
    apply: async (...args: Parameters<typeof apply>) => {
      const tick = args[0].length > 1 ? ++ticks : 0;
      // The first is long on its way there, and the second long on its way back.
      if (tick === 1) await goes.promise;
      const outcomes = await apply(...args);
      if (tick === 2) await comes.promise;
      return outcomes;
    },
  });
  const first = watcher!.tick();
  scene.runtime.stop(10);
  const second = watcher!.tick();
  await settled();
  await m!.joinGroup("g");
  goes.resolve();
  assert.deepEqual((await first).events.map(({ type }) => type), ["joined"]);
  comes.resolve();
  assert.deepEqual((await second).events, [], "what was seen before the join is news after it");
  assert.deepEqual((await watcher!.tick()).events, []);
});

Deno.test("what runWatchers() reports of ourselves and what our membership says agree", async () => {
  const scene = new Scene();
  const [a, twin] = [scene.member("a"), scene.member("a")];
  const membership = await a.joinGroupCreate("g");
  await a.watchLeaveGroup("g", () => "left");
  await scene.runtime.advance(10);
  await twin.leaveGroup("g");
  assert.deepEqual(a.groups, ["g"]);
  assert.deepEqual(await a.runWatchers(), ["left"]);
  assert.deepEqual([membership.held, a.groups], [false, []]);
});

Deno.test("leaveGroup() after another process has left for us says that we are no member", async () => {
  const scene = new Scene();
  const [a, twin] = [scene.member("a"), scene.member("a")];
  await a.joinGroupCreate("g");
  await twin.leaveGroup("g");
  await assert.rejects(a.leaveGroup("g"), { code: "member-not-joined" });
});

Deno.test("leaveGroup() whose request arrives twice is done, and not refused", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.joinGroupCreate("g");
  const { apply } = scene.wire;
  Object.assign(scene.wire, {
    apply: async (...args: Parameters<typeof apply>) => {
      await apply(...args);
      return await apply(...args);
    },
  });
  await a.leaveGroup("g");
  assert.deepEqual(a.groups, []);
});

Deno.test("runElectCoordinator() says what it won", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await b.election("theirs").campaign();
  for (const group of ["mine", "theirs"]) a.watchElectedAsLeader(group, () => {});
  assert.deepEqual(await a.runElectCoordinator(), ["mine"]);
  assert.deepEqual(await a.runElectCoordinator(), []);
});

Deno.test("a loop that sleeps by what heartbeat() answers neither spins nor sleeps without end", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  for (const next of [await a.heartbeat(), (await a.tick()).next]) {
    assert(next >= 1 && next <= 60_000, `${next}`);
  }
});

Deno.test("events() refuses an interval that is none before it asks anything", async () => {
  const scene = new Scene();
  for (const interval of [0, -1, NaN, 1.5]) {
    await assert.rejects(scene.member("a").events({ interval }).next(), {
      code: "invalid-argument",
    });
  }
  await assert.rejects(scene.member("a").events({ watch: ["a\nb"] }).next(), {
    code: "invalid-argument",
  });
  assert.deepEqual(scene.sent, []);
});

Deno.test("a slot whose claim cannot be given back is not answered as one that may run later", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  const slot = scene.runtime.wallNow;
  void a.cron("j").run({ slot, skipIfRunning: true }, () => new Promise(() => {}));
  await settled();
  scene.fates.push("pass", "pass", ...Array<"lose-request">(20).fill("lose-request"));
  const skipped = b.cron("j").run({ slot: slot + 1_000, skipIfRunning: true }, () => {});
  const failed = assert.rejects(skipped, { code: "unknown-outcome" });
  await scene.runtime.advance(20_000);
  await failed;
});

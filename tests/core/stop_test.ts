/** `stop()` ends everything that acquires: nothing that was asked for before it is granted after it. */

import assert from "node:assert/strict";
import type { Coordinator } from "../../mod.ts";
import { settled } from "./fake_runtime.ts";
import { Scene } from "./scene.ts";

/** What `stop()` ends, by what a process was doing when its SIGTERM handler called it. */
const DOINGS: Readonly<Record<string, (a: Coordinator, scene: Scene) => Promise<unknown>>> = {
  "lead() while another leads": (a) => a.lead("g", () => assert.fail("it led")),
  "lead() while the backend does not answer": (a, scene) => {
    scene.fates.push(...Array<"lose-request">(99).fill("lose-request"));
    return a.lead("h", () => assert.fail("it led"));
  },
  "acquire() without limit": (a) => a.getLock("x").acquire(),
  "hold() of a permit": (a) => a.getSemaphore("s", 1).hold(),
  "with() of a shared lock": (a) => a.getLock("x").with(() => {}, { shared: true }),
  "events() with a candidacy": async (a) => {
    a.watchElectedAsLeader("g", () => {});
    for await (const _ of a.events({ watch: ["g"] }));
  },
};

/** Another process, which has all of it for three seconds. */
async function another(scene: Scene): Promise<Coordinator> {
  const other = scene.member("other");
  await other.createGroup("g");
  await other.election("g").campaign({ ttl: 3_000 });
  await other.getLock("x").hold({ ttl: 3_000 });
  await other.getSemaphore("s", 1).hold({ ttl: 3_000 });
  return other;
}

for (const [doing, begin] of Object.entries(DOINGS)) {
  Deno.test(`stop() during ${doing}: the call ends, and nothing is acquired afterwards`, async () => {
    const scene = new Scene();
    const other = await another(scene);
    const a = scene.member("a");
    await a.start();
    const pending = begin(a, scene).then(() => "settled", (error) => error.code);
    await scene.runtime.advance(1_000);
    scene.fates.length = 0;
    await a.stop();
    const how = await Promise.race([pending, settled().then(() => "still pending")]);
    assert(how === "settled" || how === "misuse", `${how}`);
    // The others' leases end now, and whoever still waited would get them.
    await scene.runtime.advance(30_000);
    const held = await Promise.all([
      other.getLeader("g"),
      other.getLeader("h"),
      other.getLock("x").holders(),
      other.getSemaphore("s", 1).holders(),
    ]);
    assert.deepEqual(held, [null, null, [], []]);
    assert.equal(scene.runtime.timers, 0, "a timer was left behind");
  });
}

for (const [doing, begin] of Object.entries(DOINGS)) {
  Deno.test(`stop() during ${doing}, while a request hangs: the call ends without its answer`, async () => {
    const scene = new Scene();
    await another(scene);
    const a = scene.member("a");
    const pending = begin(a, scene).then(() => "settled", (error) => error.code);
    await scene.runtime.advance(1_000);
    scene.fates.splice(0, Infinity, "hang");
    while (scene.fates.length > 0) await scene.runtime.advance(10);
    let how = "still pending";
    void pending.then((ended) => how = ended);
    await a.stop();
    await settled();
    assert(how === "settled" || how === "misuse", how);
  });
}

/** What a process has asked for once, without an answer. */
const ASKED: Readonly<Record<string, (a: Coordinator) => Promise<unknown>>> = {
  "a lock": (a) => a.getLock("x").acquire({ timeout: 0 }),
  "a shared lock": (a) => a.getLock("x").hold({ shared: true }),
  "a permit": (a) => a.getSemaphore("s", 2).acquire(),
  "leadership": (a) => a.lead("g", () => assert.fail("it led")),
  "a membership": (a) => a.joinGroupCreate("g"),
  "a slot": (a) => a.cron("j").run({ slot: 1_800_000_000_000 }, () => assert.fail("it ran")),
};

for (const [what, ask] of Object.entries(ASKED)) {
  Deno.test(`stop() while ${what} is about to be asked for again: nobody asks for it any more`, async () => {
    const scene = new Scene();
    const a = scene.member("a");
    scene.fates.push("lose-reply");
    const pending = ask(a).then(() => "settled", (error) => error.code);
    await settled();
    await a[Symbol.asyncDispose]();
    scene.sent.length = 0;
    await scene.runtime.advance(30_000);
    assert.match(await pending, /^(settled|misuse)$/);
    assert.deepEqual(scene.sent.flat().filter(({ op }) => op === "acquire"), []);
    const [list] = await scene.backend.apply([{ op: "list", prefix: "", limit: 100 }]);
    const kept = list?.leases.map(({ resource }) => resource).filter((each) => each !== "groups");
    assert.deepEqual(kept, [], "what was granted is given back");
    assert.equal(scene.runtime.timers, 0, "a timer was left behind");
  });
}

for (const [what, ask] of Object.entries(ASKED)) {
  // Its wait ends at once, and what then gives leadership back overtakes a request that is late.
  if (what === "leadership") continue;
  Deno.test(`stop() of what was never started, while ${what} is on its way: nobody gets it`, async () => {
    const scene = new Scene();
    const a = scene.member("a");
    scene.fates.push({ delay: 50 });
    const pending = ask(a).then(() => "settled", (error) => error.code);
    await settled();
    const stopped = a.stop();
    await scene.runtime.advance(100);
    await stopped;
    assert.match(await pending, /^(settled|misuse)$/);
    await scene.runtime.advance(1_000);
    const [list] = await scene.backend.apply([{ op: "list", prefix: "", limit: 100 }]);
    const kept = list?.leases.map(({ resource }) => resource).filter((each) => each !== "groups");
    assert.deepEqual(kept, [], "what was granted is given back");
    assert.equal(scene.runtime.timers, 0, "a timer was left behind");
    // Then there is nothing to stop, and that is said.
    await assert.rejects(a.stop(), /not started/);
  });
}

const SLOT = 1_800_000_000_000;
/** Calls that look, or renew, before they ask for anything. */
const LATER: Readonly<Record<string, (a: Coordinator) => Promise<unknown>>> = {
  "catchUp()": (a) =>
    a.cron("j").catchUp({ slot: SLOT, every: 60_000 }, () => assert.fail("it ran")),
  "catchUp() of a schedule": (a) =>
    a.cron("j").catchUp({ slot: SLOT, every: (at) => at + 60_000 }, () => assert.fail("it ran")),
  "joinGroupCreate({ replace: true })": (a) => a.joinGroupCreate("g", null, { replace: true }),
  "tick() of many leases, with a candidacy": async (a) => {
    await Promise.all(Array.from({ length: 1_001 }, (_, n) => a.getLock(`${n}`).acquire()));
    a.watchElectedAsLeader("g", () => assert.fail("it was elected"));
    await a.tick();
  },
};

for (const [what, call] of Object.entries(LATER)) {
  for (const started of [false, true]) {
    Deno.test(`stop() during the first request of ${what}, ${started ? "" : "not "}started: no other follows`, async () => {
      const scene = new Scene();
      scene.runtime.wallNow = SLOT;
      const [first, stopped] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      let looks = 0;
      const slow = {
        ...scene.wire,
        async apply(...args: Parameters<typeof scene.wire.apply>) {
          const outcomes = await scene.wire.apply(...args);
          const op = args[0][0]?.op;
          // The first is that of start().
          if ((op === "inspect" || op === "renew") && ++looks > Number(started)) {
            first.resolve();
            await stopped.promise;
          }
          return outcomes;
        },
      };
      const a = scene.over(slow, "a", { on: undefined });
      if (started) await a.start();
      const pending = call(a).then(() => "settled", (error) => error.code);
      await first.promise;
      scene.sent.length = 0;
      const stop = a.stop();
      stopped.resolve();
      await stop;
      assert.equal(await pending, "misuse");
      await scene.runtime.advance(1_000);
      assert.deepEqual(scene.sent.flat().filter(({ op }) => op === "acquire"), []);
    });
  }
}

Deno.test("a second stop() while the first is under way ends with it, and not before everything is given back", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.start({ heartbeat: true });
  await a.getLock("x").hold();
  scene.fates.push({ delay: 500 });
  const ended: string[] = [];
  const stops = ["first", "second"].map((name) => a.stop().then(() => ended.push(name)));
  await scene.runtime.advance(400);
  assert.deepEqual(ended, []);
  await scene.runtime.advance(200);
  await Promise.all(stops);
  assert.deepEqual(await scene.member("b").getLock("x").holders(), []);
  // It can be used again, and what comes after the stops is stopped by another.
  await a.start();
  const lease = await a.getLock("x").hold();
  await a.stop();
  assert.equal(lease.held, false);
});

Deno.test("stop() during catchUp(): the run that goes on ends, and no other slot begins", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const minute = 60_000;
  const first = Math.floor(scene.runtime.wallNow / minute) * minute;
  await a.cron("j").run({ slot: first }, () => {});
  await scene.runtime.advance(5 * minute);
  const begun: number[] = [];
  const catching = a.cron("j").catchUp(
    { slot: first + 5 * minute, every: minute },
    async ({ slot }) => {
      begun.push((slot - first) / minute);
      await new Promise<void>((go) => scene.runtime.after(1_000, go));
    },
  );
  const ended = assert.rejects(catching, { code: "misuse" });
  await scene.runtime.advance(1_500);
  await a[Symbol.asyncDispose]();
  await scene.runtime.advance(minute);
  await ended;
  assert.deepEqual(begun, [1, 2]);
});

Deno.test("stop() while start({ heartbeat: true }) waits for its answer: no heartbeat begins", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.getLock("x").hold();
  scene.fates.push({ delay: 1_000 });
  const starting = a.start({ heartbeat: true });
  await scene.runtime.advance(500);
  await a.stop();
  await scene.runtime.advance(500);
  await starting;
  await scene.runtime.advance(60_000);
  assert.equal(a.isStarted, false);
  assert.deepEqual(await a.getLock("x").holders(), []);
  assert.equal(scene.runtime.timers, 0, "the heart beats on");
});

Deno.test("stop() during a run in retry: its claim is renewed to its end, and nobody else runs the slot", async () => {
  for (const options of [{ mode: "retry" }, { skipIfRunning: true }] as const) {
    const scene = new Scene();
    const [a, b] = [scene.member("a"), scene.member("b")];
    const slot = scene.runtime.wallNow;
    const running = a.cron("j").run({ slot, ...options }, async () => {
      await new Promise<void>((go) => scene.runtime.after(40_000, go));
      return "done";
    });
    await scene.runtime.advance(1_000);
    await a[Symbol.asyncDispose]();
    for (let s = 0; s < 38; s++) {
      await scene.runtime.advance(1_000);
      const again = await b.cron("j").run({ slot: slot + s * 1_000, ...options }, () => {});
      if (options.skipIfRunning || s === 0) assert.equal(again.outcome, "skipped", `after ${s} s`);
    }
    await scene.runtime.advance(2_000);
    const result = await running;
    assert.equal(result.outcome === "ran" && result.value, "done");
  }
});

Deno.test("stop() with hundreds of leases gives all of them back, fifty in a request", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  for (let n = 0; n < 120; n++) await a.getLock(`x${n}`).hold();
  scene.sent.length = 0;
  await a[Symbol.asyncDispose]();
  assert.deepEqual(scene.sent.map((ops) => ops.length), [50, 50, 20]);
  assert.deepEqual(await a.getLock("x119").holders(), []);
});

Deno.test("a coordinator that was stopped can be used again", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.start();
  await a.stop();
  await a.start({ heartbeat: true });
  const lease = await a.getLock("x").hold();
  await scene.runtime.advance(60_000);
  assert.equal(lease.held, true);
  await a.stop();
  assert.equal(lease.held, false);
});

Deno.test("stop() of what was never started gives back what it holds, and ends what waits", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.getLock("x").hold();
  await a.stop();
  assert.deepEqual(await scene.member("b").getLock("x").holders(), []);
  // Now there is nothing to stop, as Tooz has it.
  await assert.rejects(a.stop(), { code: "misuse" });
  await scene.member("b").getLock("y").hold();
  const waiting = a.getLock("y").hold();
  const ended = assert.rejects(waiting, { code: "misuse" });
  await scene.runtime.advance(1_000);
  await a.stop();
  await ended;
  assert.equal(a.isStarted, false);
});

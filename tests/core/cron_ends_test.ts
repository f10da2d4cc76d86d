/** How runs end when others, or the backend, are in the way. */

import assert from "node:assert/strict";
import { Coordinator } from "../../mod.ts";
import { FakeRuntime, settled } from "./fake_runtime.ts";
import { Scene } from "./scene.ts";

const MINUTE = 60_000;

/** A run that goes on until it is told to end, and what it was given. */
function endless(): { work: () => Promise<void>; end: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { work: () => promise, end: resolve };
}

Deno.test("a run in retry that nobody keeps ends with its ttl, also in a process that beats", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.start({ heartbeat: true });
  let given: AbortSignal | undefined;
  const { work, end } = endless();
  const slot = scene.runtime.wallNow;
  const running = a.cron("j").run({ slot, mode: "retry", keepAlive: false }, ({ signal }) => {
    given = signal;
    return work();
  });
  await settled();
  await scene.runtime.advance(10_000);
  assert.equal(given?.aborted, true);
  end();
  await running;
  await a.stop();
});

Deno.test("a run that has no answer to whether another runs gives its slot back", async () => {
  for (const mode of ["once", "retry"] as const) {
    const scene = new Scene();
    const slot = scene.runtime.wallNow;
    const plan = { slot, mode, skipIfRunning: true };
    scene.fates.push("pass", ...Array<"lose-request">(4).fill("lose-request"));
    const failed = assert.rejects(
      scene.member("a").cron("j").run(plan, () => assert.fail("it ran")),
      /lost/,
    );
    await scene.runtime.advance(10_000);
    await failed;
    await Promise.all(scene.runtime.background);
    const run = await scene.member("b").cron("j").run(plan, () => {});
    assert.equal(run.outcome, "ran", mode);
  }
});

Deno.test("in retry a run's end is written before its claim is given back, in one request", async () => {
  for (const fails of [false, true]) {
    const scene = new Scene();
    const slot = scene.runtime.wallNow;
    const run = scene.member("a").cron("j").run({ slot, mode: "retry" }, () => {
      if (fails) throw new Error("boom");
    });
    await (fails ? assert.rejects(run, /boom/) : run);
    const [written, given] = scene.sent.at(-1)?.map(({ op, seat }) => `${op} ${seat}`) ?? [];
    assert.match(`${written}`, fails ? /^acquire \d+\/\d+$/ : /^acquire \d+\/done$/);
    assert.equal(given, `release ${slot}`);
  }
});

Deno.test("a run is told when what kept other slots away is lost", async () => {
  const scene = new Scene();
  let given: AbortSignal | undefined;
  const { work, end } = endless();
  const plan = { slot: scene.runtime.wallNow, skipIfRunning: true, ttl: MINUTE };
  const running = scene.member("a").cron("j").run(plan, ({ signal }) => {
    given = signal;
    return work();
  });
  await settled();
  await scene.backend.apply([{ op: "release", resource: "cron:j", seat: "running" }]);
  // It learns that with its next renewal, long before the claim itself is over.
  await scene.runtime.advance(MINUTE / 2);
  assert.equal(given?.aborted, true);
  end();
  await running;
});

Deno.test("who runs now is no slot of the history, and nor is what holds others off", async () => {
  const scene = new Scene();
  const job = scene.member("a").cron("j");
  const slot = scene.runtime.wallNow;
  const plan = { slot, skipIfRunning: true, minHold: MINUTE };
  await job.run(plan, async () => {
    assert.deepEqual((await job.history()).map((run) => run.slot), [slot]);
  });
  assert.deepEqual((await job.history()).map((run) => run.slot), [slot]);
});

Deno.test("a run that crashes holds others off for its minHold, though its ttl is shorter", async () => {
  const scene = new Scene();
  // A process whose clock stands still from the moment its work has begun.
  const runtime = new FakeRuntime();
  runtime.id = () => crypto.randomUUID();
  const crashed = new Coordinator(scene.wire, { memberId: "a", ttl: 10_000, runtime });
  const slot = scene.runtime.wallNow;
  const { work, end } = endless();
  const plan = { skipIfRunning: true, minHold: MINUTE };
  const running = crashed.cron("j").run({ slot, ...plan }, work);
  await settled();
  const job = scene.member("b").cron("j");
  await scene.runtime.advance(MINUTE - 1);
  const next = { slot: slot + MINUTE, ...plan };
  const early = await job.run(next, () => assert.fail("too soon"));
  assert(early.outcome === "skipped" && early.reason === "running");
  await scene.runtime.advance(1);
  assert.equal((await job.run(next, () => {})).outcome, "ran");
  end();
  await running;
});

Deno.test("a run whose record could not be written has run all the same, and that is reported", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  scene.fates.push("pass", ...Array<"lose-request">(4).fill("lose-request"));
  const running = scene.member("a").cron("j").run({ slot, record: true }, () => "done");
  await scene.runtime.advance(10_000);
  const result = await running;
  assert(result.outcome === "ran" && result.value === "done");
  assert.deepEqual(scene.happened, ["release-failed"]);
});

Deno.test("slots before one that was run are made up for; what failed in once is not run again", async () => {
  const scene = new Scene();
  const job = scene.member("a").cron("j");
  const slot = scene.runtime.wallNow;
  await job.run({ slot: slot - 4 * MINUTE }, () => {});
  const failing = { slot: slot - 3 * MINUTE, record: true };
  await assert.rejects(job.run(failing, () => Promise.reject(new Error("boom"))), /boom/);
  await job.run({ slot }, () => {});
  const results = await job.catchUp({ slot, every: MINUTE }, () => {});
  assert.deepEqual(results.map((run) => [(slot - run.slot) / MINUTE, run.outcome]), [
    [2, "ran"],
    [1, "ran"],
    [0, "skipped"],
  ]);
});

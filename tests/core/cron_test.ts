import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { InvalidArgument, UnknownOutcome } from "../../mod.ts";
import { settled } from "./fake_runtime.ts";
import { Scene } from "./scene.ts";

Deno.test("a slot runs once however many are triggered, and losers learn who has it", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  const ran: string[] = [];
  const results = await Promise.all(
    ["a", "b", "c", "a"].map((id) =>
      scene.member(id).cron("j").run({ slot }, ({ token }) => {
        ran.push(id);
        return token;
      })
    ),
  );
  assert.deepEqual(ran, ["a"]);
  const [first] = results;
  assert(first?.outcome === "ran" && first.holder === "a" && first.value === first.token);
  for (const other of results.slice(1)) {
    assert.deepEqual(other, {
      outcome: "skipped",
      slot,
      reason: "taken",
      done: false,
      holder: "a",
    });
  }
  assert.equal(scene.sent.length, 4);
});

Deno.test("slots of one job, and one slot of two jobs, are apart", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  const a = scene.member("a");
  for (const [job, at] of [["j", slot], ["j", slot - 1], ["k", slot]] as const) {
    assert.equal((await a.cron(job).run({ slot: at }, () => {})).outcome, "ran");
  }
});

Deno.test("in once a slot that failed stays used, and its error is the caller's", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  const failing = scene.member("a").cron("j").run(
    { slot },
    () => Promise.reject(new Error("boom")),
  );
  await assert.rejects(failing, /boom/);
  await scene.runtime.advance(3_600_000);
  const late = await scene.member("b").cron("j").run({ slot }, () => assert.fail("ran twice"));
  assert.equal(late.outcome, "skipped");
});

Deno.test("in once the run's signal aborts when its ttl is over, and the slot stays used", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  const running = scene.member("a").cron("j").run({ slot, ttl: 5_000 }, async ({ signal }) => {
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    return signal.reason.name;
  });
  await scene.runtime.advance(5_000);
  const result = await running;
  assert(result.outcome === "ran" && result.value === "LeaseLost");
  const again = await scene.member("b").cron("j").run({ slot }, () => assert.fail("ran twice"));
  assert.equal(again.outcome, "skipped");
  assert.equal(scene.runtime.timers, 0);
});

Deno.test("stopping a coordinator does not free the slots it has used", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  const a = scene.member("a");
  await a.start({ heartbeat: true });
  const end = Promise.withResolvers<void>();
  const running = a.cron("j").run({ slot }, () => end.promise);
  await settled();
  await a.stop();
  end.resolve();
  await running;
  const again = await scene.member("b").cron("j").run({ slot }, () => assert.fail("ran twice"));
  assert.equal(again.outcome, "skipped");
});

Deno.test("in retry a crashed run is taken over after its ttl, with a greater token", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  const options = { slot, mode: "retry", ttl: 5_000 } as const;
  scene.fates.push("pass", ...Array<"hang">(50).fill("hang")); // then the process is cut off
  const tokens: number[] = [];
  const crashed = scene.member("a").cron("j").run(options, async ({ token, signal }) => {
    tokens.push(token);
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  });
  await scene.runtime.advance(5_001);
  await crashed;
  scene.fates.length = 0;
  const second = await scene.member("b").cron("j").run(
    options,
    ({ token }) => void tokens.push(token),
  );
  assert.equal(second.outcome, "ran");
  assert((tokens[1] ?? 0) > (tokens[0] ?? 0));
  const third = await scene.member("c").cron("j").run(options, () => assert.fail("ran again"));
  assert.deepEqual(third, { outcome: "skipped", slot, reason: "taken", done: true, holder: "b" });
});

Deno.test("in retry a long run is renewed, and a run that throws frees the slot at once", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  const options = { slot, mode: "retry", ttl: 5_000 } as const;
  const end = Promise.withResolvers<void>();
  const failing = assert.rejects(
    scene.member("a").cron("j").run(options, () => end.promise),
    /boom/,
  );
  await scene.runtime.advance(30_000);
  const during = await scene.member("b").cron("j").run(options, () => assert.fail("ran at once"));
  assert.deepEqual(during, { outcome: "skipped", slot, reason: "taken", done: false, holder: "a" });
  end.reject(new Error("boom"));
  await failing;
  assert.equal((await scene.member("b").cron("j").run(options, () => {})).outcome, "ran");
});

Deno.test("in retry a run that finished stays finished for as long as it is remembered", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  const options = { slot, mode: "retry", ttl: 5_000, retain: 60_000 } as const;
  await scene.member("a").cron("j").run(options, () => {});
  await scene.runtime.advance(59_999);
  assert.equal((await scene.member("b").cron("j").run(options, () => {})).outcome, "skipped");
  await scene.runtime.advance(2);
  await assert.rejects(
    scene.member("b").cron("j").run(options, () => assert.fail("nobody can tell if it has run")),
    InvalidArgument,
  );
});

Deno.test("in retry a stale run that ends late neither marks the slot done nor frees it", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  const options = { slot, mode: "retry", ttl: 5_000 } as const;
  const end = Promise.withResolvers<void>();
  const stale = scene.member("a").cron("j").run(options, () => end.promise);
  await settled();
  scene.runtime.stop(6_000); // paused past its ttl
  const second = Promise.withResolvers<void>();
  const running = scene.member("b").cron("j").run(options, () => second.promise);
  await settled();
  end.resolve();
  await stale;
  const third = await scene.member("c").cron("j").run(options, () => assert.fail("ran beside b"));
  assert.deepEqual(third, { outcome: "skipped", slot, reason: "taken", done: false, holder: "b" });
  second.resolve();
  assert.equal((await running).outcome, "ran");
});

Deno.test("a claim without an answer does not run, and does not use the slot up", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  scene.fates.push("lose-reply", "lose-request", "lose-request", "lose-request");
  const unknown = assert.rejects(
    scene.member("a").cron("j").run({ slot }, () => assert.fail("ran without a claim")),
    UnknownOutcome,
  );
  await scene.runtime.advance(4_000);
  await unknown;
  await Promise.all(scene.runtime.background);
  assert.equal((await scene.member("b").cron("j").run({ slot }, () => {})).outcome, "ran");
});

Deno.test("a claim whose reply is lost once runs once, under one token", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  scene.fates.push("lose-reply");
  const running = scene.member("a").cron("j").run({ slot }, ({ token }) => token);
  await scene.runtime.advance(1_000);
  const result = await running;
  const [found] = await scene.backend.apply([{ op: "inspect", resource: "cron:j" }]);
  assert.equal(result.outcome === "ran" && result.token, found?.leases[0]?.token);
});

Deno.test("a slot that is no instant, or too far from now, is refused before any request", async () => {
  const scene = new Scene();
  const now = scene.runtime.wallNow;
  const day = 86_400_000;
  for (
    const slot of [NaN, Infinity, 1.5, "1" as unknown as number, 0, now - day - 1, now + day + 1]
  ) {
    await assert.rejects(
      scene.member("a").cron("j").run({ slot }, () => {}),
      InvalidArgument,
      `${slot}`,
    );
  }
  for (const bad of [{ ttl: 0 }, { ttl: NaN }, { retain: 0 }, { ttl: 10_000, retain: 5_000 }]) {
    await assert.rejects(
      scene.member("a").cron("j").run({ slot: now, ...bad }, () => {}),
      InvalidArgument,
      JSON.stringify(bad),
    );
  }
  assert.equal(scene.sent.length, 0);
});

Deno.test("a slot whose first trigger was early runs once, for as long as a trigger may be late", async () => {
  const hour = 3_600_000;
  for (const mode of ["once", "retry"] as const) {
    for (const ahead of [hour, 1]) {
      const scene = new Scene();
      const slot = scene.runtime.wallNow + ahead;
      const options = { slot, mode, retain: 2 * hour };
      assert.equal((await scene.member("a").cron("j").run(options, () => {})).outcome, "ran");
      const again = () => scene.member("b").cron("j").run(options, () => assert.fail("ran twice"));
      await scene.runtime.advance(2 * hour - 1);
      assert.equal((await again()).outcome, "skipped");
      // The last moment at which its slot is not too long ago.
      await scene.runtime.advance(ahead);
      assert.equal((await again()).outcome, "skipped");
      await scene.runtime.advance(2);
      await assert.rejects(again(), InvalidArgument);
    }
  }
});

Deno.test("a slot more than an hour ahead is refused, or further than it is remembered; the error says what helps", async () => {
  const scene = new Scene();
  const now = scene.runtime.wallNow;
  const job = scene.member("a").cron("j");
  const hour = 3_600_000;
  for (
    const far of [
      { slot: now + 24 * hour },
      { slot: now + hour + 1 },
      { slot: now + 20_001, retain: 20_000 },
      { slot: now - 7 * 24 * hour },
    ]
  ) {
    await assert.rejects(job.run(far, () => assert.fail("ran")), (error: Error) => {
      assert(error instanceof InvalidArgument);
      const { retain = 24 * hour } = far as { retain?: number };
      const window = `at most ${retain} ago \\(retain\\) and ${Math.min(retain, hour)} ahead`;
      assert.match(error.message, new RegExp(window));
      assert.match(error.message, /longer retain, or give slotAt\(\) an offset/);
      return true;
    });
  }
  assert.equal(scene.sent.length, 0);
  assert.equal((await job.run({ slot: now + hour }, () => {})).outcome, "ran");
});

Deno.test("a slot can be remembered for ever", async () => {
  const scene = new Scene();
  const options = { slot: scene.runtime.wallNow, retain: Infinity };
  await scene.member("a").cron("j").run(options, () => {});
  await scene.runtime.advance(365 * 24 * 3_600_000);
  const late = await scene.member("b").cron("j").run(options, () => assert.fail("ran twice"));
  assert.equal(late.outcome, "skipped");
});

Deno.test("a run is told when its caller's signal aborts, and no longer listens once it has ended", async () => {
  const scene = new Scene();
  const job = scene.member("a").cron("j");
  const slot = scene.runtime.wallNow;
  const stop = new AbortController();
  const told: boolean[] = [];
  const listening = () => getEventListeners(stop.signal, "abort").length;
  for (const mode of ["once", "retry"] as const) {
    await job.run(
      { slot, mode, signal: stop.signal },
      ({ signal }) => void told.push(signal.aborted),
    );
    assert.equal(listening(), 0, mode);
  }
  const running = job.run({ slot: slot + 1, signal: stop.signal }, async ({ signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    told.push(signal.aborted);
    throw signal.reason;
  });
  await settled();
  stop.abort(new Error("the caller stops"));
  await assert.rejects(running, /the caller stops/);
  assert.deepEqual(told, [false, true]);
  // Who has stopped claims nothing any more.
  const sent = scene.sent.length;
  const late = job.run({ slot: slot + 2, signal: stop.signal }, () => assert.fail("ran"));
  await assert.rejects(late, /the caller stops/);
  assert.equal(scene.sent.length, sent);
});

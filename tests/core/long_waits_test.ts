/** Waits that take long: they outlast an outage, say whom they wait for, and never wait for themselves. */

import assert from "node:assert/strict";
import { ConnectionError, LockAcquireFailed } from "../../mod.ts";
import { settled } from "./fake_runtime.ts";
import { Scene } from "./scene.ts";

Deno.test("a waiter with time left outlasts an outage, and has the lock soon after it", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await a.getLock("x").hold({ ttl: 12_000 });
  let granted = false;
  const waiting = b.getLock("x").hold({ timeout: 30_000 }).then(() => granted = true);
  await scene.runtime.advance(1_000);
  scene.fates.push(...Array<"lose-request">(20).fill("lose-request"));
  await scene.runtime.advance(20_000);
  assert.equal(granted, true);
  assert(scene.happened.includes("acquire-failed"));
  await waiting;
});

// The first is as in a Worker, where each invocation may have a coordinator of its own.
for (const answered of [false, true]) {
  const whose = answered ? "without a limit whose backend has ever answered" : "with a limit";
  Deno.test(`so does one ${whose}, even if its first look meets the outage`, async () => {
    const scene = new Scene();
    const [a, b] = [scene.member("a"), scene.member("b")];
    await a.getLock("x").hold({ ttl: 12_000 });
    if (answered) await b.getLock("x").holders();
    let granted = false;
    scene.fates.push(...Array<"lose-request">(20).fill("lose-request"));
    const options = answered ? {} : { timeout: 30_000 };
    const waiting = b.getLock("x").hold(options).then(() => granted = true);
    await scene.runtime.advance(25_000);
    assert.equal(granted, true);
    assert(scene.happened.includes("acquire-failed"));
    await waiting;
  });
}

Deno.test("an outage that outlasts the caller's own timeout is its error, and not a refusal", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await a.getLock("x").hold({ ttl: 60_000 });
  const waiting = assert.rejects(b.getLock("x").hold({ timeout: 30_000 }), {
    code: "unknown-outcome",
  });
  await scene.runtime.advance(1_000);
  scene.fates.push(...Array<"lose-request">(999).fill("lose-request"));
  await scene.runtime.advance(45_000);
  await waiting;
});

Deno.test("a backend that never answered ends a wait without a limit at once: it may be a wrong address", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  scene.fates.push(...Array<"lose-request">(8).fill("lose-request"));
  const waiting = assert.rejects(a.getLock("x").acquire(), { code: "unknown-outcome" });
  await scene.runtime.advance(20_000);
  await waiting;
});

Deno.test("a grant that comes too late ends a wait, unless the wait has seen a refusal: then it goes on", async () => {
  for (const refused of [false, true]) {
    const scene = new Scene();
    const [a, b] = [scene.member("a"), scene.member("b")];
    if (refused) await b.getLock("x").hold();
    else await a.getLock("x").holders();
    const late = { delay: 300 };
    scene.fates.push(...refused ? ["pass", late] as const : [late]);
    const ended = a.getLock("x").hold({ ttl: 1_000 }).then(() => "granted", (error) => error.code);
    await settled();
    await scene.backend.apply([{ op: "release", resource: "lock:x", seat: "" }]);
    while (scene.fates.length > 0) await scene.runtime.advance(1);
    scene.runtime.stop(995); // the process is paused while the answer is on its way
    await scene.runtime.advance(10_000);
    assert.equal(await ended, refused ? "granted" : "timed-out");
    assert.equal(scene.happened.includes("acquire-failed"), refused);
  }
});

Deno.test("a backend that refuses our token from the first request on ends any wait at once", async () => {
  const scene = new Scene();
  const refusal = new ConnectionError("wrong token", { code: "unauthorized", retryable: false });
  const a = scene.over({ ...scene.wire, apply: () => Promise.reject(refusal) }, "a");
  await assert.rejects(a.getLock("x").acquire({ timeout: 30_000 }), refusal);
});

Deno.test("a refused acquisition says who has it, without another request", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  const lease = await a.getLock("x").hold();
  scene.sent.length = 0;
  const { lease: none, holders } = await b.getLock("x").attempt({ timeout: 0 });
  assert.equal(none, null);
  assert.deepEqual(holders, [{ memberId: "a", token: lease.token, left: 10_000 }]);
  assert.equal(scene.sent.length, 1);
  const error = await b.getLock("x").hold({ timeout: 0 }).catch((error) => error);
  assert(error instanceof LockAcquireFailed);
  assert.deepEqual(error.holders, holders);
  assert.equal(scene.sent.length, 2);
});

Deno.test("a wait of some seconds is reported once, with who has it", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await a.getLock("x").hold({ ttl: 60_000 });
  const waiting = b.getLock("x").acquire({ timeout: 20_000 });
  await scene.runtime.advance(4_000);
  const reports = () => scene.events.flatMap((event) => event.type === "waiting" ? [event] : []);
  assert.deepEqual(reports(), []);
  await scene.runtime.advance(20_000);
  assert.equal(await waiting, null);
  assert.deepEqual(
    reports().map((
      { what, holders, ours },
    ) => [what, holders.map(({ memberId }) => memberId), ours]),
    [['Lock "x"', ["a"], false]],
  );
});

Deno.test("with() within with() of the same name is reported at once, and ends with an error", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const outer = a.getLock("x").with(async () => {
    await a.getLock("x").with(() => assert.fail("it is not reentrant"));
  });
  const ended = assert.rejects(outer, (error) => {
    assert(error instanceof LockAcquireFailed);
    assert.match(error.message, /this coordinator itself has held it.*not reentrant/);
    assert.deepEqual(error.holders.map(({ memberId }) => memberId), ["a"]);
    return true;
  });
  await scene.runtime.advance(1_000);
  const [report] = scene.events.filter(({ type }) => type === "waiting");
  assert(report?.type === "waiting" && report.ours, "nothing was said");
  await scene.runtime.advance(40_000);
  await ended;
  assert.deepEqual(await a.getLock("x").holders(), []);
});

Deno.test("requests of one process that take turns wait for each other, however many there are", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  let done = 0;
  const all = Array.from({ length: 20 }, () =>
    a.getLock("x").with(async () => {
      await new Promise<void>((go) => scene.runtime.after(5_000, go));
      done++;
    }));
  await scene.runtime.advance(300_000);
  await Promise.all(all);
  assert.equal(done, 20);
});

Deno.test("lead() goes on through minutes of definite refusals, reports them, and leads when they end", async () => {
  const scene = new Scene();
  const refusals = ["connection", "unauthorized"] as const;
  let refused = 0;
  const wire: typeof scene.wire = {
    ...scene.wire,
    apply(ops, options) {
      if (scene.runtime.monoNow > 200_000) return scene.wire.apply(ops, options);
      const code = refusals[refused++ % 2]!;
      return Promise.reject(new ConnectionError("the database is read-only", { code }));
    },
  };
  const members = ["a", "b"].map((id) => scene.over(wire, id));
  const stop = new AbortController();
  const terms: number[] = [];
  const leading = members.map((member) =>
    member.lead("g", async ({ term, signal }) => {
      terms.push(term);
      await new Promise<void>((go) => signal.addEventListener("abort", () => go()));
    }, { signal: stop.signal })
  );
  await scene.runtime.advance(230_000);
  assert.equal(terms.length, 1);
  assert(scene.happened.filter((type) => type === "campaign-failed").length > 10);
  // The pauses grow, up to five seconds.
  assert(refused < 2 * (10 + 200 / 4), `${refused} campaigns`);
  stop.abort();
  await Promise.all(leading);
});

Deno.test("lead() within the work of lead() of the same group is reported at once, and its signal ends it", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const stop = new AbortController();
  const leading = a.lead(
    "g",
    () => a.lead("g", () => assert.fail("two works"), { signal: stop.signal }),
  );
  await settled();
  const [event, ...others] = scene.events.filter(({ type }) => type === "waiting");
  assert(event?.type === "waiting" && others.length === 0);
  assert.equal(event.ms, 0);
  const { what, ours, holders } = event;
  assert.deepEqual([what, ours, holders.map(({ memberId }) => memberId)], ['lead() of "g"', true, [
    "a",
  ]]);
  stop.abort();
  assert.equal(await leading, undefined);
});

/** An operator frees what a wedged holder keeps renewing: a permit, a leadership, a cron run. */

import assert from "node:assert/strict";
import { settled } from "./fake_runtime.ts";
import { Scene } from "./scene.ts";

const forever = () => new Promise<never>(() => {});

Deno.test("a wedged run of skipIfRunning is freed, reported with its runner, and the next slot runs", async () => {
  const scene = new Scene();
  const [wedged, operator] = [scene.member("wedged"), scene.member("operator")];
  const slot = scene.runtime.wallNow;
  void wedged.cron("j").run({ slot, skipIfRunning: true }, forever);
  await scene.runtime.advance(60_000);
  const job = operator.cron("j");
  const next = { slot: slot + 60_000, skipIfRunning: true };
  assert.equal((await job.run(next, () => {})).outcome, "skipped");
  assert.equal(await job.break(), 1);
  const broken = scene.events.filter(({ type }) => type === "broken");
  assert.deepEqual(broken.map((event) => "memberId" in event && event.memberId), ["wedged"]);
  assert.equal((await job.run(next, () => {})).outcome, "ran");
  // The slot itself stays used.
  assert.equal((await job.run({ slot }, () => {})).outcome, "skipped");
  assert.equal(await job.break({ slot }), 1);
  assert.equal((await job.run({ slot }, () => {})).outcome, "ran");
  assert.equal(await operator.cron("other").break({ slot }), 0);
});

Deno.test("a finished slot of retry can be freed as well", async () => {
  const scene = new Scene();
  const job = scene.member("a").cron("j");
  const run = { slot: scene.runtime.wallNow, mode: "retry" } as const;
  await job.run(run, () => {});
  assert.equal((await job.run(run, () => {})).outcome, "skipped");
  assert.equal(await job.break({ slot: run.slot }), 1);
  assert.equal((await job.run(run, () => {})).outcome, "ran");
});

Deno.test("a wedged holder's permits are freed by its name, and nobody else's", async () => {
  const scene = new Scene();
  const [wedged, well, operator] = ["wedged", "well", "operator"].map((id) => scene.member(id));
  const lost = [
    await wedged!.getSemaphore("s", 3).hold(),
    await wedged!.getSemaphore("s", 3).hold(),
  ];
  const kept = await well!.getSemaphore("s", 3).hold();
  assert.equal(await operator!.getSemaphore("s", 3).break("wedged"), 2);
  assert.deepEqual(await Promise.all(lost.map((lease) => lease.renew())), [false, false]);
  assert.equal(await kept.renew(), true);
  assert.equal(await operator!.getSemaphore("s", 3).break(), 1);
  assert.deepEqual(await operator!.getSemaphore("s", 3).holders(), []);
});

Deno.test("a wedged leader is deposed, learns it at its next renewal, and a candidate leads at once", async () => {
  const scene = new Scene();
  const [wedged, operator] = [scene.member("wedged"), scene.member("operator")];
  let lost = false;
  void wedged.lead("g", async ({ signal }) => {
    signal.addEventListener("abort", () => lost = true);
    await forever();
  });
  await scene.runtime.advance(60_000);
  assert.equal(await operator.election("g").break(), true);
  assert.equal(await operator.election("g").break(), false);
  const leadership = await operator.election("g").campaign();
  assert(leadership);
  await scene.runtime.advance(4_000);
  assert.equal(lost, true);
});

Deno.test("a break that is sent twice never frees the successor", async () => {
  const scene = new Scene();
  const [a, b, operator] = ["a", "b", "operator"].map((id) => scene.member(id));
  await a!.election("g").campaign();
  scene.fates.push("pass", "lose-reply");
  const breaking = operator!.election("g").break();
  await settled();
  // The release is done, its reply is lost, and b wins before it is sent again.
  assert(await b!.election("g").campaign());
  await scene.runtime.advance(1_000);
  await breaking;
  assert.equal((await operator!.getLeader("g"))?.memberId, "b");
});

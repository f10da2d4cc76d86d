import assert from "node:assert/strict";
import { Cron as Croner } from "croner";
import { type Every, InvalidArgument } from "../../mod.ts";
import { brief } from "../../coordination/cron_records.ts";
import { Scene } from "./scene.ts";

const HOUR = 3_600_000;

Deno.test("history tells slot, runner, token, begin, end and outcome, the latest first", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  const [a, b] = [scene.member("a").cron("j"), scene.member("b").cron("j")];
  const lasts = (ms: number) => () => scene.runtime.advance(ms);
  const one = await a.run({ slot, record: true }, lasts(500));
  await assert.rejects(
    b.run({ slot: slot + 1, mode: "retry" }, () => {
      throw new TypeError("no such invoice, token=hunter2");
    }),
  );
  const two = await a.run({ slot: slot + 1, mode: "retry" }, lasts(250));
  const three = await b.run({ slot: slot + 2 }, lasts(100));
  assert(one.outcome === "ran" && two.outcome === "ran" && three.outcome === "ran");
  const runs = await scene.member("c").cron("j").history();
  const [last, good, bad, first] = runs;
  assert.equal(runs.length, 4);
  assert.deepEqual(first, {
    slot,
    holder: "a",
    token: one.token,
    started: slot,
    ended: slot + 500,
    outcome: "ran",
  });
  assert.equal(bad?.outcome, "failed");
  assert.equal(bad.holder, "b");
  assert.equal(bad.error, "TypeError: no such invoice, token=…");
  assert.deepEqual([good?.outcome, good?.holder, good?.token], ["ran", "a", two.token]);
  assert(good && good.token > bad.token);
  // Nobody was asked to record that one's end.
  assert.deepEqual([last?.outcome, last?.ended, last?.token], ["started", null, three.token]);
  assert.deepEqual(await scene.member("c").cron("j").history(2), runs.slice(0, 2));
});

Deno.test("a run's record costs one request in once, and none more in retry", async () => {
  const scene = new Scene();
  const job = scene.member("a").cron("j");
  const slot = scene.runtime.wallNow;
  const counts = [];
  for (const options of [{}, { record: true }, { mode: "retry" as const }]) {
    const before = scene.sent.length;
    await job.run({ slot: slot + counts.length, ...options }, () => {});
    counts.push(scene.sent.length - before);
  }
  assert.deepEqual(counts, [1, 2, 2]);
});

Deno.test("what a run threw is told without what looks like a secret, and not at length", () => {
  const told = [
    [new Error("GET https://u:pw@db/x failed"), "Error: GET https://…@db/x failed"],
    [new Error("Authorization: Bearer abc.def"), "Error: Authorization: Bearer …"],
    [new Error('{"password":"hunter2"}'), 'Error: {"password":"…'],
    [new Error(`id ${"a1".repeat(20)} unknown`), "Error: id … unknown"],
    ["plain", "plain"],
  ] as const;
  for (const [error, text] of told) assert.equal(brief(error), text);
  assert.equal(brief(new Error("so long ".repeat(100))).length, 200);
});

Deno.test("missed slots run oldest first before the one that is due, each once", async () => {
  const scene = new Scene();
  const start = scene.runtime.wallNow;
  const [a, b] = [scene.member("a").cron("j"), scene.member("b").cron("j")];
  const ran: number[] = [];
  const work = ({ slot }: { slot: number }) => void ran.push((slot - start) / HOUR);
  const due = (slot: number) => ({ slot: start + slot * HOUR, every: HOUR });
  // Nothing is remembered, so nothing was missed.
  await a.catchUp(due(0), work);
  assert.deepEqual(ran.splice(0), [0]);
  await scene.runtime.advance(4 * HOUR);
  const both = await Promise.all([a.catchUp(due(4), work), b.catchUp(due(4), work)]);
  assert.deepEqual(ran.splice(0).sort(), [1, 2, 3, 4]);
  assert.equal(both.flat().filter(({ outcome }) => outcome === "ran").length, 4);
  await scene.runtime.advance(4 * HOUR);
  await a.catchUp({ ...due(8), missed: "last" }, work);
  assert.deepEqual(ran.splice(0), [7, 8]);
  await scene.runtime.advance(5 * HOUR);
  await a.catchUp({ ...due(13), limit: 2 }, work);
  assert.deepEqual(ran.splice(0), [11, 12, 13]);
});

Deno.test("slots that are no longer remembered are not made up for", async () => {
  const scene = new Scene();
  const start = scene.runtime.wallNow;
  const job = scene.member("a").cron("j");
  const retain = 3 * HOUR;
  await job.run({ slot: start, retain: 24 * HOUR }, () => {});
  await scene.runtime.advance(10 * HOUR);
  const results = await job.catchUp({ slot: start + 10 * HOUR, every: HOUR, retain }, () => {});
  assert.deepEqual(results.map(({ slot }) => (slot - start) / HOUR), [7, 8, 9, 10]);
});

Deno.test("a schedule in a time zone is followed over both changes of the clocks", async () => {
  // 02:30 in Berlin is twice on 25 October 2026 and not at all on 28 March 2027.
  const daily = new Croner("30 2 * * *", { timezone: "Europe/Berlin", paused: true });
  const next: Every = (slot) => daily.nextRun(new Date(slot))?.getTime() ?? NaN;
  for (const [from, days] of [["2026-10-24T00:30:00Z", 3], ["2027-03-26T01:30:00Z", 3]] as const) {
    const scene = new Scene();
    const first = Date.parse(from);
    await scene.runtime.advance(first - scene.runtime.wallNow);
    const job = scene.member("a").cron("j");
    const ran: string[] = [];
    const work = ({ slot }: { slot: number }) => void ran.push(new Date(slot).toISOString());
    const retain = 10 * 24 * HOUR;
    await job.catchUp({ slot: first, every: next, retain }, work);
    let slot = first;
    for (let day = 0; day < days; day++) slot = next(slot);
    await scene.runtime.advance(slot - first);
    await job.catchUp({ slot, every: next, retain }, work);
    assert.equal(ran.length, days + 1);
    assert.deepEqual(ran, [...new Set(ran)].sort(), "a slot came twice, or out of order");
  }
});

Deno.test("a schedule that stands still, or is finer than a second, is refused", async () => {
  const scene = new Scene();
  const job = scene.member("a").cron("j");
  const slot = scene.runtime.wallNow;
  await job.run({ slot: slot - HOUR }, () => {});
  for (const every of [0, NaN, 999, -HOUR, (at: number) => at, () => NaN] as Every[]) {
    const refused = job.catchUp({ slot, every }, () => assert.fail("ran"));
    await assert.rejects(refused, InvalidArgument);
  }
  await assert.rejects(job.catchUp({ slot, every: HOUR, limit: -1 }, () => {}), InvalidArgument);
});

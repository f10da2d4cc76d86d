/**
 * The simulator's own parts: a clock that does not stop when it should proves nothing.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire, Op } from "../../drivers/driver.ts";
import { BEGIN, Clock, type ClockKind } from "./clock.ts";
import { Dice } from "./dice.ts";
import { type Fault, Faults } from "./faults.ts";
import { Host } from "./host.ts";
import { Schedule } from "./schedule.ts";
import { Server } from "./server.ts";
import { Wire } from "./wire.ts";

const TRUE: ClockKind = { rate: 1, offset: 0, frozen: false, stopsAsleep: false };

function host(kind: Partial<ClockKind> = {}): { host: Host; schedule: Schedule } {
  const schedule = new Schedule();
  return { host: new Host("h.1", schedule, new Dice(1), { ...TRUE, ...kind }), schedule };
}

function acquire(id: string, ttl = 1_000): Acquire {
  return { op: "acquire", resource: "r", seat: "", id, ttl, value: "" };
}

Deno.test("things happen in order of time, then of asking, with all they set going", async () => {
  const schedule = new Schedule();
  const order: string[] = [];
  const note = (what: string) => async () => {
    order.push(`${what} ${schedule.now}`);
    await Promise.resolve();
    order.push(`${what} after`);
  };
  schedule.at(20, note("c"));
  schedule.at(10, note("a"));
  schedule.at(10, note("b"));
  const cancel = schedule.at(15, note("never"));
  cancel();
  schedule.at(30, note("later"));
  await schedule.until(25);
  assert.deepEqual(order, ["a 10", "a after", "b 10", "b after", "c 20", "c after"]);
  assert.equal(schedule.now, 25);
});

Deno.test("a thousand things at random times happen in order", async () => {
  const schedule = new Schedule();
  const random = new Dice(7).of("times");
  const times: number[] = [];
  for (let n = 0; n < 1_000; n++) schedule.at(random() * 500, () => times.push(schedule.now));
  await schedule.until(500);
  assert.equal(times.length, 1_000);
  assert.deepEqual(times, times.toSorted((a, b) => a - b));
});

Deno.test("clocks run fast, jump, stand still and fall asleep as they are told to", () => {
  let now = 0;
  const clock = (kind: Partial<ClockKind>) => new Clock(() => now, { ...TRUE, ...kind });
  const [fast, frozen, sleepy] = [
    clock({ rate: 1.5 }),
    clock({ frozen: true }),
    clock({ stopsAsleep: true }),
  ];
  const start = sleepy.mono();
  sleepy.sleeps(true);
  now = 100;
  sleepy.sleeps(false);
  assert.equal(fast.wall(), BEGIN + 150);
  fast.step(-40);
  assert.equal(fast.wall(), BEGIN + 110);
  assert.equal(fast.mono(), 5_150);
  assert.equal(sleepy.mono(), start);
  assert.equal(sleepy.wall(), BEGIN + 100);
  assert.equal(frozen.wall(), BEGIN);
  assert.equal(frozen.thawed(() => frozen.wall()), BEGIN + 100);
  frozen.touch();
  assert.deepEqual([frozen.wall(), frozen.mono()], [BEGIN + 100, BEGIN + 100]);
});

Deno.test("a stopped process fires its timers when it goes on, a killed one never", async () => {
  const { host: stopped, schedule } = host();
  const fired: number[] = [];
  stopped.after(10, () => fired.push(schedule.now));
  const cancel = stopped.after(20, () => fired.push(-1));
  stopped.stop(100);
  await schedule.until(50);
  assert.deepEqual([fired, stopped.runs, stopped.timers], [[], false, 2]);
  cancel();
  await schedule.until(200);
  assert.deepEqual([fired, stopped.since, stopped.timers], [[100], 100, 0]);
  stopped.after(10, () => fired.push(-2));
  stopped.kill();
  stopped.deliver(() => fired.push(-3));
  await schedule.until(300);
  assert.deepEqual([fired, stopped.alive, stopped.timers], [[100], false, 0]);
});

Deno.test("a timer waits while its machine's clock stops", async () => {
  const { host: sleepy, schedule } = host({ stopsAsleep: true });
  let fired = 0;
  sleepy.after(100, () => fired = schedule.now);
  await schedule.until(40);
  sleepy.stop(1_000, true);
  await schedule.until(2_000);
  assert.ok(fired >= 1_099 && fired < 1_110, `${fired}`);
});

Deno.test("whoever computes goes on first, without a look at the clock", async () => {
  const { host: busy, schedule } = host({ frozen: true });
  const order: string[] = [];
  busy.after(10, () => order.push(`timer ${busy.wall() - BEGIN}`));
  void busy.compute(50).then(() => order.push(`computed ${busy.wall() - BEGIN}`));
  await schedule.until(100);
  assert.deepEqual(order, ["computed 0", "timer 50"]);
});

Deno.test("the backend forgets what it was told last, and knows the rest", async () => {
  const schedule = new Schedule();
  const server = new Server(schedule, 1, () => {});
  await server.apply([acquire("early", 100_000)], "h.1");
  await schedule.until(500);
  await server.apply([{ ...acquire("late", 100_000), seat: "2" }], "h.1");
  assert.deepEqual(server.rows.map(({ id }) => id), ["early", "late"]);
  await server.lose(100);
  assert.deepEqual(server.rows.map(({ id }) => id), ["early"]);
  const [outcome] = await server.apply([{ op: "inspect", resource: "r" }], "h.1");
  assert.deepEqual(outcome?.leases.map(({ id, left }) => [id, left]), [["early", 99_500]]);
});

Deno.test("a replica that lags tells what was, and decides nothing", async () => {
  const schedule = new Schedule();
  const server = new Server(schedule, 1, () => {});
  await schedule.until(1_000);
  server.lag = 200;
  const look: Op = { op: "inspect", resource: "r" };
  const [grant, stale] = await server.apply([acquire("id"), look], "h.1");
  assert.deepEqual([grant?.ok, stale?.leases], [true, []]);
  const [refusal] = await server.apply([acquire("other")], "h.1");
  assert.equal(refusal?.ok, false);
  await schedule.until(1_300);
  const [seen] = await server.apply([look], "h.1");
  assert.deepEqual(seen?.leases.map(({ id }) => id), ["id"]);
});

/** What one request comes to when a fault strikes for sure. */
async function under(fault: Fault): Promise<{ came: string; done: number }> {
  const { host: sender, schedule } = host();
  const dice = new Dice(2);
  let done = 0;
  const server = new Server(schedule, 1, ({ ops }) => void (done += ops.length));
  const wire = new Wire(sender, {
    schedule,
    dice,
    server,
    faults: new Faults(dice, new Map([[fault, 1]]), () => {}),
    longest: 3_000,
    count: () => {},
  });
  let came = "nothing";
  const started = schedule.now;
  void wire.driver.apply([acquire("id", 60_000), { ...acquire("id2", 60_000), seat: "2" }]).then(
    () => came = schedule.now - started < 300 ? "answer" : "late answer",
    (error: Error) => came = error.name,
  );
  await schedule.until(10_000);
  return { came, done };
}

Deno.test("each fault does to a request what it says", async () => {
  assert.match((await under("request lost")).came, /nothing|UnknownOutcome/);
  assert.equal((await under("request lost")).done, 0);
  assert.deepEqual(await under("request refused"), { came: "ConnectionError", done: 0 });
  assert.deepEqual(await under("request late"), { came: "late answer", done: 2 });
  assert.deepEqual(await under("request twice"), { came: "answer", done: 4 });
  assert.deepEqual(await under("odd answer, nothing done"), { came: "UnknownOutcome", done: 0 });
  assert.deepEqual(await under("odd answer, done"), { came: "UnknownOutcome", done: 2 });
  assert.match((await under("reply lost")).came, /nothing|UnknownOutcome/);
  assert.equal((await under("reply lost")).done, 2);
  assert.deepEqual(await under("reply late"), { came: "late answer", done: 2 });
  assert.deepEqual(await under("no answer"), { came: "nothing", done: 0 });
  assert.deepEqual(await under("batch in pieces"), { came: "answer", done: 2 });
  const cut = await under("batch cut");
  assert.equal(cut.came, "UnknownOutcome");
  assert.ok(cut.done < 2);
});

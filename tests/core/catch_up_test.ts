/**
 * catchUp() where slots fail: public reports of a poisoned slot that starved those after it. And how far
 * it and history() read back.
 *
 * @module
 */

import assert from "node:assert/strict";
import { doneSeat, failedSeat, written } from "../../coordination/cron/records.ts";
import { Scene } from "./scene.ts";

const MINUTE = 60_000;
const HOUR = 3_600_000;

for (const mode of ["once", "retry"] as const) {
  Deno.test(`in ${mode} a slot that always fails keeps none from running, and its error comes at the end`, async () => {
    const scene = new Scene();
    const start = scene.runtime.wallNow;
    const job = scene.member("a").cron("j");
    const at = (hours: number): number => start + hours * HOUR;
    await job.run({ slot: at(0), mode }, () => {});
    const ran: string[] = [];
    const work = ({ slot }: { slot: number }): void => {
      const hours = (slot - start) / HOUR;
      if (hours !== 2) return void ran.push(`${hours}`);
      ran.push("2!");
      throw new TypeError("poisoned");
    };
    const expected = mode === "once" ? ["1 2! 3 4", "5", "6"] : ["1 2! 3 4", "2! 5", "2! 6"];
    await scene.runtime.advance(4 * HOUR);
    for (const [n, each] of expected.entries()) {
      const caught = job.catchUp({ slot: at(4 + n), every: HOUR, mode }, work);
      if (each.includes("!")) await assert.rejects(caught, /poisoned/);
      else await caught;
      assert.equal(ran.splice(0).join(" "), each);
      await scene.runtime.advance(HOUR);
    }
  });
}

Deno.test("many slots that always fail keep the one that is due from nothing, whatever their number", async () => {
  const scene = new Scene();
  const start = scene.runtime.wallNow;
  const job = scene.member("a").cron("j");
  const mode = "retry";
  const fail = () => Promise.reject(new Error("poisoned"));
  for (let n = 0; n < 150; n++) {
    await assert.rejects(job.run({ slot: start + n * 60_000, mode }, fail));
    await scene.runtime.advance(60_000);
  }
  const due = start + 150 * 60_000;
  const ran: number[] = [];
  const caught = job.catchUp({ slot: due, every: 60_000, mode }, ({ slot }) => {
    ran.push((slot - start) / 60_000);
    if (slot < due) throw new Error("poisoned");
  });
  await assert.rejects(caught, /poisoned/);
  // The latest hundred of those that failed, which is the default limit, and the one that is due.
  assert.deepEqual(ran, Array.from({ length: 101 }, (_, n) => 50 + n));
});

Deno.test("where several slots fail, the error is that of the first, after all have had their turn", async () => {
  for (const mode of ["once", "retry"] as const) {
    const scene = new Scene();
    const start = scene.runtime.wallNow;
    const job = scene.member("a").cron("j");
    await job.run({ slot: start, mode }, () => {});
    await scene.runtime.advance(4 * HOUR);
    const ran: number[] = [];
    const caught = job.catchUp({ slot: start + 4 * HOUR, every: HOUR, mode }, ({ slot }) => {
      const hours = (slot - start) / HOUR;
      ran.push(hours);
      if (hours > 1) throw new Error(`slot ${hours}`);
    });
    await assert.rejects(caught, { message: "slot 2" });
    assert.deepEqual(ran, [1, 2, 3, 4]);
  }
});

Deno.test("a schedule is asked for no slot after the one that is due: that may be its last", async () => {
  const scene = new Scene();
  const start = scene.runtime.wallNow;
  const due = start + 3 * HOUR;
  const every = (instant: number): number => {
    assert(instant < due, "nothing follows the last slot");
    return start + (Math.floor((instant - start) / HOUR) + 1) * HOUR;
  };
  for (const mode of ["once", "retry"] as const) {
    await scene.member("a").cron(mode).run({ slot: start, mode }, () => {});
  }
  await scene.runtime.advance(3 * HOUR);
  for (const mode of ["once", "retry"] as const) {
    for (const [name, expected] of [[mode, [1, 2, 3]], [`new ${mode}`, [3]]] as const) {
      const ran: number[] = [];
      await scene.member("a").cron(name).catchUp({ slot: due, every, mode }, ({ slot }) => {
        ran.push((slot - start) / HOUR);
      });
      assert.deepEqual(ran, expected, name);
    }
  }
});

/** A scene in which the slots of these minutes from `start` on have run, and it is as late as the last. */
async function afterRuns(minutes: readonly number[], failed: readonly number[] = []) {
  const scene = new Scene();
  const start = scene.runtime.wallNow;
  await scene.backend.apply(minutes.map((minute) => {
    const fails = failed.includes(minute);
    const slot = start + minute * MINUTE;
    const seat = fails ? failedSeat(slot, 1) : failed.length > 0 ? doneSeat(slot) : `${slot}`;
    const outcome = fails ? "failed" : "ran";
    const value = written({ holder: "b", started: slot, ended: slot, outcome });
    return { op: "acquire", resource: "cron:j", seat, id: seat, ttl: Infinity, value } as const;
  }));
  await scene.runtime.advance(minutes.at(-1)! * MINUTE);
  return { scene, start };
}

Deno.test("it reads on until it has seen a slot before the one that is due, which may have run itself", async () => {
  // The first page of a hundred ends in the slot before it, of which the next may have more.
  const later = Array.from({ length: 99 }, (_, n) => n);
  const { scene, start } = await afterRuns([-4, -3, ...later]);
  const ran: number[] = [];
  await scene.member("a").cron("j").catchUp({ slot: start, every: MINUTE }, ({ slot }) => {
    ran.push((slot - start) / MINUTE);
  });
  assert.deepEqual(ran, [-2, -1]);
});

Deno.test("in retry it reads no further back when as many slots have failed as may run", async () => {
  const minutes = Array.from({ length: 1_500 }, (_, n) => n);
  const { scene, start } = await afterRuns(minutes, [100, 1_400]);
  const job = scene.member("a").cron("j");
  for (const [limit, pages, expected] of [[1, 1, [1_400, 1_500]], [2, 2, [100]]] as const) {
    scene.sent.length = 0;
    const ran: number[] = [];
    await job.catchUp({
      ...{ slot: start + 1_500 * MINUTE, every: MINUTE, mode: "retry", limit },
      retain: 48 * HOUR,
    }, ({ slot }) => void ran.push((slot - start) / MINUTE));
    assert.deepEqual(ran, expected);
    assert.equal(scene.sent.flat().filter(({ op }) => op === "inspect").length, pages);
  }
});

Deno.test("history reads as many as it is asked for in one call, and a thousand at most", async () => {
  const { scene, start } = await afterRuns(Array.from({ length: 1_500 }, (_, n) => n));
  const job = scene.member("a").cron("j");
  for (const [count, calls] of [[20, 1], [300, 1], [900, 1], [1_200, 2]] as const) {
    scene.sent.length = 0;
    const runs = await job.history(count);
    assert.deepEqual([runs.length, scene.sent.length], [count, calls]);
    assert.equal(runs.at(-1)?.slot, start + (1_500 - count) * MINUTE);
  }
});

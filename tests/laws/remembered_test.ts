/**
 * A job of which thousands of slots are remembered: what `history()` and `catchUp()` read of it, in how
 * many rows at a time. Rows and requests are counted; nothing goes by time.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Coordinator } from "../../mod.ts";
import type { Acquire, Driver } from "../../drivers/driver.ts";
import { BACKENDS } from "../backends/mod.ts";
import { SIZES } from "../tools/size_of_proofs.ts";

const MINUTE = 60_000;
/** More than two pages, wherever a backend has room for them. */
const SLOTS = SIZES.rememberedSlots;
/** No answer may have more rows, however much is remembered. */
const MOST_ROWS = 1_000;
/** Fewer would not be more than a page. */
const FEWEST = 1_200;
/** The slot that is due. */
const DUE = Math.floor(Date.now() / MINUTE) * MINUTE;
/** Those that are remembered, of so many, are all but the last three before the one that is due. */
const slotsOf = (slots: number) => (n: number): number => DUE - (slots + 3 - n) * MINUTE;
const RETAIN = 20 * 24 * 60 * MINUTE;

/** What a run has left on a seat. */
function remembered(slot: number, outcome: "ran" | "failed", end = ""): Acquire {
  const started = slot + 5;
  const note = { holder: "somebody", started, ended: started + 9, outcome };
  return {
    op: "acquire",
    resource: "cron:j",
    seat: `${slot}${end}`,
    id: crypto.randomUUID(),
    ttl: 6_000_000,
    value: JSON.stringify(note),
  };
}

async function takeAll(driver: Driver, ops: readonly Acquire[]): Promise<void> {
  const parts = Array.from({ length: Math.ceil(ops.length / 100) }, (_, n) => n * 100);
  // Some at once, because MySQL has a request for each operation.
  const lane = async (): Promise<void> => {
    for (let at = parts.pop(); at !== undefined; at = parts.pop()) {
      const outcomes = await driver.apply(ops.slice(at, at + 100));
      assert(outcomes.every(({ ok }) => ok));
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}

/** A driver of which each answer's rows are counted, and what they were counted for. */
function counted(driver: Driver): { driver: Driver; rows: number[] } {
  const rows: number[] = [];
  const apply: Driver["apply"] = async (ops, options) => {
    const outcomes = await driver.apply(ops, options);
    const looks = outcomes.filter((_, n) => ops[n]?.op === "inspect" || ops[n]?.op === "list");
    if (looks.length > 0) rows.push(looks.reduce((sum, { leases }) => sum + leases.length, 0));
    return outcomes;
  };
  return { driver: { ...driver, apply }, rows };
}

for (
  const { name, holds = SLOTS, start } of BACKENDS.filter(({ holds = SLOTS }) => holds >= FEWEST)
) {
  const slots = Math.min(SLOTS, holds);
  Deno.test(`${name}: of ${slots} remembered slots no answer has more than 1,000 rows, and the latest run takes one`, async (t) => {
    const backend = await start();
    try {
      const direct = await backend.connect();
      const slotOf = slotsOf(slots);
      await takeAll(direct, Array.from({ length: slots }, (_, n) => remembered(slotOf(n), "ran")));
      // Other jobs, whose names begin alike, and the job's own seats.
      const first = { ...remembered(slotOf(0), "ran"), resource: "cron:j2", seat: `${DUE - 1}` };
      const running = { ...remembered(slotOf(0), "ran"), seat: "running" };
      await takeAll(direct, [first, running]);

      const { driver, rows } = counted(await backend.connect());
      const baton = new Coordinator(driver, { memberId: "me" });
      const job = baton.cron("j");
      const took = async <T>(
        what: string,
        requests: number,
        work: () => Promise<T>,
      ): Promise<T> => {
        rows.length = 0;
        const result = await work();
        await t.step(`${what}: ${requests} looks at most`, () => {
          assert(rows.length <= requests, `${rows.length} looks`);
          assert(Math.max(...rows) <= MOST_ROWS, `${rows}`);
        });
        return result;
      };

      const latest = await took("the latest runs", 1, () => job.history(20));
      const expected = Array.from({ length: slots }, (_, n) => slotOf(slots - 1 - n));
      assert.deepEqual(latest.map(({ slot }) => slot), expected.slice(0, 20));
      assert.deepEqual(latest[0]?.outcome, "ran");
      // Each page ends within a slot, which is read again.
      const all = await took("all runs", 12, () => job.history(slots + 1));
      assert.deepEqual(all.map(({ slot }) => slot), expected);

      const options = { slot: DUE, every: MINUTE, retain: RETAIN };
      const ran: number[] = [];
      const run = ({ slot }: { slot: number }) => void ran.push((slot - DUE) / MINUTE);
      await took("what was missed", 2, () => job.catchUp(options, run));
      assert.deepEqual(ran.splice(0), [-3, -2, -1, 0]);
      await took("nothing was missed", 1, () => job.catchUp(options, run));
      const anySchedule = { ...options, every: (at: number) => at + MINUTE };
      await took("nothing was missed of any schedule", 1, () => job.catchUp(anySchedule, run));

      // Beside their claims, which ended in time or not: one that failed once, and one that did twice and then ran.
      await takeAll(direct, [
        remembered(slotOf(5), "failed", "/1"),
        remembered(slotOf(9), "failed", "/1"),
        remembered(slotOf(9), "failed", "/2"),
      ]);
      await direct.apply([{ op: "release", resource: "cron:j", seat: `${slotOf(5)}` }]);
      const retry = { ...options, mode: "retry", limit: 3 } as const;
      await took("what failed, too", 12, () => job.catchUp(retry, run));
      assert.deepEqual(ran.splice(0), [(slotOf(5) - DUE) / MINUTE]);
    } finally {
      await backend.stop();
    }
  });

  Deno.test(`${name}: runs that end between two pages of the history are in it once, and so are all others`, async () => {
    const backend = await start();
    try {
      const direct = await backend.connect();
      const lasting = FEWEST;
      const slotOf = slotsOf(SLOTS);
      await takeAll(
        direct,
        Array.from({ length: lasting }, (_, n) => remembered(slotOf(n), "ran")),
      );
      const other = new Coordinator(await backend.connect(), { memberId: "other" });
      const driver = await backend.connect();
      let pages = 0;
      // Between two pages, the run on the seat where the first one ended is over, and another one begins.
      const apply: Driver["apply"] = async (ops, options) => {
        const outcomes = await driver.apply(ops, options);
        const [outcome] = outcomes;
        if (ops[0]?.op !== "inspect" || outcome?.after === undefined) return outcomes;
        pages++;
        for (const end of ends.splice(0)) await end(parseInt(outcome.after));
        return outcomes;
      };
      const ends: ((slot: number) => Promise<void>)[] = [];
      const job = new Coordinator({ ...driver, apply }, { memberId: "me" }).cron("j");
      const [one] = await job.history(1);
      assert.equal(one?.slot, slotOf(lasting - 1));

      for (let turn = 0; turn < 3; turn++) {
        let ended = NaN;
        ends.push(async (slot) => {
          // What was remembered of the slot is over, as its run is: its record is on another seat.
          ended = slot;
          await direct.apply([{ op: "release", resource: "cron:j", seat: `${slot}` }]);
          await other.cron("j").run({ slot, mode: "retry", retain: RETAIN }, () => {});
        });
        const before = pages;
        const runs = await job.history(lasting);
        assert(pages > before && !Number.isNaN(ended));
        const slots = runs.map(({ slot }) => slot);
        const expected = Array.from({ length: lasting }, (_, n) => slotOf(lasting - 1 - n));
        assert.deepEqual(slots, expected);
        assert.equal(runs.find(({ slot }) => slot === ended)?.holder, "other");
      }
    } finally {
      await backend.stop();
    }
  });
}

/** How the runs of a job are read in pages of any size, while runs end between two of them. */

import assert from "node:assert/strict";
import { rememberedRuns } from "../../coordination/cron/remembered.ts";
import { failedSeat, written } from "../../coordination/cron/records.ts";
import { sessionOf } from "../../coordination/member.ts";
import type { Acquire, Driver } from "../../drivers/driver.ts";
import { Scene } from "./scene.ts";

const JOB = "cron:j";
const SLOT = 1_800_000_000_000;

/** What a run left on a seat. */
function record(seat: string, holder: string): Acquire {
  const value = written({ holder, started: SLOT, ended: SLOT, outcome: "failed" });
  return { op: "acquire", resource: JOB, seat, id: seat, ttl: 60_000, value };
}

Deno.test("a run that ends between two pages of any size is read once, and so are all others", async () => {
  for (const page of [2, 3, 4, 5]) {
    const scene = new Scene();
    const { backend } = scene;
    // The run on the first seat of the earlier slot goes on, beside one that failed before it.
    await backend.apply([
      record(`${SLOT + 1}`, "next"),
      record(failedSeat(SLOT, 1), "failed"),
      record(`${SLOT}`, "goes on"),
      record(`${SLOT - 1}`, "earlier"),
    ]);
    let pages = 0;
    const apply: Driver["apply"] = async (ops, options) => {
      const outcomes = await scene.wire.apply(ops, options);
      // It ends: its seat is free, and its record is in front of the other's.
      if (pages++ === 0) {
        await backend.apply([
          { op: "release", resource: JOB, seat: `${SLOT}` },
          record(failedSeat(SLOT, 2), "went on"),
        ]);
      }
      return outcomes;
    };
    const session = sessionOf({ ...scene.wire, apply }, { runtime: scene.runtime });
    const runs = await rememberedRuns(session, JOB, { page, enough: () => false });
    // A page that goes beyond a slot has seen it whole. The others see it again, as it is by then.
    const goesOn = page >= 4 ? "goes on" : "went on";
    assert.deepEqual(
      runs.map(({ holder }) => holder).sort(),
      ["earlier", "failed", goesOn, "next"].sort(),
      `in pages of ${page}`,
    );
    assert.deepEqual(runs.map(({ slot }) => slot - SLOT), [1, 0, 0, -1], `in pages of ${page}`);
  }
});

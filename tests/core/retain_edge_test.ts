/**
 * A slot at the edge of `retain`: a trigger that is not refused as too late finds what was remembered,
 * whatever the clocks do within their bounds.
 */

import assert from "node:assert/strict";
import { Coordinator } from "../../mod.ts";
import type { Driver } from "../../drivers/driver.ts";
import { memory } from "../../drivers/memory.ts";
import { FakeRuntime } from "./fake_runtime.ts";
import { Scene } from "./scene.ts";

const HOUR = 3_600_000;

/** How the backend and the second caller differ from the first. */
interface Differences {
  /** How much faster the backend's clock runs. */
  readonly rate: number;
  /** How far the second caller's wall clock is ahead, in ms. */
  readonly apart: number;
  /** How far the backend's clock has jumped since the first call, in ms. Default: 0. */
  readonly step?: number;
  /** How long the second caller's claims are on their way, in ms. Default: 0. */
  readonly way?: number;
}

/** A backend and two callers that differ so. */
function place({ rate, apart, step = 0, way = 0 }: Differences) {
  const runtime = new FakeRuntime();
  const began = runtime.monoNow;
  const now = () => {
    const passed = runtime.monoNow - began;
    return 1_800_000_000_000 + passed * (1 + rate) + (passed > 0 ? step : 0);
  };
  const driver = { ...memory({ now }), name: "server" };
  const guarantees = { ...driver.guarantees, clock: "server" as const };
  const far = Object.assign(Object.create(runtime), { wall: () => runtime.wallNow + apart });
  const caller = (memberId: string, clocks: FakeRuntime, way: number) => {
    const apply: Driver["apply"] = async (ops, options) => {
      runtime.stop(way);
      return await driver.apply(ops, options);
    };
    return new Coordinator({ ...driver, guarantees, apply }, { memberId, runtime: clocks });
  };
  return { runtime, a: caller("a", runtime, 0), b: caller("b", far, way) };
}

/** How clocks may differ: a rate of 1 %, a step of 500 ms, and a minute between two wall clocks. */
const CLOCKS: readonly Differences[] = [
  { rate: 0, apart: 0 },
  { rate: 0.0099, apart: 0 },
  { rate: 0, apart: -60_000 },
  { rate: 0.0099, apart: -59_000 },
  { rate: 0.0099, apart: 59_000 },
  { rate: 0.0099, apart: -60_000, step: 500, way: 10_000 },
];

for (const mode of ["once", "retry"] as const) {
  for (const clocks of CLOCKS) {
    for (const retain of [60_000, 24 * HOUR, 24 * 24 * HOUR]) {
      const said = `backend ${clocks.rate * 100} % fast, wall clocks ${
        clocks.apart / 1_000
      } s apart, claims ${(clocks.way ?? 0) / 1_000} s on their way`;
      Deno.test(`${mode}: the same trigger again at the edge of ${retain} ms never runs twice: ${said}`, async () => {
        const { runtime, a, b } = place(clocks);
        const slot = runtime.wallNow;
        const options = { slot, mode, retain, ttl: 30_000 };
        let runs = 0;
        await a.cron("j").run(options, () => ++runs);
        // From well within to well beyond, seen by the other's clock.
        for (const at of [0.9, 0.99, 0.999, 0.99999, 1, 1.001, 1.01, 1.1]) {
          runtime.stop(Math.max(0, slot + retain * at - clocks.apart - runtime.wallNow));
          await b.cron("j").run(options, () => ++runs).catch((error) => {
            assert.equal(error.code, "invalid-argument", "neither skipped nor refused as too late");
          });
        }
        assert.equal(runs, 1);
      });
    }
  }
}

Deno.test("a slot's seat is kept for what clocks and claims may need beyond retain, and no longer", async () => {
  const clocks = { rate: 0.2, step: 600 };
  for (
    const [options, ahead, needed] of [
      // A minute between wall clocks, and a claim that is on its way for as long as it counts as held.
      [{ ttl: 3_000 }, 0, 60_000 + 3_000],
      [{ ttl: 30_000 }, 0, 60_000 + 10_000],
      [{ ttl: 3_000, keepAlive: true }, 0, 60_000 + 10_000],
      [{ ttl: 3_000, mode: "retry" }, 0, 60_000 + 3_000],
      // The trigger may be early, or late.
      [{ ttl: 3_000 }, 1, 60_000 + 3_000 + 1],
      [{ ttl: 3_000, mode: "retry" }, 20_000, 60_000 + 3_000 + 20_000],
      [{ ttl: 3_000 }, -20_000, 60_000 + 3_000],
    ] as const
  ) {
    const scene = new Scene();
    const job = scene.member("a", { clocks }).cron("j");
    const slot = scene.runtime.wallNow + ahead;
    await job.run({ slot, retain: 60_000, ...options }, () => {});
    const kept = scene.sent.flatMap(([op]) => op?.op === "acquire" ? [op.ttl] : []).at(-1);
    assert.equal(kept, Math.ceil((60_000 + needed) / 0.8 + 600), JSON.stringify([options, ahead]));
  }
});

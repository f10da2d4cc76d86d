/**
 * A slot at the edge of `retain`: a trigger that is not refused as too late finds what was remembered,
 * whatever the clocks do within their bounds.
 */

import assert from "node:assert/strict";
import { Coordinator } from "../../mod.ts";
import { memory } from "../../drivers/memory.ts";
import { FakeRuntime } from "./fake_runtime.ts";

const HOUR = 3_600_000;

/** A backend whose clock runs that much faster than the callers', and two callers. */
function place({ rate, apart }: { rate: number; apart: number }) {
  const runtime = new FakeRuntime();
  const began = runtime.monoNow;
  const driver = {
    ...memory({ now: () => 1_800_000_000_000 + (runtime.monoNow - began) * (1 + rate) }),
    name: "server",
  };
  const guarantees = { ...driver.guarantees, clock: "server" as const };
  const far = Object.assign(Object.create(runtime), { wall: () => runtime.wallNow + apart });
  const caller = (memberId: string, clocks: FakeRuntime) =>
    new Coordinator({ ...driver, guarantees }, { memberId, runtime: clocks });
  return { runtime, a: caller("a", runtime), b: caller("b", far) };
}

/** How clocks may differ: a rate of 1 %, and a minute between two wall clocks. */
const CLOCKS = [
  { rate: 0, apart: 0 },
  { rate: 0.0099, apart: 0 },
  { rate: 0, apart: -60_000 },
  { rate: 0.0099, apart: -59_000 },
  { rate: 0.0099, apart: 59_000 },
];

for (const mode of ["once", "retry"] as const) {
  for (const clocks of CLOCKS) {
    for (const retain of [60_000, 24 * HOUR, 24 * 24 * HOUR]) {
      const said = `backend ${clocks.rate * 100} % fast, wall clocks ${
        clocks.apart / 1_000
      } s apart`;
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

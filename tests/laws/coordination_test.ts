/**
 * Every law of the coordinator, on every backend.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver } from "../../drivers/driver.ts";
import { BACKENDS, having } from "../backends/mod.ts";
import {
  type CoordinationCase,
  coordinationCases,
  type Place,
  TOOZ_TESTS,
} from "../conformance/coordination/mod.ts";
import { FakeRuntime } from "../core/fake_runtime.ts";
import { sideBySide } from "./side_by_side.ts";

/** On a real clock, so many laws wait at once. */
const LANES = 8;

/** Runs all cases as steps, so many at once. */
function runAll(test: Deno.TestContext, place: Place, lanes: number): Promise<void> {
  const on = (law: CoordinationCase) => ({ ...law, run: () => law.run(place) });
  return sideBySide(test, coordinationCases.map(on), lanes);
}

for (const { name, start } of BACKENDS.filter(({ clock }) => clock === "fake")) {
  Deno.test(`coordinators on ${name} keep their laws`, async (test) => {
    // One clock for the backend and for all members, which only the cases set on.
    const runtime = new FakeRuntime();
    const { connect, stop } = await start({ time: { now: runtime.wall, after: runtime.after } });
    const driver = () => connect() as Driver;
    const pass = (ms: number) => runtime.advance(ms);
    try {
      await runAll(test, { driver, runtime, pass, tick: 250 }, 1);
      assert.equal(runtime.timers, 0, "a case left a timer behind");
    } finally {
      await stop();
    }
  });
}

for (const { name, start } of having("server")) {
  Deno.test(`coordinators on ${name}, and on a real clock, keep their laws`, async (test) => {
    const backend = await start();
    try {
      const { pass, tick } = backend;
      await runAll(test, { driver: () => backend.connect(), pass, tick }, LANES);
    } finally {
      await backend.stop();
    }
  });
}

Deno.test("every law of the coordinator has a name of its own", () => {
  const names = coordinationCases.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

Deno.test("everything that Tooz's own suite asks for is asked for here", () => {
  const asked = coordinationCases.flatMap(({ tooz }) => tooz);
  assert.deepEqual(asked.toSorted(), TOOZ_TESTS.toSorted());
});

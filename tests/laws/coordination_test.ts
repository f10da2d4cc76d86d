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

/** Runs all cases as steps, so many at once. */
async function runAll(test: Deno.TestContext, place: Place, lanes: number): Promise<void> {
  const waiting = [...coordinationCases];
  const step = (law: CoordinationCase): Promise<boolean> =>
    test.step({
      name: law.name,
      fn: () => law.run(place),
      // Steps that overlap cannot tell whose timer is whose; the test around them can.
      ...(lanes > 1 && { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false }),
    });
  const lane = async (): Promise<void> => {
    for (let law = waiting.shift(); law; law = waiting.shift()) await step(law);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

for (const { name, start } of BACKENDS.filter(({ clock }) => clock === "fake")) {
  Deno.test(`coordinators on ${name} keep their laws`, async (test) => {
    // One clock for the backend and for all members, which only the cases set on.
    const runtime = new FakeRuntime();
    const { connect, stop } = await start({ now: runtime.wall });
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
      // Eight cases at once share two cores with the servers they ask, so time goes slower here than
      // in the driver's own suite: a renewal must come long before its lease ends.
      const place = { driver: () => backend.connect() as Driver, pass: backend.pass };
      await runAll(test, { ...place, tick: 2 * backend.tick }, 8);
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

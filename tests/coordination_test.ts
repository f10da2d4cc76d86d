/**
 * Every law of the coordinator, on every backend.
 *
 * @module
 */

import assert from "node:assert/strict";
import { memory } from "../drivers/memory.ts";
import { sqlite, type SqliteDriver } from "../drivers/sqlite/sqlite.ts";
import { BACKENDS } from "./backends.ts";
import {
  type CoordinationCase,
  coordinationCases,
  type Place,
  TOOZ_TESTS,
} from "./conformance/coordination/mod.ts";
import { FakeRuntime } from "./core/fake_runtime.ts";
import { removeFolder, temporaryFolder } from "./servers/process.ts";
import { sideBySide } from "./side_by_side.ts";

/** One clock for the backend and for all members, which only the cases set on. */
function onVirtualClock(runtime: FakeRuntime, driver: Place["driver"]): Place {
  return { driver, runtime, pass: (ms) => runtime.advance(ms), tick: 250 };
}

/** On a real clock, so many laws wait at once. */
const LANES = 8;

/** Runs all cases as steps, so many at once. */
function runAll(test: Deno.TestContext, place: Place, lanes: number): Promise<void> {
  const on = (law: CoordinationCase) => ({ ...law, run: () => law.run(place) });
  return sideBySide(test, coordinationCases.map(on), lanes);
}

Deno.test("coordinators over memory keep their laws", async (test) => {
  const runtime = new FakeRuntime();
  const shared = memory({ now: runtime.wall });
  await runAll(test, onVirtualClock(runtime, () => shared), 1);
  assert.equal(runtime.timers, 0, "a case left a timer behind");
});

Deno.test("coordinators over SQLite keep their laws", async (test) => {
  const folder = await temporaryFolder("baton-coordination-");
  const open: SqliteDriver[] = [];
  const runtime = new FakeRuntime();
  const place = onVirtualClock(runtime, () => {
    const driver = sqlite(`file:${folder}/leases.db`, { now: runtime.wall });
    open.push(driver);
    return driver;
  });
  try {
    await runAll(test, place, 1);
    assert.equal(runtime.timers, 0, "a case left a timer behind");
  } finally {
    for (const driver of open) driver.close();
    await removeFolder(folder);
  }
});

for (const { name, start } of BACKENDS.filter(({ name }) => / over a real /.test(name))) {
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

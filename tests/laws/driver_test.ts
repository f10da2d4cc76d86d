/**
 * Every backend, and every decorator, is held to the same laws; one entry of the registry for each.
 *
 * @module
 */

import assert from "node:assert/strict";
import { BACKENDS, DECORATORS } from "../backends/mod.ts";
import { type Case, driverCases, restartCases } from "../conformance/mod.ts";
import { sideBySide } from "./side_by_side.ts";

/** On a real clock, so many laws wait at once. */
const LANES = 6;

for (const { name, clock, start } of [...BACKENDS, ...DECORATORS]) {
  Deno.test(`${name} keeps the driver's contract`, async (test) => {
    const backend = await start();
    try {
      const on = (law: Case) => ({ ...law, run: () => law.run(backend) });
      await sideBySide(test, driverCases.map(on), clock === "real" ? LANES : 1);
      // A restart is one for all, so nothing runs beside it.
      if (backend.restart) await sideBySide(test, restartCases.map(on), 1);
    } finally {
      await backend.stop();
    }
  });
}

Deno.test("every law of the suite has a name of its own", () => {
  const names = [...driverCases, ...restartCases].map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

Deno.test("every rule of the contract has a law of its own", () => {
  const rules = new Set(driverCases.map(({ name }) => Number(/^rule (\d+): /.exec(name)?.[1])));
  assert.deepEqual([...rules].sort((one, two) => one - two), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

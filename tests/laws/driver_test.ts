/**
 * Every backend, and every decorator, is held to the same laws; one entry of the registry for each.
 *
 * @module
 */

import assert from "node:assert/strict";
import { BACKENDS, DECORATORS } from "../backends/mod.ts";
import {
  type Case,
  casesFor,
  cutCases,
  driverCases,
  noPushCases,
  pushCases,
  requestCases,
  restartCases,
} from "../conformance/mod.ts";
import { sideBySide } from "./side_by_side.ts";

/** A restart is one for all, a cut meets whoever asks next, and what is sent is counted. */
const ALONE: readonly Case[] = [...restartCases, ...cutCases, ...requestCases];
const EVERY = [...driverCases, ...pushCases, ...noPushCases, ...ALONE];

/** On a real clock, so many laws wait at once. */
const LANES = 6;

for (const { name, clock, start } of [...BACKENDS, ...DECORATORS]) {
  Deno.test(`${name} keeps the driver's contract`, async (test) => {
    const backend = await start();
    try {
      const all = await casesFor(backend);
      const on = (law: Case) => ({ ...law, run: () => law.run(backend) });
      const lanes = clock === "real" ? LANES : 1;
      await sideBySide(test, all.filter((law) => !ALONE.includes(law)).map(on), lanes);
      await sideBySide(test, all.filter((law) => ALONE.includes(law)).map(on), 1);
    } finally {
      await backend.stop();
    }
  });
}

Deno.test("every law of the suite has a name of its own", () => {
  const names = EVERY.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

Deno.test("every rule of the contract has a law of its own", () => {
  const rules = new Set(EVERY.map(({ name }) => Number(/^rule (\d+): /.exec(name)?.[1])));
  const all = Array.from({ length: 16 }, (_, n) => n + 1);
  assert.deepEqual([...rules].sort((one, two) => one - two), all);
});

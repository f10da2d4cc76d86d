/**
 * Every backend, and every decorator, is held to the same laws; one entry of the registry for each.
 *
 * @module
 */

import assert from "node:assert/strict";
import { BACKENDS, DECORATORS } from "../backends/mod.ts";
import { driverCases, noPushCases, pushCases } from "../conformance/mod.ts";
import { ALONE, keepsContract } from "./contract.ts";
import { listenerCase } from "./listeners.ts";

const EVERY = [...driverCases, ...pushCases, ...noPushCases, ...ALONE, listenerCase];

for (const { name, clock, start } of [...BACKENDS, ...DECORATORS]) {
  Deno.test(`${name} keeps the driver's contract`, async (test) => {
    const backend = await start();
    try {
      await keepsContract(test, backend, clock);
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

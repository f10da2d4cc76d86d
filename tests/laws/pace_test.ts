/**
 * When a law on a real clock is tried again: only if it depends on time, and what was measured once is
 * measured for all that share a pace.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver } from "../../drivers/driver.ts";
import { wrapped } from "../../drivers/kit/wrapped.ts";
import { wait } from "../backends/backend.ts";
import { type Backend, memory } from "../conformance/mod.ts";
import { granted } from "../conformance/expect.ts";
import { acquire } from "../conformance/operations.ts";
import { law, type Scene } from "../conformance/scene.ts";

/** A backend whose requests take longer than its tick. */
function slow(): Backend {
  const driver = memory();
  const apply: Driver["apply"] = async (ops, options) => {
    await wait(50);
    return await driver.apply(ops, options);
  };
  return { connect: () => ({ ...wrapped(driver), apply }), pass: wait, tick: 10 };
}

/** How often a law was tried. */
async function triesOf(at: Backend, use: (on: Scene) => void): Promise<number> {
  let tries = 0;
  await law(3, "tried", async (on) => {
    tries++;
    use(on);
    await granted(on.driver, acquire(on.name()));
  }).run(at);
  return tries;
}

Deno.test("a law that does not depend on time is tried once, however slow the machine is", async () => {
  assert.equal(await triesOf(slow(), () => {}), 1);
  assert.ok(await triesOf(slow(), (on) => on.short) > 1);
});

Deno.test("places that share a pace measure their clock once", async () => {
  const pace = {};
  let passed = 0;
  const place = (): Backend => ({
    ...slow(),
    pace,
    pass: (ms) => {
      passed++;
      return wait(ms);
    },
  });
  await triesOf(place(), () => {});
  assert.ok(passed > 0);
  passed = 0;
  await triesOf(place(), () => {});
  assert.equal(passed, 0);
});

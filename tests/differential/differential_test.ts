/**
 * Random operations on every driver, compared one by one with the reference model. What the
 * conformance suite does not think of, this finds. Replay a run with `BATON_SEED`; `deno task
 * differential` goes on for longer.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { decorated } from "../backends/decorators.ts";
import { BACKENDS, DECORATORS } from "../backends/mod.ts";
import { agrees } from "./compare.ts";
import { FAKE, type Move, type Plan, REAL, waiting } from "./moves.ts";
import { eachOp, type Step } from "../tools/each_op.ts";

const seed = Number(Deno.env.get("BATON_SEED") ?? crypto.getRandomValues(new Int32Array(1))[0]);
// deno-lint-ignore no-console -- a run that hangs or is killed reports no seed any more
console.log(`BATON_SEED=${seed}`);

for (const { name, clock, lanes, start } of [...BACKENDS, ...DECORATORS]) {
  const check = async (
    plan: (tick: number) => Plan,
    least: number,
    more: fc.Parameters<[Move[][]]>,
  ) => {
    const backend = await start();
    let ops = 0;
    try {
      const property = agrees(backend, plan(backend.tick), lanes, (count) => ops += count);
      await fc.assert(property, { seed, ...more });
    } finally {
      await backend.stop();
    }
    assert.ok(ops >= least, `only ${ops} operations were compared`);
  };
  Deno.test(`${name} does what the model does, over ten thousand random operations`, async () => {
    const numRuns = Math.ceil(600 / (lanes + 1));
    await check(() => clock === "fake" ? FAKE : REAL, 10_000, { numRuns });
  });
  if (clock === "fake") continue;
  Deno.test(`${name} ends leases as the model does`, async () => {
    // Not shrunk, for each attempt would be waited for.
    await check((tick) => waiting(4 * tick), 100, { numRuns: 4, endOnFailure: true });
  });
}

/** A bug in each of these drivers, which the comparison must find. */
const BUGS: readonly [string, Step][] = [
  ["release ignores the id", async (op, run) => {
    const [holder] =
      (await run({ op: "inspect", resource: op.resource, seat: op.seat ?? "" })).leases;
    return await run(op.op === "release" && holder ? { ...op, id: holder.id } : op);
  }],
  ["replay issues a new token", async (op, run) => {
    if (op.op === "acquire") await run({ ...op, op: "release" });
    return await run(op);
  }],
  ["renew revives what has ended", async (op, run) => {
    const outcome = await run(op);
    const revives = op.op === "renew" && !outcome.ok;
    return revives ? await run({ ...op, value: op.value ?? "", op: "acquire" }) : outcome;
  }],
];

for (const [bug, step] of BUGS) {
  Deno.test(`the comparison notices that ${bug}, and says so in a few moves`, async () => {
    const backend = decorated((inner) => eachOp(inner, step));
    // Always the same sequences, so that this proof never depends on luck.
    const found = await fc.check(agrees(backend, FAKE, 1), { seed: 1, numRuns: 400 });
    assert.ok(found.failed);
    const moves = found.counterexample?.[0].flat() ?? [];
    assert.ok(moves.length <= 4, `not shrunk: ${JSON.stringify(moves)}`);
  });
}

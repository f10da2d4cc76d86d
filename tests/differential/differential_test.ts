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
import type { Backend } from "../conformance/mod.ts";
import { atPace } from "../conformance/pace.ts";
import { SIZES } from "../tools/size_of_proofs.ts";
import { agrees, planFor } from "./compare.ts";
import { FAKE, waiting } from "./moves.ts";
import { eachOp, type Step } from "../tools/each_op.ts";

const seed = Number(Deno.env.get("BATON_SEED") ?? crypto.getRandomValues(new Int32Array(1))[0]);
// deno-lint-ignore no-console -- a run that hangs or is killed reports no seed any more
console.log(`BATON_SEED=${seed}`);

/** How many sequences run at once where they wait: enough, and few enough to be quick between waits. */
const WAITING = 4;

for (const { name, clock, lanes, start } of [...BACKENDS, ...DECORATORS]) {
  const withBackend = async (work: (backend: Backend) => Promise<void>): Promise<void> => {
    const backend = await start();
    try {
      await work(backend);
    } finally {
      await backend.stop();
    }
  };
  const { comparedOperations, endedOperations } = SIZES;
  Deno.test(`${name} does what the model does, over ${comparedOperations} random operations`, () =>
    withBackend(async (backend) => {
      let ops = 0;
      const plan = await planFor(backend, clock);
      const property = agrees(backend, plan, lanes, (count) => void (ops += count));
      const numRuns = Math.ceil(60 / (lanes + 1));
      for (let round = seed; ops < comparedOperations; round++) {
        await fc.assert(property, { seed: round, numRuns });
      }
    }));
  if (clock === "fake") continue;
  Deno.test(`${name} ends leases as the model does`, () =>
    withBackend((backend) =>
      atPace(backend, async (watch) => {
        const { guarantees: { overrun = 1 } } = await backend.connect();
        // Where each pass is longer, fewer at once, so that what comes between them is shorter.
        const most = overrun > 1 ? 2 : WAITING;
        // All that follows a pass has half a ttl in all, which is eight times what one delay has.
        const took = (ms: number): void => watch.note(ms / 8);
        const plan = { ...waiting(4 * watch.tick, overrun), took };
        const measured = { ...backend, pass: (ms: number) => watch.pass(ms) };
        let ops = 0;
        const property = agrees(measured, plan, Math.min(lanes, most), (count) => ops += count);
        // Not shrunk, for each attempt would be waited for.
        const more = { numRuns: 4, endOnFailure: true };
        for (let round = seed; ops < endedOperations; round++) {
          await fc.assert(property, { seed: round, ...more });
        }
      })
    ));
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

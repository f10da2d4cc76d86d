/**
 * Everything eight clients do at once on a few seats of every backend, with requests and replies lost
 * on the way, can be told as a story in which one thing happens after the other. Replay the dice of a
 * run with `BATON_SEED`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import type { Lease, Outcome, SeatOp } from "../../drivers/driver.ts";
import { memory } from "../../drivers/memory.ts";
import { seedOfRun } from "../tools/chance.ts";
import { eachOp, type Step } from "../tools/each_op.ts";
import type { Losses } from "./lossy.ts";
import { inProcess, PLACES } from "./places.ts";
import { type Plan, run, type Tally } from "./run.ts";

const seed = seedOfRun();
// deno-lint-ignore no-console -- a run that hangs or is killed reports no seed any more
console.log(`BATON_SEED=${seed}`);

const BARE: Plan = {
  ...{ through: "bare", operations: 200, seed },
  losses: { requests: 2, replies: 4, late: 1 },
};
/** Nothing comes late, for then it is done a second time; and more is lost. */
const RETRYING: Plan = {
  ...{ through: "retrying", operations: 200, seed },
  losses: { requests: 4, replies: 8, late: 0 },
};

/** The run was one in which there was something to find. */
function isTelling(tally: Tally, least: readonly (keyof Tally)[]): void {
  for (const what of least) {
    assert.ok(tally[what] > tally.calls / 50, `few are ${what}: ${JSON.stringify(tally)}`);
  }
  assert.ok(tally.concurrent > tally.calls / 4, `few overlap: ${JSON.stringify(tally)}`);
}

for (const { name, slow, start } of PLACES) {
  const operations = slow ? 120 : 200;
  Deno.test(`on ${name} all that eight clients do at once is linearizable`, async (t) => {
    const place = await start();
    try {
      await t.step("with unknown outcomes as they are, and breaks", async () => {
        const tally = await run(place, { ...BARE, operations });
        isTelling(tally, ["unknown", "granted", "refused", "released"]);
      });
      await t.step(
        "through retrying(), each call done once however often it was sent",
        async () => {
          const tally = await run(place, { ...RETRYING, operations });
          isTelling(tally, ["resent", "granted", "refused", "released"]);
        },
      );
    } finally {
      await place.stop();
    }
  });
}

/** Changes the leases of every answer. */
const answering = (change: (lease: Lease) => Lease): Step => async (op, run) => {
  const { ok, leases } = await run(op);
  return { ok, leases: leases.map(change) };
};

/** Time enough for others to come in between. */
async function timeForOthers(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

const look = ({ resource, seat }: SeatOp): SeatOp => ({
  op: "inspect",
  resource,
  seat: seat ?? "",
});

/** What somebody might build, and every test that asks one thing after the other would pass. */
const BUGS: readonly (readonly [bug: string, step: () => Step, losses?: Losses])[] = [
  ["a look is answered from a cache", () => {
    const cache = new Map<string, Outcome>();
    let calls = 0;
    return async (op, run) => {
      if (op.op !== "inspect") return await run(op);
      const key = `${op.resource} ${op.seat}`;
      if (++calls % 4 !== 0) cache.set(key, await run(op));
      return cache.get(key) ?? await run(op);
    };
  }],
  ["a seat is looked at first and taken later", () => async (op, run) => {
    if (op.op !== "acquire" || (await run(look(op))).leases.length > 0) return await run(op);
    await timeForOthers();
    await run({ op: "release", resource: op.resource, seat: op.seat });
    return await run(op);
  }],
  [
    "a token is given to two holders, one after the other",
    () => answering((lease) => ({ ...lease, token: Math.floor(lease.token / 8) })),
  ],
  ["now and then a renewal is answered and forgotten", () => {
    let calls = 0;
    return async (op, run) => {
      if (op.op !== "renew" || op.value === undefined || ++calls % 8 !== 0) return await run(op);
      return { ok: (await run(look(op))).leases[0]?.id === op.id, leases: [] };
    };
  }],
  ["a release finds the seat and then takes it from whoever has it", () => async (op, run) => {
    if (op.op !== "release") return await run(op);
    const { leases } = await run(look(op));
    if (op.id !== undefined && leases[0]?.id !== op.id) return { ok: false, leases };
    await timeForOthers();
    const { id: _, ...anybody } = op;
    return await run(anybody);
  }],
  ["of two that release at once both are told that they did", () => async (op, run) => {
    if (op.op !== "release") return await run(op);
    const { leases: [holder, ...others] } = await run(look(op));
    if (holder && (op.id ?? holder.id) === holder.id) {
      await timeForOthers();
      await run(op);
      return { ok: true, leases: [] };
    }
    return { ok: false, leases: holder ? [holder, ...others] : [] };
    // Where replies are lost, there may always have been another lease to end.
  }, { requests: 0, replies: 0, late: 0 }],
  ["a replay is granted anew", () => async (op, run) => {
    if (op.op === "acquire") await run({ ...op, op: "release" });
    return await run(op);
  }],
];

for (const [bug, step, losses = BARE.losses] of BUGS) {
  Deno.test(`the same run notices that ${bug}`, async () => {
    const shared = eachOp(memory(), step());
    // Always the same dice, so that this proof never depends on luck.
    const finding = run(inProcess(() => shared), { ...BARE, losses, seed: 1 });
    await assert.rejects(finding, (error: Error) => {
      return /is not linearizable\n/.test(error.message);
    });
  });
}

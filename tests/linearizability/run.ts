/**
 * One run: eight clients on a backend far away, and the verdict on their history.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver } from "../../drivers/driver.ts";
import { retrying } from "../../coordination/leases/retrying.ts";
import { systemRuntime } from "../../mod.ts";
import { chance } from "../tools/chance.ts";
import { brief, History, type SeatCall } from "./history.ts";
import type { Losses } from "./lossy.ts";
import type { Place } from "./places.ts";
import { seatModel } from "./seat_model.ts";
import { timeline } from "./timeline.ts";
import { check } from "./wgl.ts";
import { together } from "./workload.ts";

/** How it is run. */
export interface Plan {
  /** Whether each client's operations are sent again until there is an answer. */
  readonly through: "bare" | "retrying";
  /** Operations of each client. */
  readonly operations: number;
  readonly losses: Losses;
  readonly seed: number;
}

/** What there was in a history, so that none passes for lack of anything to find. */
export interface Tally {
  readonly calls: number;
  readonly unknown: number;
  readonly granted: number;
  readonly refused: number;
  readonly released: number;
  /** Calls sent more than once. */
  readonly resent: number;
  /** Calls that began while another one on the same seat was under way. */
  readonly concurrent: number;
  readonly steps: number;
}

const CLIENTS = 8;
const SEATS = ["", "1", "2", "3"];

/** Runs it; throws when the history is not linearizable, with a picture of why. */
export async function run(place: Place, plan: Plan): Promise<Tally> {
  const { through, operations, losses, seed } = plan;
  const history = new History();
  place.lose(chance(seed - 1), losses);
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, async (_, n) => {
      const connected = await place.connect();
      let sends = 0;
      const counted: Driver = {
        ...connected,
        apply: (ops, options) => (sends++, connected.apply(ops, options)),
      };
      const driver = through === "bare" ? counted : retrying(counted, {
        // It never gives up, and what it takes for lost is lost: what comes late is done again.
        ...{ retries: 30, timeout: 60_000, within: 180_000 },
        // It sends again at once, for what comes between two sends is not the matter here.
        runtime: { ...systemRuntime(), random: () => 0 },
      });
      const way = { sends: () => sends, cuts: place.cuts };
      return history.record(`client ${n}`, driver, way);
    }),
  );
  const resource = `lock:${crypto.randomUUID()}`;
  // Who sends again what was done and broken has it twice: no break, and each call is done once.
  const breaks = through === "bare";
  await together(clients, { operations, resource, seats: SEATS, breaks, seed });
  await place.settle();

  const verdict = check(history.calls, seatModel);
  if (verdict.linearizable === false) {
    const { key, prefix } = verdict;
    const picture = timeline(prefix, { label: brief });
    assert.fail(`BATON_SEED=${seed}: seat ${JSON.parse(key)[1]} is not linearizable\n${picture}`);
  }
  assert.equal(verdict.linearizable, true, `BATON_SEED=${seed}: not decided`);
  return tally(history, verdict.steps);
}

function tally({ calls, resent }: History, steps: number): Tally {
  const count = (of: (call: SeatCall) => boolean): number => calls.filter(of).length;
  return {
    calls: calls.length,
    unknown: count(({ output }) => output === undefined),
    granted: count(({ input, output }) => input.op === "acquire" && output?.ok === true),
    refused: count(({ input, output }) => input.op === "acquire" && output?.ok === false),
    released: count(({ input, output }) => input.op === "release" && output?.ok === true),
    resent,
    concurrent: count(({ client, input, invoked, returned }) =>
      calls.some((other) =>
        other.client !== client && other.input.seat === input.seat &&
        invoked < other.invoked && other.invoked < returned && returned < Infinity
      )
    ),
    steps,
  };
}

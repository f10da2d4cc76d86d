/**
 * One sequence of moves on a driver and on the reference model, `memory()`, compared one by one.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Driver, Outcome, SeatOp } from "../../drivers/driver.ts";
import { memory } from "../../drivers/memory.ts";
import type { Backend } from "../conformance/mod.ts";
import { anyMoves, FAKE, lateOnFake, type Move, type Plan, REAL } from "./moves.ts";

/** What can be tried on a backend in any number. */
export async function planFor({ connect }: Backend, clock: "fake" | "real"): Promise<Plan> {
  const { guarantees: { overrun = 1, minTtl } } = await connect();
  if (clock === "real") return REAL;
  return overrun > 1 ? lateOnFake(minTtl, overrun) : FAKE;
}

/** Runs one sequence on both, under names of its own; answers how many operations that were. */
export async function compare(
  moves: readonly Move[],
  backend: Backend,
  plan: Plan,
): Promise<number> {
  const unique = `model:${crypto.randomUUID()}:`;
  const clients = await Promise.all([backend.connect(), backend.connect(), backend.connect()]);
  let time = 0;
  let since = performance.now();
  const model = memory({ now: () => time });
  const same = sameOutcome(plan.ttls);
  const sent: (readonly SeatOp[])[] = [];
  const trace: string[] = [];
  let count = 0;
  for (const move of moves) {
    if ("pass" in move) {
      trace.push(`pass ${move.pass} ms`);
      time += move.pass;
      await backend.pass(move.pass);
      since = performance.now();
      continue;
    }
    const ops = "ops" in move ? move.ops.map((op) => named(op, unique)) : sent.at(-1 - move.again);
    if (!ops) continue;
    sent.push(ops);
    count += ops.length;
    const expected = await model.apply(ops);
    const actual = await (clients[move.client] as Driver).apply(ops);
    plan.took?.(performance.now() - since);
    assert.equal(actual.length, ops.length);
    for (const [index, op] of ops.entries()) {
      const [want, have] = [expected[index] as Outcome, actual[index] as Outcome];
      const what = `client ${move.client}: ${show(op)}`;
      trace.push(`${what}\n    model ${show(want)}\n    driver ${show(have)}`);
      const problem = same(want, have);
      assert.ok(!problem, `${problem}\n  ${trace.join("\n  ").replaceAll(unique, "")}`);
    }
  }
  return count;
}

function named(op: SeatOp, unique: string): SeatOp {
  const guard = "guard" in op && op.guard;
  return {
    ...op,
    resource: unique + op.resource,
    ...("id" in op && { id: unique + op.id }),
    ...(guard && { guard: { ...guard, resource: unique + guard.resource } }),
  };
}

type Comparison = (want: Outcome, have: Outcome) => string | undefined;

/** Compares exactly, but for time left (at most the ttl) and tokens (by relation). */
function sameOutcome(ttls: readonly number[]): Comparison {
  /** Which token of the driver's stands for which of the model's, by id and model's token. */
  const tokens = new Map<string, number>();
  /** The greatest token of each seat, whose name an id begins with. */
  const last = new Map<string, number>();
  return (want, have) => {
    const facts = ({ ok, leases }: Outcome) =>
      JSON.stringify([ok, leases.map(({ seat, id, value }) => [seat, id, value])]);
    if (facts(want) !== facts(have)) return "Outcomes differ";
    for (const [index, { id, token, left }] of have.leases.entries()) {
      const most = ttls[Number(id.at(-1))] ?? 0;
      const possible = left > 0 && left <= most && (left === Infinity) === (most === Infinity);
      if (!possible) return `${left} ms left of ${most}`;
      const key = `${id} ${want.leases[index]?.token}`;
      const known = tokens.get(key);
      if (known === token) continue;
      if (known !== undefined) return "One lease has two tokens";
      const of = id.slice(0, id.lastIndexOf("#"));
      const grew = Number.isSafeInteger(token) && token > (last.get(of) ?? -1);
      if (!grew) return "A token did not grow";
      tokens.set(key, token);
      last.set(of, token);
    }
    return undefined;
  };
}

function show(what: SeatOp | Outcome): string {
  return JSON.stringify(what, (_, it) => it === Infinity ? "Infinity" : it);
}

/** Runs sequences beside each other; `count` is told of the operations done. */
export function agrees(backend: Backend, plan: Plan, lanes: number, count = (_ops: number) => {}) {
  const sequences = fc.array(anyMoves(plan), { minLength: 1, maxLength: lanes, size: "max" });
  return fc.asyncProperty(sequences, async (lanes) => {
    const ends = await Promise.allSettled(lanes.map((moves) => compare(moves, backend, plan)));
    for (const end of ends) {
      if (end.status === "rejected") throw end.reason;
      count(end.value);
    }
  });
}

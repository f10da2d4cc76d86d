/**
 * Random operations on a driver, compared one by one with the reference model, `memory()`. What the
 * conformance suite does not think of, this finds. Replay a run with `BATON_SEED`.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Driver, Guard, Op, Outcome } from "../drivers/driver.ts";
import { memory } from "../drivers/memory.ts";
import { BACKENDS, decorated } from "./backends.ts";
import type { Backend } from "./conformance/mod.ts";

/** One move of one client; names are made unique only when it is run. */
type Move =
  | { readonly client: number; readonly ops: readonly Op[] }
  | { readonly client: number; readonly again: number }
  | { readonly pass: number };

const LONG = 600_000;
const client = fc.nat(2);
const resource = fc.constantFrom("a", "b");
const seat = fc.constantFrom("", "1", "2");
const value = fc.constantFrom("", "v", "007", '{"a":1}', "é");
const when = fc.constantFrom<Guard["when"][]>("held", "vacant");
const kind = fc.constantFrom(
  ...["acquire", "acquire", "acquire", "renew", "renew+", "release", "break", "inspect", "list"],
);
const guard = fc.record({ when, resource, seat }, { requiredKeys: ["when", "resource"] });

/** Operations; an id belongs to one seat and has one ttl for good, as rules 6 and 8 ask. */
function anyOp(ttls: readonly number[]): fc.Arbitrary<Op> {
  const nth = fc.nat(ttls.length - 1);
  const maybe = fc.option(guard, { nil: undefined, freq: 2 });
  return fc.tuple(kind, resource, seat, nth, value, maybe).map(
    ([kind, resource, seat, nth, value, guard]): Op => {
      const place = { resource, seat };
      const lease = { ...place, id: `${resource}${seat}#${nth}`, ttl: ttls[nth] ?? LONG };
      if (kind === "acquire") return { op: kind, ...lease, value, ...(guard && { guard }) };
      if (kind === "renew") return { op: kind, ...lease };
      if (kind === "renew+") return { op: "renew", ...lease, value };
      if (kind === "inspect") return { op: kind, ...place };
      if (kind === "list") return { op: "inspect", resource };
      const { id } = lease;
      return { op: "release", ...place, ...(kind !== "break" && { id }), ...(guard && { guard }) };
    },
  );
}

/** What a run tries. */
interface Plan {
  /** The ttl of an id, by its last digit. */
  readonly ttls: readonly number[];
  /** How many moves of a hundred let time pass, and how much. */
  readonly often: number;
  readonly passes: readonly number[];
  /** Milliseconds after a pass within which no lease can end on a real clock. */
  readonly patience: number;
}

// 51, and all passes even: on the very instant of an end, drivers may differ by rounding.
const FAKE = { ttls: [Infinity, LONG, 51], often: 12, passes: [20, 40, 60], patience: Infinity };
const REAL: Plan = { ...FAKE, ttls: [Infinity, LONG], often: 0 };
/** Every pass ends every short lease, and nothing else does. */
function waiting(short: number): Plan {
  return { ttls: [Infinity, short], often: 6, passes: [short * 1.25], patience: short / 2 };
}

function anyMoves({ ttls, often, passes }: Plan): fc.Arbitrary<Move[]> {
  const ops = fc.array(anyOp(ttls), { minLength: 1, maxLength: 4, size: "max" });
  const move: fc.Arbitrary<Move> = fc.oneof(
    { weight: 88 - often, arbitrary: fc.record({ client, ops }) },
    { weight: 12, arbitrary: fc.record({ client, again: fc.nat(4) }) },
    { weight: often, arbitrary: fc.record({ pass: fc.constantFrom(...passes) }) },
  );
  return fc.array(move, { minLength: 1, maxLength: 50, size: "max" });
}

/** Runs one sequence on both, under names of its own; answers how many operations that were. */
async function compare(moves: readonly Move[], backend: Backend, plan: Plan): Promise<number> {
  const unique = `model:${crypto.randomUUID()}:`;
  const clients = await Promise.all([backend.connect(), backend.connect(), backend.connect()]);
  let time = 0;
  let since = performance.now();
  const model = memory({ now: () => time });
  const same = sameOutcome(plan.ttls);
  const sent: (readonly Op[])[] = [];
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
    assert.equal(actual.length, ops.length);
    for (const [index, op] of ops.entries()) {
      const [want, have] = [expected[index] as Outcome, actual[index] as Outcome];
      const what = `client ${move.client}: ${show(op)}`;
      trace.push(`${what}\n    model ${show(want)}\n    driver ${show(have)}`);
      const problem = same(want, have);
      // The model's clock stands still between passes; a run too slow for that proves nothing.
      fc.pre(!problem || performance.now() - since < plan.patience);
      assert.ok(!problem, `${problem}\n  ${trace.join("\n  ").replaceAll(unique, "")}`);
    }
  }
  return count;
}

function named(op: Op, unique: string): Op {
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

function show(what: Op | Outcome): string {
  return JSON.stringify(what, (_, it) => it === Infinity ? "Infinity" : it);
}

/** Runs sequences beside each other; `count` is told of the operations done. */
function agrees(backend: Backend, plan: Plan, lanes: number, count = (_ops: number) => {}) {
  const sequences = fc.array(anyMoves(plan), { minLength: 1, maxLength: lanes, size: "max" });
  return fc.asyncProperty(sequences, async (lanes) => {
    const ends = await Promise.allSettled(lanes.map((moves) => compare(moves, backend, plan)));
    for (const end of ends) {
      if (end.status === "rejected") throw end.reason;
      count(end.value);
    }
  });
}

const seed = Number(Deno.env.get("BATON_SEED") ?? crypto.getRandomValues(new Int32Array(1))[0]);
// deno-lint-ignore no-console -- a run that hangs or is killed reports no seed any more
console.log(`BATON_SEED=${seed}`);

for (const { name, clock, lanes, start } of BACKENDS) {
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
const BUGS: readonly [string, (op: Op, run: (op: Op) => Promise<Outcome>) => Promise<Outcome>][] = [
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
    return revives ? await run({ value: "", ...op, op: "acquire" }) : outcome;
  }],
];

for (const [bug, step] of BUGS) {
  Deno.test(`the comparison notices that ${bug}, and says so in a few moves`, async () => {
    const backend = decorated((inner) => ({
      ...inner,
      async apply(ops) {
        const outcomes = [];
        const run = async (op: Op) => (await inner.apply([op]))[0] as Outcome;
        for (const op of ops) outcomes.push(await step(op, run));
        return outcomes;
      },
    }));
    // Always the same sequences, so that this proof never depends on luck.
    const found = await fc.check(agrees(backend, FAKE, 1), { seed: 1, numRuns: 400 });
    assert.ok(found.failed);
    const moves = found.counterexample?.[0].flat() ?? [];
    assert.ok(moves.length <= 4, `not shrunk: ${JSON.stringify(moves)}`);
  });
}

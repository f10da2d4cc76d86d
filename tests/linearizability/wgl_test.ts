/**
 * The checker is checked: against every order tried one by one, on histories made by dice, and against
 * histories that are known to be wrong. Replay the dice of a run with `BATON_SEED`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { chance, seedOfRun } from "../tools/chance.ts";
import { bruteForce } from "./brute_force.ts";
import {
  crowd,
  damaged,
  linearizable,
  pick,
  registers,
  seats,
  type Subject,
} from "./random_history.ts";
import { SIZES } from "../tools/size_of_proofs.ts";
import { type RegisterInput, registerModel } from "./register_model.ts";
import { timeline } from "./timeline.ts";
import { type Call, check } from "./wgl.ts";

const seed = seedOfRun();
// deno-lint-ignore no-console -- a run that hangs or is killed reports no seed any more
console.log(`BATON_SEED=${seed}`);

const HISTORIES = SIZES.comparedHistories;

/** Tells both about one history after the other; they must say the same of each. */
function compare<S, I, O>(subject: Subject<S, I, O>): { right: number; wrong: number } {
  const random = chance(seed);
  const count = { right: 0, wrong: 0 };
  for (let n = 0; n < HISTORIES; n++) {
    const shape = {
      calls: 1 + Math.floor(random() * 7),
      reach: pick([0, 5, 10, 20, 30, 100], random),
      unknown: pick([0, 0, 20, 50], random),
    };
    let calls = linearizable(subject, shape, random);
    const times = pick([0, 1, 1, 2], random);
    for (let time = 0; time < times; time++) calls = damaged(subject, calls, random);
    const guessWorth = pick([-2, 0, 1, 16], random);
    const verdict = check(calls, subject.model, { guessWorth });
    const expected = bruteForce(calls, subject.model);
    const shown = (): string => `BATON_SEED=${seed}, history ${n}:\n${timeline(calls)}`;
    assert.equal(verdict.linearizable, expected, shown());
    if (times === 0) assert.ok(expected, shown());
    count[expected ? "right" : "wrong"]++;
    if (verdict.linearizable !== false || n % 4 !== 0) continue;

    const { prefix } = verdict;
    assert.ok(!bruteForce(prefix, subject.model), `the prefix does not fail. ${shown()}`);
    const last = Math.max(...prefix.map(({ returned }) => returned).filter(Number.isFinite));
    const shorter = prefix.map((call): Call<I, O> =>
      call.returned < last ? call : { ...call, output: undefined, returned: Infinity }
    );
    assert.ok(bruteForce(shorter, subject.model), `a shorter prefix fails. ${shown()}`);
  }
  return count;
}

for (const [name, subject] of [["registers", registers], ["seats", seats]] as const) {
  Deno.test(`on ${HISTORIES} random histories of ${name} it says what trying every order says`, () => {
    const { right, wrong } = compare(subject as Subject<unknown, unknown, unknown>);
    const least = Math.min(right, wrong);
    assert.ok(least > HISTORIES / 5, `${right} linearizable, ${wrong} not: too much of one kind`);
  });
}

type RegisterCall = Call<RegisterInput, number>;

function call(
  client: string,
  input: Partial<RegisterInput> & Pick<RegisterInput, "op">,
  output: number | undefined,
  invoked: number,
  returned = output === undefined ? Infinity : invoked + 1,
): RegisterCall {
  return { client, input: { name: "x", ...input } as RegisterInput, output, invoked, returned };
}

const read = { op: "read" } as const;
const write = (value: number) => ({ op: "write", value }) as const;
const swap = (from: number, to: number) => ({ op: "swap", from, to }) as const;

/** Wrong histories, and at which return one can tell. */
const WRONG: readonly (readonly [what: string, tells: number, calls: readonly RegisterCall[]])[] = [
  ["a read that is stale", 9, [
    call("a", write(1), 0, 0),
    call("a", write(2), 0, 2),
    call("b", read, 1, 8),
    call("a", read, 2, 20),
  ]],
  ["a read before which a later value was read", 5, [
    call("a", write(1), 0, 0, 100),
    call("b", read, 1, 1, 3),
    call("c", read, 0, 4, 5),
  ]],
  ["an update that is lost", 12, [
    call("a", swap(0, 1), 1, 0),
    call("b", swap(0, 2), 1, 11),
  ]],
  ["two swaps at once that both found the same", 6, [
    call("a", swap(0, 1), 1, 0, 5),
    call("b", swap(0, 2), 1, 1, 6),
  ]],
  ["a value out of thin air", 3, [call("a", write(1), undefined, 0), call("b", read, 2, 2)]],
  ["a write without an answer that is seen, unseen and seen again", 8, [
    call("a", write(1), undefined, 0),
    call("b", read, 1, 1),
    call("b", read, 0, 7),
    call("b", read, 1, 10),
  ]],
  ["a write that is seen before it is begun", 3, [
    call("b", read, 1, 2),
    call("a", write(1), undefined, 4),
  ]],
];

for (const [what, tells, calls] of WRONG) {
  Deno.test(`it finds ${what}, and the first return at which one can tell`, () => {
    const verdict = check(calls, registerModel);
    assert.ok(verdict.linearizable === false);
    const returns = verdict.prefix.map(({ returned }) => returned).filter(Number.isFinite);
    assert.equal(Math.max(...returns), tells);
  });
}

Deno.test("it looks at each key by itself, and names the one that fails", () => {
  const right = Array.from(
    { length: 9 },
    (_, n) => call("a", { ...write(n), name: "y" }, 0, n * 2),
  );
  const wrong = call("b", { ...read, name: "z" }, 5, 3);
  const verdict = check([...right, wrong], registerModel);
  assert.ok(verdict.linearizable === false);
  assert.deepEqual([verdict.key, verdict.prefix], ["z", [wrong]]);
});

Deno.test("calls that touch in time are concurrent, and no call ends before it begins", () => {
  const touching = [call("a", write(1), 0, 0, 5), call("b", read, 0, 5, 9)];
  assert.equal(check(touching, registerModel).linearizable, true);
  assert.equal(bruteForce(touching, registerModel), true);
  assert.throws(() => check([call("a", read, 0, 5, 4)], registerModel), RangeError);
});

Deno.test("an answer that never arrived in time is still an answer", () => {
  const late = [call("a", swap(0, 1), 0, 0, Infinity), call("b", read, 0, 1)];
  assert.equal(check(late, registerModel).linearizable, false);
  assert.equal(
    check([call("c", write(2), undefined, 0), ...late], registerModel).linearizable,
    true,
  );
});

/** Writers at once, and then a read that none of them explains: every order has to be refuted. */
function hopeless(writers: number): RegisterCall[] {
  const writes = Array.from(
    { length: writers },
    (_, n) => call(`w${n}`, write(n + 1), 0, n, 1_000),
  );
  return [...writes, call("r", read, -1, 2_000)];
}

Deno.test("a search that would take for ever ends as unknown, and hides no other key's failure", () => {
  const verdict = check(hopeless(40), registerModel, { budget: 20_000 });
  assert.deepEqual(verdict, { linearizable: "unknown", key: "x", steps: 20_000 });
  const wrong = call("b", { ...read, name: "z" }, 5, 3);
  const failed = check([...hopeless(40), wrong], registerModel, { budget: 20_000 });
  assert.ok(failed.linearizable === false);
  assert.equal(failed.key, "z");
  // Without a memory of where it was, this would be twelve factorial.
  assert.equal(check(hopeless(12), registerModel).linearizable, false);
});

/** One register with so many values that a read tells which write it saw. */
const register = {
  ...registers,
  input(random: () => number): RegisterInput {
    const [value, from, to] = [1, 2, 3].map(() => Math.floor(random() * 1_000)) as [
      ...[number, number, number],
    ];
    const name = "x";
    const ops = [{ op: "read", name }, { op: "write", name, value }, {
      op: "swap",
      name,
      from,
      to,
    }];
    return pick(ops as RegisterInput[], random);
  },
};

Deno.test("ten thousand calls of ten clients are decided in some dozen steps each", () => {
  for (let round = 0; round < 3; round++) {
    const random = chance(seed + round);
    const calls = crowd(register, { calls: 10_000, clients: 10, unknown: 1 }, random);
    const { linearizable, steps } = check(calls, registerModel, { budget: 100 * calls.length });
    assert.equal(linearizable, true, `BATON_SEED=${seed}: ${steps} steps`);
  }
});

Deno.test("that two thousand calls are wrong is known within some hundred steps each", () => {
  const calls = crowd(register, { calls: 2_000, clients: 10, unknown: 0 }, chance(seed));
  const last = calls.findLast(({ input }) => input.op === "read");
  const wrong = calls.map((call) => call === last ? { ...call, output: -1 } : call);
  const { linearizable, steps } = check(wrong, registerModel, { budget: 1_000 * calls.length });
  assert.equal(linearizable, false, `BATON_SEED=${seed}: ${steps} steps`);
});

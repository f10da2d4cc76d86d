/**
 * The model of several seats says what guards and batches do, and the ends of leases that renewals move.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire, Outcome } from "../../drivers/driver.ts";
import { acquire, ifHeld, ifVacant, inspect, release, renew } from "../conformance/operations.ts";
import { type GuardedInput, guardedModel } from "./guarded_model.ts";
import { type Call, check } from "./wgl.ts";

const NOTHING: Outcome = { ok: true, leases: [] };
const NO: Outcome = { ok: false, leases: [] };

function seat(name: string, id: string, more: Partial<Acquire> = {}): Acquire {
  return acquire("r", { seat: name, id, ttl: 9, ...more });
}

function at(token: number, { seat, id, value, ttl }: Acquire, ok = true): Outcome {
  return { ok, leases: [{ seat, id, token, value, left: ttl }] };
}

type Step = readonly [input: GuardedInput, output: Outcome | undefined, from?: number, to?: number];

/** Whether these can be told as a story; without times they come one after the other. */
function possible(...steps: readonly Step[]): boolean {
  const calls = steps.map(([input, output, from, to], n): Call<GuardedInput, Outcome> => ({
    ...{ client: "c", input, output, invoked: from ?? 2 * n },
    returned: output ? to ?? 2 * n + 1 : Infinity,
  }));
  return check(calls, guardedModel).linearizable === true;
}

const [a, b] = [seat("a", "a"), seat("b", "b")];
const guarded = { ...b, guard: ifVacant("r", "a") };
const onlyIfHeld = { ...b, guard: ifHeld("r", "a") };

Deno.test("a guard is about another seat, and a refusal lists who is there", () => {
  assert(possible([guarded, at(5, b)]));
  assert(possible([a, at(5, a)], [guarded, at(5, a, false)]));
  assert(!possible([a, at(5, a)], [guarded, at(6, b)]), "granted though it is held");
  assert(!possible([a, at(5, a)], [guarded, NO]), "a refusal that lists nobody");
  assert(!possible([guarded, NO]), "refused though it is vacant");
  assert(possible([onlyIfHeld, NO]));
  assert(possible([a, at(5, a)], [onlyIfHeld, at(6, b)]));
  assert(!possible([onlyIfHeld, at(6, b)]));
  const leaves = release(b, ifVacant("r", "a"));
  assert(possible([b, at(5, b)], [leaves, NOTHING]));
  assert(possible([b, at(5, b)], [a, at(6, a)], [leaves, at(6, a, false)]));
  assert(!possible([b, at(5, b)], [a, at(6, a)], [leaves, NOTHING]));
});

Deno.test("a replay, and who does not hold the seat, are answered without the guard", () => {
  const held = [[b, at(5, b)], [a, at(6, a)]] as const;
  assert(possible(...held, [guarded, at(5, b)]));
  assert(!possible(...held, [guarded, at(6, a, false)]));
  const other = { ...guarded, id: "c" };
  assert(possible(...held, [other, at(5, b, false)]));
  assert(!possible(...held, [other, at(6, a, false)]));
  assert(possible([a, at(5, a)], [release(b, ifVacant("r", "a")), NO]));
});

Deno.test("the operations of a batch come one after the other, and others may come between", () => {
  const part = (input: GuardedInput, index: number): GuardedInput => ({
    ...input,
    part: { batch: "x", index, last: index === 1 },
  });
  const took = [a, at(5, a), 0, 1] as const;
  // Who is told that `a` is vacant came after its release, and so after the lease of `b`.
  const end = (first: GuardedInput, second: GuardedInput): readonly Step[] => [
    [part(first, 0), first.op === "acquire" ? at(6, b) : NOTHING, 2, 9],
    [part(second, 1), second.op === "acquire" ? at(6, b) : NOTHING, 2, 9],
  ];
  const looks = (second: Outcome): readonly Step[] => [
    [inspect("r", "a"), NOTHING, 3, 4],
    [inspect("r", "b"), second, 5, 6],
  ];
  assert(possible(took, ...end(b, release(a)), ...looks(at(6, b))));
  assert(!possible(took, ...end(b, release(a)), ...looks(NOTHING)));
  assert(possible(took, ...end(release(a), b), ...looks(NOTHING)));
});

Deno.test("a lease ends at an end that was set last, and not before it", () => {
  const named = { ...a, term: "1" };
  const renewed = { ...renew(a), term: "2" };
  const expire = (term: string, from: number): Step => [
    { op: "expire", resource: "r", seat: "a", id: "a", term },
    ...[undefined, from] as const,
  ];
  const took = [named, at(5, a), 0, 1] as const;
  const vacant = [inspect("r", "a"), NOTHING, 20, 21] as const;
  assert(!possible(took, vacant), "nothing ends it");
  assert(possible(took, expire("1", 10), vacant));
  assert(!possible(took, expire("1", 22), vacant), "it ends later");
  assert(possible(took, expire("1", 10), [inspect("r", "a"), at(5, a), 20, 21]), "or much later");
  const again = [renewed, NOTHING, 5, 6] as const;
  assert(!possible(took, again, expire("1", 10), vacant), "that was not its end any more");
  assert(possible(took, again, expire("1", 10), expire("2", 15), vacant));
  // Seen vacant while it was renewed: so it had ended, and was not to be renewed.
  const late = [renewed, NOTHING, 5, 30] as const;
  assert(!possible(took, late, expire("1", 10), expire("2", 40), vacant));
  assert(possible(took, [renewed, NO, 5, 30], expire("1", 10), vacant));
});

Deno.test("it refuses what is about more than one resource, or all of its seats", () => {
  assert.equal(guardedModel.partition(guarded), "r");
  assert.throws(() => guardedModel.partition({ ...b, guard: ifVacant("other", "a") }), /more than/);
  assert.throws(() => guardedModel.partition({ ...b, guard: ifVacant("r") }), /more than/);
  assert.throws(() => guardedModel.partition(inspect("r")), /more than/);
});

/**
 * The model of a seat says what the specification does, and nothing else. Replay the dice of a run
 * with `BATON_SEED`.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire, Outcome } from "../../drivers/driver.ts";
import { chance, seedOfRun } from "../tools/chance.ts";
import { acquire, breakSeat, ifHeld, inspect, release, renew } from "../conformance/operations.ts";
import { linearizable, seats } from "./random_history.ts";
import { expiry, type SeatInput, seatModel } from "./seat_model.ts";
import { type Call, check } from "./wgl.ts";

const seed = seedOfRun();
// deno-lint-ignore no-console -- a run that hangs or is killed reports no seed any more
console.log(`BATON_SEED=${seed}`);

const [a, b] = ["a", "b"].map((id) => acquire("lock:x", { id, ttl: Infinity })) as [
  Acquire,
  Acquire,
];
const NOTHING: Outcome = { ok: true, leases: [] };
const NO: Outcome = { ok: false, leases: [] };
const at = (token: number, { seat, id, value, ttl }: Acquire = a, ok = true): Outcome => (
  { ok, leases: [{ seat, id, token, value, left: ttl }] }
);

/** Whether these can happen one after the other; `undefined` has no answer. */
function possible(...calls: readonly (readonly [SeatInput, Outcome | undefined])[]): boolean {
  const history = calls.map(([input, output], n): Call<SeatInput, Outcome> => (
    { client: "c", input, output, invoked: 2 * n, returned: output ? 2 * n + 1 : Infinity }
  ));
  return check(history, seatModel).linearizable === true;
}

Deno.test("of calls one after the other every answer that differs is refused", () => {
  const random = chance(seed);
  let refused = 0;
  for (let n = 0; n < 500; n++) {
    const history = linearizable(seats, { calls: 12, reach: 0, unknown: 0 }, random);
    assert.equal(check(history, seats.model).linearizable, true, `BATON_SEED=${seed}, ${n}`);
    for (const victim of history) {
      const output = victim.output as Outcome;
      const other = seats.wrong(output, random);
      // One who saw a token alone may as well have seen another; other tests are about them.
      const same = JSON.stringify(untold(other)) === JSON.stringify(untold(output));
      if (same) continue;
      const wrong = history.map((call) => call === victim ? { ...call, output: other } : call);
      assert.equal(check(wrong, seats.model).linearizable, false, `BATON_SEED=${seed}, ${n}`);
      refused++;
    }
  }
  assert.ok(refused > 3_000);
});

function untold({ ok, leases }: Outcome): unknown {
  return [ok, leases.map((lease) => ({ ...lease, token: 0, left: 0 }))];
}

Deno.test("a token is above every earlier one, and a lease keeps its own", () => {
  const again = [[a, at(5)], [release(a), NOTHING]] as const;
  assert.ok(possible(...again, [b, at(6, b)]));
  assert.ok(!possible(...again, [b, at(5, b)]), "a token for two");
  assert.ok(!possible(...again, [b, at(4, b)]), "a token that falls");
  assert.ok(possible([a, at(5)], [a, at(5)]), "a replay");
  assert.ok(!possible([a, at(5)], [a, at(6)]), "a replay that is granted anew");
  assert.ok(!possible([a, at(5)], [inspect("lock:x", ""), at(6)]));
  assert.ok(!possible([a, at(5.5)]), "a token that is no whole number");
});

Deno.test("a seat has one holder, and whoever is refused is told who it is", () => {
  assert.ok(possible([a, at(5)], [b, at(5, a, false)]));
  assert.ok(!possible([a, at(5)], [b, at(6, b)]), "two holders");
  assert.ok(!possible([a, at(5)], [b, NO]), "a refusal without a reason");
  assert.ok(!possible([b, at(5, a, false)]), "a holder who never was");
});

Deno.test("an acquisition without an answer holds the seat or not, and its token is the one first seen", () => {
  const look = inspect("lock:x", "");
  assert.ok(possible([a, undefined], [look, NOTHING]));
  assert.ok(possible([a, undefined], [look, at(7)], [a, at(7)]));
  assert.ok(!possible([a, undefined], [look, at(7)], [a, at(8)]));
  assert.ok(!possible([b, at(9, b)], [release(b), NOTHING], [a, undefined], [look, at(9)]));
  assert.ok(!possible([a, undefined], [look, at(7)], [look, NOTHING]), "nobody released it");
  assert.ok(possible([a, undefined], [release(a), undefined], [look, at(7)], [look, NOTHING]));
});

Deno.test("a look that tells a token may have been at the second grant of an id, not the first", () => {
  const call = (
    input: SeatInput,
    output: Outcome | undefined,
    invoked: number,
    returned: number,
  ) => (
    { client: "c", input, output, invoked, returned }
  );
  const history = [
    call(a, undefined, 0, Infinity),
    call(inspect("lock:x", ""), at(7), 1, 10),
    call(breakSeat(a), NOTHING, 2, 3),
    call(a, at(7), 4, 5),
  ];
  assert.equal(check(history, seatModel).linearizable, true);
});

Deno.test("a release sent more than once counts as done, and touches nobody else", () => {
  const resent = { ...release(a), resent: true };
  assert.ok(possible([resent, NOTHING]));
  assert.ok(possible([b, at(5, b)], [resent, NOTHING], [renew(b), NOTHING]));
  assert.ok(!possible([release(a), NOTHING]), "one that was sent once found nobody");
  assert.ok(!possible([b, at(5, b)], [resent, NOTHING], [renew(b), NO]));
  assert.ok(!possible([a, at(5)], [resent, NOTHING], [renew(a), NOTHING]));
});

Deno.test("a break ends whoever is there", () => {
  assert.ok(possible([b, at(5, b)], [breakSeat(a), NOTHING], [renew(b), NO]));
  assert.ok(!possible([breakSeat(a), NOTHING]));
});

Deno.test("a lease without end is shown without one, and a live one has time left", () => {
  const short = { ...a, ttl: 9 };
  assert.ok(possible([short, at(5, short)]));
  assert.ok(!possible([short, at(5)]));
  assert.ok(!possible([a, at(5, short)]));
  assert.ok(!possible([short, at(5, { ...short, ttl: 0 })]));
});

Deno.test("a lease ends by itself only at the instant that is known", () => {
  const call = (input: SeatInput, output: Outcome | undefined, invoked: number) => (
    { client: "c", input, output, invoked, returned: output ? invoked + 1 : Infinity }
  );
  const ends = (...calls: readonly Call<SeatInput, Outcome>[]) =>
    check(calls, seatModel).linearizable;
  const granted = call(a, at(5), 0);
  assert.equal(ends(granted, call(b, at(6, b), 10)), false);
  assert.equal(ends(granted, call(b, at(6, b), 10), expiry(a, 8)), true);
  assert.equal(ends(granted, call(b, at(6, b), 10), expiry(a, 10.5)), true);
  assert.equal(ends(granted, call(b, at(6, b), 10), expiry(a, 12)), false);
  assert.equal(ends(granted, call(renew(a), NOTHING, 10), expiry(a, 8)), false);
  assert.equal(ends(granted, call(release(a), NOTHING, 4), expiry(a, 8, false)), true);
  assert.equal(ends(granted, expiry(a, 8, false)), false);
  assert.equal(ends(call(a, undefined, 0), expiry(a, 8)), true);
});

Deno.test("it refuses what is not about one seat", () => {
  const guarded = { ...a, guard: ifHeld("lock:y") };
  assert.throws(() => seatModel.partition(guarded), /two seats/);
  assert.throws(() => seatModel.partition(inspect("lock:x")), /not about one/);
});

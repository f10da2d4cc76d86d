/**
 * What makes the search of the lease protocol small must not make it blind.
 *
 * @module
 */

import assert from "node:assert/strict";
import { forgotten } from "./lease_forget.ts";
import { leaseProtocol, modelOf } from "./lease_protocol.ts";
import { LAWLESS, PUNCTUAL, REPLAY } from "./lease_scopes.ts";
import { keyOf } from "./lease_key.ts";
import type { Scope, State } from "./lease_state.ts";
import { search, type Space } from "./search.ts";

const SCOPES: readonly (readonly [string, Scope])[] = [
  ["two acquisitions", { ...PUNCTUAL, renewals: 0 }],
  ["renewals", { ...REPLAY, attempts: [1], renewals: 2 }],
  ["writes and a restart", { ...LAWLESS, unheard: 0, horizon: 1 }],
];

/** Every state of a space, by a key that leaves nothing out. */
function statesOf(space: Space<State>, short: (state: State) => string): Map<string, State> {
  const states = new Map<string, State>();
  search({
    ...space,
    key: (state) => {
      const whole = JSON.stringify(state);
      states.set(whole, state);
      return short(state);
    },
  });
  return states;
}

for (const [what, scope] of SCOPES) {
  const question = { scope, properties: [] };

  Deno.test(`a short key stands for one state and no other, with ${what}`, () => {
    const short = new Map<string, string>();
    for (const [whole, state] of statesOf(leaseProtocol(question), JSON.stringify)) {
      const key = keyOf(state);
      assert.equal(short.get(key) ?? whole, whole);
      short.set(key, whole);
    }
    assert(short.size > 1_000, `only ${short.size} states`);
  });

  Deno.test(`forgetting what makes no difference loses no state that does, with ${what}`, () => {
    const model = modelOf(question);
    const all = statesOf(leaseProtocol({ ...question, forgets: false }), keyOf);
    const kept = statesOf(leaseProtocol(question), keyOf);
    const reduced = new Set([...all.values()].map((state) => keyOf(forgotten(model, state))));
    assert.deepEqual(reduced, new Set([...kept.values()].map(keyOf)));
    assert(reduced.size < all.size, "there was nothing to forget");
  });
}

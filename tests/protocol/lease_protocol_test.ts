import assert from "node:assert/strict";
import { PROMISED, PROPERTIES } from "./lease_properties.ts";
import { leaseProtocol } from "./lease_protocol.ts";
import { RIGHT } from "./lease_rules.ts";
import { BROKEN, HARMLESS, NOT_PROMISED, RIGHT_WORLDS, type Variant } from "./lease_variants.ts";
import { search } from "./search.ts";

/** No search here needs as many; one that does says "not exhausted", and fails. */
const LIMIT = { states: 400_000 };

for (const world of RIGHT_WORLDS) {
  const { name, states, depth } = world;
  const seen = `${states.toLocaleString("en")} states, ${depth} steps deep`;
  Deno.test(`all that is promised holds with ${name}: ${seen}`, () => {
    const verdict = search(leaseProtocol(world), LIMIT);
    assert.deepEqual(
      { outcome: verdict.outcome, states: verdict.states, depth: verdict.depth },
      { outcome: "exhausted", states, depth },
    );
  });
}

/** The search finds this property broken, in so many steps, and no step too many. */
function assertBroken(variant: Variant): void {
  const space = leaseProtocol(variant);
  const verdict = search(space, LIMIT);
  assert(verdict.outcome === "broken", `${verdict.outcome} after ${verdict.states} states`);
  const [property] = variant.properties;
  assert.equal(verdict.property, property && PROPERTIES[property]);
  assert.equal(verdict.trace.length, variant.steps, verdict.trace.join("\n"));
  // Walked by itself, it breaks at its last step and not before.
  let state = space.initial;
  for (const label of verdict.trace) {
    assert.equal(space.invariant(state), undefined, `broken before: ${label}`);
    const step = [...space.next(state)].find((step) => step.label === label);
    assert.ok(step, `nobody could do this: ${label}`);
    state = step.state;
  }
  assert.equal(space.invariant(state), verdict.property);
}

for (const variant of BROKEN) {
  const [property] = variant.properties;
  Deno.test(`${variant.name}: breaks "${property}" in ${variant.steps} steps`, () => {
    assertBroken(variant);
  });
}

for (const variant of NOT_PROMISED) {
  const [property] = variant.properties;
  Deno.test(`not promised, "${property}": ${variant.name}, in ${variant.steps} steps`, () => {
    assertBroken(variant);
  });
}

for (const variant of HARMLESS) {
  const holds = variant.properties.length > 2 ? "all" : variant.properties.join(" and ");
  Deno.test(`${variant.name}: ${holds} holds all the same`, () => {
    const { outcome, states } = search(leaseProtocol(variant), LIMIT);
    assert.equal(outcome, "exhausted", `after ${states} states`);
  });
}

Deno.test("every rule is taken away by some variant, and every promise is broken by one", () => {
  const rules = new Set(BROKEN.flatMap(({ rules = {} }) => Object.keys(rules)));
  assert.deepEqual([...rules].sort(), Object.keys(RIGHT).sort());
  const promises = new Set(BROKEN.flatMap(({ properties }) => properties));
  assert.deepEqual([...promises].sort(), [...PROMISED].sort());
});

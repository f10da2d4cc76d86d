/**
 * How keys are named.
 *
 * @module
 */

import assert from "node:assert/strict";
import { escape, keysUnder } from "../../../drivers/consul/keys.ts";

const KEYS = keysUnder("p");

Deno.test("Consul: only letters, digits and - stand in a name as they are", () => {
  assert.equal(escape("aZ09-"), "aZ09-");
  assert.equal(escape("_.!~*'()/ é,\n"), "_5F_2E_21_7E_2A_27_28_29_2F_20_C3_A9_2C_0A");
});

Deno.test("Consul: each thing has its place, and the place of a lease is read back", () => {
  assert.deepEqual(
    [KEYS.epoch, KEYS.under("a:"), KEYS.folder("a:")],
    ["p/epoch", "p/lease/a_3A", "p/lease/a_3A/"],
  );
  assert.equal(KEYS.seat("a:", "s_"), "p/lease/a_3A/s_5F,");
  assert.equal(KEYS.seat("a", ""), "p/lease/a/,");
  for (const [resource, seat] of [["a:/b_", "s,é"], ["a", ""]] as const) {
    assert.deepEqual(KEYS.placeOf(KEYS.seat(resource, seat)), { resource, seat });
  }
  const none = [
    ...["p/epoch", "p/mark/7,", "q/lease/a/s,", "p/lease/a/s", "p/lease/a/s,x", "p/lease/a/b/s,"],
    ...["p/lease//s,", "x/lease/a/,", "p/lease/.a/s,"],
  ];
  for (const key of none) assert.equal(KEYS.placeOf(key), undefined, key);
});

Deno.test("Consul: the marks are those of FNV-1a, folded, so that all versions mean the same", () => {
  for (const resource of ["", "a", "group:g", "lock:payments", "é".repeat(40)]) {
    let hash = 0x811c9dc5n;
    for (const letter of resource) {
      hash = ((hash ^ BigInt(letter.charCodeAt(0))) * 0x01000193n) % 2n ** 32n;
    }
    const mark = (hash ^ (hash >> 15n)) % 4_096n;
    assert.equal(KEYS.mark(resource), `p/mark/${mark},`);
  }
});

/**
 * How keys are named, and how leases stand in them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { escape, keysUnder } from "../../../drivers/consul/keys.ts";
import {
  encodeRecord,
  entryIn,
  type Found,
  hasSession,
  type Record,
  recordOf,
  tokenOf,
} from "../../../drivers/consul/record.ts";
import { UnknownOutcome } from "../../../errors.ts";

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

const DAY = 86_400_000;

Deno.test("Consul: a lease has a session up to a day, and beyond that an end by the clock unless it has none", () => {
  assert.deepEqual([hasSession(DAY), hasSession(DAY + 1), hasSession(Infinity)], [
    true,
    false,
    false,
  ]);
  const lease = { seat: "s", id: "i", token: 7, value: "v", left: DAY };
  assert.deepEqual(recordOf(lease, 500), { id: "i", ttl: DAY, value: "v", ends: 0 });
  assert.equal(recordOf({ ...lease, left: DAY + 1 }, 500).ends, DAY + 501);
  assert.equal(recordOf({ ...lease, left: Infinity }, 500).ends, 0);
});

const found = (record: Record, more: Partial<Found> = {}): Found => (
  { Key: "k", Value: encodeRecord(record), CreateIndex: 5, ModifyIndex: 6, ...more }
);

Deno.test("Consul: what is stored is a line of JSON and the value as it is, and is read back", () => {
  const record = { id: 'i"', ttl: 5_000, value: "v\nw", ends: 0 };
  assert.equal(encodeRecord(record), btoa('["i\\"",5000,0]\nv\nw'));
  assert.equal(encodeRecord({ ...record, ttl: Infinity, value: "" }), btoa('["i\\"",0,0]\n'));
  const entry = { ...record, session: "", created: 5, modified: 6 };
  assert.deepEqual(entryIn(found(record)), entry);
  assert.deepEqual(entryIn(found(record, { Session: "x" })), { ...entry, session: "x" });
  const endless = { ...record, ttl: Infinity, value: "" };
  assert.deepEqual(entryIn(found(endless)), { ...entry, ...endless });
});

Deno.test("Consul: what Baton has not written is no lease", () => {
  const wrong: readonly Partial<Found>[] = [
    ...[
      "",
      "x",
      "[]\n",
      '["i",1]\n',
      "[1,1,0]\nv",
      '["i","1",0]\n',
      '["i",1.5,0]\n',
      '["i",1,"0"]\n',
    ]
      .map((text) => ({ Value: btoa(text) })),
    { Value: null },
    { Session: 5 as never },
    { CreateIndex: 2 ** 53 },
    { ModifyIndex: "6" as never },
  ];
  const record = { id: "i", ttl: 5_000, value: "", ends: 0 };
  for (const each of wrong) {
    assert.throws(() => entryIn(found(record, each)), JSON.stringify(each));
  }
});

Deno.test("Consul: a token is the epoch and the index of the grant, if JavaScript can hold it", () => {
  assert.equal(tokenOf(1_000, 7), 1_007);
  assert.equal(tokenOf(Number.MAX_SAFE_INTEGER - 7, 7), Number.MAX_SAFE_INTEGER);
  assert.throws(() => tokenOf(Number.MAX_SAFE_INTEGER - 6, 7), UnknownOutcome);
  assert.throws(() => tokenOf(1_000), UnknownOutcome);
});

/**
 * How a lease stands in its key, and what its token is.
 *
 * @module
 */

import assert from "node:assert/strict";
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

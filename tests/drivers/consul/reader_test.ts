/**
 * What is read for a batch, in one request.
 *
 * @module
 */

import assert from "node:assert/strict";
import { read } from "../../../drivers/consul/reader.ts";
import type { Found } from "../../../drivers/consul/record.ts";
import type { Verb } from "../../../drivers/consul/transaction.ts";
import type { Op } from "../../../drivers/driver.ts";
import { acquire, ifHeld, ifVacant, inspect, list, renew } from "../../conformance/operations.ts";
import { KEYS, lease, requests } from "./fake_requests.ts";

async function keysFor(...ops: readonly Op[]): Promise<{ keys: string[]; length: number }> {
  const { asked, requests: fake } = requests([]);
  const { length } = await read(KEYS, ops, fake);
  const [verbs] = asked as [readonly Verb[]];
  assert.ok(asked.length === 1 && verbs.every(({ Verb }) => Verb === "get-tree"));
  return { keys: verbs.map(({ Key }) => Key), length };
}

Deno.test("Consul: a look reads the seat or the folder of each operation and its guard, with the mark, each once", async () => {
  const mine = acquire("a", { guard: ifVacant("b") });
  const [epoch, a, b, mark] = ["p/epoch", "p/lease/a/,", "p/lease/b/", KEYS.mark("b")];
  assert.deepEqual(await keysFor(mine), { keys: [epoch, a, b, mark], length: 1 });
  assert.deepEqual((await keysFor(mine, renew(mine), mine)).keys, [epoch, a, b, mark]);
  const guarded = { ...mine, guard: ifHeld("b", "s") };
  assert.deepEqual((await keysFor(guarded)).keys, [epoch, a, "p/lease/b/s,"]);
  assert.deepEqual((await keysFor(inspect("b"), list("a:"))).keys, [
    epoch,
    b,
    mark,
    "p/lease/a_3A",
  ]);
});

Deno.test("Consul: a look is for as many operations as one request can read, and one at least", async () => {
  const seats = Array.from({ length: 70 }, (_, n) => inspect("a", `${n}`));
  const { keys, length } = await keysFor(...seats);
  assert.deepEqual([keys.length, length], [61, 60]);
  assert.equal((await keysFor(...seats.slice(0, 60))).length, 60);
  // One that takes two places does not fit where one is left.
  const wide = [...seats.slice(0, 59), inspect("b"), inspect("c", "")];
  assert.equal((await keysFor(...wide)).length, 59);
  assert.equal((await keysFor(...wide.slice(1))).length, 59);
});

Deno.test("Consul: what was read is leases, marks, the epoch and the time", async () => {
  const mark: Found = { Key: KEYS.mark("b"), Value: null, CreateIndex: 7, ModifyIndex: 8 };
  const { requests: fake } = requests([lease("s", 0), mark]);
  const { snapshot: { now, epoch, entries, marks } } = await read(KEYS, [inspect("a")], fake);
  assert.deepEqual([now, epoch, [...entries.keys()]], [5_000, 1_000, [KEYS.seat("a", "s")]]);
  assert.deepEqual([...marks], [[KEYS.mark("b"), 8]]);
});

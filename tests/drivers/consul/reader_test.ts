/**
 * What is read for a batch, in one request, and what a sweep reads and removes.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Done, Requests, Undone } from "../../../drivers/consul/client.ts";
import { keysUnder } from "../../../drivers/consul/keys.ts";
import { read } from "../../../drivers/consul/reader.ts";
import { encodeRecord, type Found } from "../../../drivers/consul/record.ts";
import { sweep, sweptBy } from "../../../drivers/consul/sweep.ts";
import type { Verb } from "../../../drivers/consul/transaction.ts";
import type { Op } from "../../../drivers/driver.ts";
import { acquire, ifHeld, ifVacant, inspect, list, renew } from "../../conformance/operations.ts";

const KEYS = keysUnder("p");
const EPOCH: Found = { Key: "p/epoch", Value: btoa("1000"), CreateIndex: 1, ModifyIndex: 1 };
const WEEK = 7 * 86_400_000;

/** Requests that find these keys, and which names there are; what was asked is kept. */
function requests(found: readonly Found[], names: readonly string[] = []) {
  const asked: (readonly Verb[])[] = [];
  const fake = {
    transact: (verbs: readonly Verb[], _reads: boolean): Promise<Done | Undone> => {
      asked.push(verbs);
      return Promise.resolve({ found: [EPOCH, ...found], now: 5_000 });
    },
    names: () => Promise.resolve(names),
  };
  return { asked, requests: fake as unknown as Requests };
}

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

const lease = (seat: string, ends: number, more: Partial<Found> = {}): Found => ({
  Key: KEYS.seat("a", seat),
  Value: encodeRecord({ id: "i", ttl: WEEK, value: "", ends }),
  ...{ CreateIndex: 5, ModifyIndex: 6 },
  ...more,
});

Deno.test("Consul: what was read is leases, marks, the epoch and the time", async () => {
  const mark: Found = { Key: KEYS.mark("b"), Value: null, CreateIndex: 7, ModifyIndex: 8 };
  const { requests: fake } = requests([lease("s", 0), mark]);
  const { snapshot: { now, epoch, entries, marks } } = await read(KEYS, [inspect("a")], fake);
  assert.deepEqual([now, epoch, [...entries.keys()]], [5_000, 1_000, [KEYS.seat("a", "s")]]);
  assert.deepEqual([...marks], [[KEYS.mark("b"), 8]]);
});

Deno.test("Consul: a sweep removes what has ended by the clock, among 48 that it looks at", async () => {
  const ended = lease("s", 5_000);
  const names = [ended.Key, KEYS.seat("a", "t"), "p/lease/a/x"];
  const one = requests([ended, lease("t", 5_001)], names);
  await sweep("a", KEYS, one.requests);
  const [looked, removed, ...more] = one.asked;
  assert.deepEqual(looked?.map(({ Key }) => Key).sort(), ["p/epoch", ...names.slice(0, 2)].sort());
  assert.deepEqual(removed, [{ Verb: "delete-cas", Key: ended.Key, Index: 6 }]);
  assert.deepEqual(more, []);
  const many = requests([], Array.from({ length: 99 }, (_, n) => KEYS.seat("a", `${n}`)));
  await sweep("a", KEYS, many.requests);
  assert.deepEqual(many.asked.map(({ length }) => length), [49]);
  const broken = { names: () => Promise.reject(new Error("no")) } as unknown as Requests;
  // The grant stands.
  await sweep("a", KEYS, broken);
});

Deno.test("Consul: one grant in sixteen is followed by a sweep, if its lease ends by the clock", () => {
  let swept = 0;
  for (let token = 1; token <= 4_000; token++) {
    const granted = { ok: true, leases: [{ seat: "", id: "i", token, value: "", left: WEEK }] };
    const other = { ok: false, leases: granted.leases };
    const week = acquire("a", { ttl: WEEK });
    const isSwept = (op: Op, outcome = granted) => sweptBy([op], [outcome]) !== undefined;
    if (isSwept(week)) swept++;
    assert.ok(!isSwept(acquire("a", { ttl: 86_400_000 })));
    assert.ok(!isSwept(acquire("a", { ttl: Infinity })));
    assert.ok(!isSwept(renew(week)) && !isSwept(week, other));
    const [first, second] = [acquire("b", { ttl: WEEK }), acquire("c", { ttl: WEEK })];
    if (isSwept(week)) {
      assert.equal(sweptBy([first, second], [other, granted]), second);
      assert.equal(sweptBy([first, second], [granted, granted]), first);
    }
  }
  assert.ok(Math.abs(swept - 250) < 10, `${swept}`);
});

/**
 * What one transaction checks and writes, and how much of it fits into one.
 *
 * @module
 */

import assert from "node:assert/strict";
import { encodeRecord } from "../../../drivers/consul/record.ts";
import { endings, type Snapshot, Transaction } from "../../../drivers/consul/transaction.ts";
import { step } from "../../../drivers/kit/step.ts";
import type { Acquire, Op, Outcome } from "../../../drivers/driver.ts";
import {
  acquire,
  ifHeld,
  ifVacant,
  inspect,
  list,
  release,
  renew,
} from "../../conformance/operations.ts";
import { entry, KEYS, NOW, snapshot, TTL, WEEK } from "./snapshots.ts";

function run(seen: Snapshot, ...ops: readonly Op[]): { outcomes: Outcome[]; table: Transaction } {
  const table = new Transaction(KEYS, seen);
  const outcomes = ops.map((op) => {
    assert.ok(table.admits(op));
    table.any = (op as Acquire).guard?.when === "held";
    return step(op, table);
  });
  return { outcomes, table };
}

const [A, B, MARK_B] = ["p/lease/a/,", "p/lease/b/s,", KEYS.mark("b")];
const mine = acquire("a", { id: "i", ttl: TTL, value: "w" });
const seat = acquire("b", { seat: "s", id: "i", ttl: TTL, value: "w" });
const stored = (more = {}) => encodeRecord({ id: "i", ttl: TTL, value: "w", ends: 0, ...more });
const absent = (Key: string) => ({ Verb: "check-not-exists", Key });
const unchanged = (Key: string, Index = 6) => ({ Verb: "check-index", Key, Index });
const written = (table: Transaction) => table.parts((ttl) => `of ${ttl}`);
const changeMark = (Key: string) => [{ Verb: "delete", Key }, { Verb: "set", Key, Value: "" }];

Deno.test("Consul: a grant checks that its key is absent and locks it; one of a seat with a name changes the mark", () => {
  const lock = { Verb: "lock", Value: stored(), Session: `of ${TTL}` };
  assert.deepEqual(written(run(snapshot({}), mine).table), [[absent(A), { ...lock, Key: A }]]);
  const { table } = run(snapshot({}), seat);
  assert.deepEqual(written(table), [[absent(B), { ...lock, Key: B }, ...changeMark(MARK_B)]]);
  assert.deepEqual([...table.kept.keys()], [TTL]);
  const { granted, renewed } = table.kept.get(TTL)!;
  assert.deepEqual([[...granted.keys()], [...renewed.keys()]], [[B], []]);
  for (const ttl of [Infinity, WEEK]) {
    const Value = stored({ ttl, ends: ttl === WEEK ? NOW + WEEK : 0 });
    const { table } = run(snapshot({}), { ...mine, ttl });
    assert.deepEqual(written(table), [[absent(A), { Verb: "set", Key: A, Value }]]);
    assert.equal(table.kept.size, 0);
  }
});

Deno.test("Consul: the token of a grant is not known before it is written, and that of another is", () => {
  const { outcomes, table } = run(snapshot({ b: entry("o") }), mine, acquire("b", { ttl: TTL }));
  const [[granted], [other]] = outcomes.map(({ leases }) => leases) as [Lease[], Lease[]];
  assert.deepEqual([table.grantedKey(granted!), table.grantedKey(other!)], [A, undefined]);
  assert.equal(other?.token, 1_005);
  const two = run(snapshot({}), mine, seat);
  assert.deepEqual(two.outcomes.map(({ leases }) => two.table.grantedKey(leases[0]!)), [A, B]);
});
type Lease = Outcome["leases"][number];

Deno.test("Consul: a renewal in its session writes nothing but a new value, and otherwise moves it", () => {
  const held = (more = {}) => snapshot({ a: entry("i", { value: "w", ...more }) });
  const same = () => `s1`;
  const again = renew(mine);
  assert.deepEqual(run(held(), again).table.parts(same), []);
  assert.deepEqual(run(held(), renew(mine, "x")).table.parts(same), [
    [unchanged(A), { Verb: "set", Key: A, Value: stored({ value: "x" }) }],
  ]);
  const value = { Key: A, Value: stored() };
  assert.deepEqual(written(run(held(), again).table), [[
    unchanged(A),
    { Verb: "unlock", ...value, Session: "s1" },
    { Verb: "lock", ...value, Session: `of ${TTL}` },
  ]]);
  assert.deepEqual(written(run(held({ session: "" }), again).table), [[
    unchanged(A),
    { Verb: "lock", ...value, Session: `of ${TTL}` },
  ]]);
  // One that ends by the clock is written each time, and leaves a session if it was in one.
  const longer = stored({ ttl: WEEK, ends: NOW + WEEK });
  const week = renew({ ...mine, ttl: WEEK });
  assert.deepEqual(written(run(held(), week).table), [[
    unchanged(A),
    { Verb: "unlock", Key: A, Value: longer, Session: "s1" },
  ]]);
  assert.deepEqual(written(run(held({ session: "", ttl: WEEK, ends: NOW + 1 }), week).table), [[
    unchanged(A),
    { Verb: "set", Key: A, Value: longer },
  ]]);
  const { kept } = run(held(), again).table;
  assert.deepEqual([...kept.get(TTL)!.renewed.keys()], [A]);
});

Deno.test("Consul: a lease that is granted and renewed in one transaction is a grant, and is written twice at most", () => {
  const { table, outcomes } = run(snapshot({}), mine, renew(mine), renew(mine, "x"));
  assert.deepEqual(outcomes.map(({ ok }) => ok), [true, true, true]);
  const { granted, renewed } = table.kept.get(TTL)!;
  assert.deepEqual([granted.get(A)?.value, renewed.size], ["x", 0]);
  assert.deepEqual(written(table), [[
    absent(A),
    { Verb: "lock", Key: A, Value: stored(), Session: `of ${TTL}` },
    { Verb: "set", Key: A, Value: stored({ value: "x" }) },
  ]]);
});

Deno.test("Consul: a release deletes what was seen there, and one known from its session checks that", () => {
  const seen = snapshot({ a: entry("i") });
  const { table } = run(seen, release(mine));
  assert.deepEqual(written(table), [[unchanged(A), { Verb: "delete", Key: A }]]);
  assert.deepEqual([...table.ended], [A]);
  const known = snapshot({ a: entry("i", { modified: undefined }) });
  assert.deepEqual(written(run(known, release(mine)).table), [[
    { Verb: "check-session", Key: A, Session: "s1" },
    { Verb: "delete", Key: A },
  ]]);
  // It is gone, and may be taken again.
  const { outcomes } = run(seen, release(mine), { ...mine, id: "j" });
  assert.deepEqual(outcomes.map(({ ok, leases }) => [ok, leases.length]), [[true, 0], [true, 1]]);
});

Deno.test("Consul: a guard on all seats checks the mark and the only seat, and all that are there if it has to", () => {
  const guarded = (guard: Acquire["guard"]) => ({ ...mine, guard });
  const LOCK = { Verb: "lock", Key: A, Value: stored(), Session: `of ${TTL}` };
  const only = "p/lease/b/,";
  assert.deepEqual(written(run(snapshot({}), guarded(ifVacant("b"))).table), [[
    absent(A),
    absent(MARK_B),
    absent(only),
    LOCK,
  ]]);
  assert.deepEqual(written(run(snapshot({}, { b: 9 }), guarded(ifVacant("b"))).table), [[
    absent(A),
    unchanged(MARK_B, 9),
    absent(only),
    LOCK,
  ]]);
  const two = snapshot({ "b/s": entry("x"), "b/t": entry("y"), "bc/s": entry("z") }, { b: 9 });
  // One is enough to be held.
  assert.deepEqual(written(run(two, guarded(ifHeld("b"))).table), [[
    absent(A),
    unchanged(B),
    LOCK,
  ]]);
  assert.deepEqual(run(two, guarded(ifVacant("b"))).outcomes[0]?.leases.map(({ id }) => id), [
    "x",
    "y",
  ]);
  const { outcomes } = run(two, guarded(ifHeld("b", "t")));
  assert.equal(outcomes[0]?.ok, true);
});

Deno.test("Consul: a look ends each lease that has ended by the clock, and no other", () => {
  const over = entry("x", { ends: NOW, session: "", ttl: WEEK });
  const living = entry("y", { ends: NOW + 5, session: "", ttl: WEEK });
  const seen = snapshot({ a: over, "b/s": living, "b/t": entry("z", { ends: 0 }) });
  const { outcomes, table } = run(seen, inspect("a"));
  assert.deepEqual(outcomes[0]?.leases, []);
  assert.deepEqual(written(table)[0]?.at(-1), { Verb: "delete", Key: A });
  const both = run(seen, inspect("b"));
  assert.deepEqual(both.outcomes[0]?.leases.map(({ id, left }) => [id, left]), [
    ["y", 5],
    ["z", TTL],
  ]);
  assert.deepEqual(written(both.table), []);
  // A clock that was set back gives no lease more than its ttl.
  const back = snapshot({ a: { ...living, ends: NOW + 2 * WEEK } });
  assert.equal(run(back, inspect("a")).outcomes[0]?.leases[0]?.left, WEEK);
  assert.deepEqual(endings(seen), [[{ Verb: "delete-cas", Key: A, Index: 6 }]]);
  assert.deepEqual(endings(snapshot({ a: { ...over, modified: undefined } })), []);
  const many = Object.fromEntries(Array.from({ length: 130 }, (_, n) => [`a/${n}`, over]));
  assert.deepEqual(endings(snapshot(many)).map(({ length }) => length), [64, 64, 2]);
});

Deno.test("Consul: a list goes by the order of the keys, from behind a place on, and only what lives", () => {
  const over = entry("x", { ends: NOW, session: "", ttl: WEEK });
  const seen = snapshot({
    ...{ "b/t": entry("t"), "b/s": entry("s"), a: entry("a"), "b/u": over },
    ...{ "c/s": entry("c") },
  });
  const ids = (...args: Parameters<typeof list>) =>
    run(seen, list(...args)).outcomes[0]?.leases.map(({ id }) => id);
  assert.deepEqual(ids(""), ["a", "s", "t", "c"]);
  assert.deepEqual(ids("b"), ["s", "t"]);
  assert.deepEqual(ids("b", 10, '["b","s"]'), ["t"]);
  assert.deepEqual(ids("", 2), ["a", "s"]);
  const [first] = run(seen, list("c")).outcomes[0]!.leases;
  assert.deepEqual(first, {
    ...{ resource: "c", seat: "s", id: "c", token: 1_005, value: "v", left: TTL },
  });
});

/** How many of these share one transaction. */
function admitted(ops: readonly Op[], seen = snapshot({})): number {
  const table = new Transaction(KEYS, seen);
  return ops.findIndex((op) => {
    if (!table.admits(op)) return true;
    table.any = false;
    step(op, table);
    return false;
  });
}
const times = (count: number, op: (n: number) => Op): Op[] =>
  Array.from({ length: count }, (_, n) => op(n));

Deno.test("Consul: a transaction has at most 64 verbs and a part of Consul's 512 KB, and grants no seat twice", () => {
  // A check and a lock; and for a seat with a name two for the mark.
  assert.equal(admitted(times(99, (n) => acquire(`a${n}`, { ttl: TTL }))), 28);
  assert.equal(admitted(times(99, (n) => acquire("a", { seat: `${n}`, ttl: TTL }))), 14);
  const value = "v".repeat(40_000);
  const large = times(99, (n) => acquire(`a${n}`, { value, ttl: TTL }));
  assert.equal(admitted(large), 6);
  // The base64 of 40,000 bytes, six times, and four for each character that comes.
  const filled = large.slice(0, 6);
  const bytes = filled.reduce(
    (all, op) => all + encodeRecord({ ...op as Acquire, ends: 0 }).length,
    0,
  );
  const left = Math.ceil((450_000 - bytes) / 4) - 1;
  const next = (length: number) => acquire("b", { value: "v".repeat(length), ttl: TTL });
  assert.equal(admitted([...filled, next(left), list("")]), 7);
  assert.equal(admitted([...filled, next(left + 1)]), 6);
  assert.equal(admitted([mine, release(mine), { ...mine, id: "j" }]), 2);
  // A renewal that moves a lease writes two verbs, and a release one.
  const there = Object.fromEntries(
    times(99, (n) => inspect(`a${n}`)).map((_, n) => [`a${n}`, entry("i")]),
  );
  const each = (op: (acquired: Acquire) => Op) =>
    admitted([seat, ...times(99, (n) => op({ ...mine, resource: `a${n}` }))], snapshot(there));
  assert.deepEqual([each(renew), each(release)], [19, 27]);
  assert.equal(admitted([mine, release(mine), acquire("c", { ttl: TTL }), list("")]), 3);
  // Looks do not see what was written before; and after looks a write needs their checks.
  assert.equal(admitted([inspect("a"), list(""), mine, inspect("a")]), 3);
  assert.equal(admitted([mine, list("")]), 1);
});

Deno.test("Consul: any number of renewals go together, in as many transactions as they take", () => {
  const all = times(70, (n) => renew({ ...mine, resource: `a${n}` }, "x")) as Op[];
  const there = Object.fromEntries(all.map((_, n) => [`a${n}`, entry("i")]));
  const { table } = run(snapshot(there), ...all);
  // A check, an unlock and a lock of each.
  assert.deepEqual(written(table).map(({ length }) => length), [57, 57, 57, 39]);
  assert.deepEqual(
    written(run(snapshot(there), ...all).table).flat()[0],
    unchanged("p/lease/a0/,"),
  );
  const twice = run(snapshot({ a: entry("i") }), renew(mine, "x"), renew(mine, "y"));
  const verbs = written(twice.table).flat().map(({ Verb }) => Verb);
  assert.deepEqual(verbs, ["check-index", "unlock", "lock", "set"]);
  const value = "v".repeat(60_000);
  const long = run(
    snapshot(there),
    ...times(12, (n) => renew({ ...mine, resource: `a${n}` }, value)),
  );
  const sizes = long.table.parts(() => "s1").map(({ length }) => length);
  assert.deepEqual(sizes, [10, 10, 4], "each is counted in the one that it comes into");
  // All that fits goes together, to the last byte of base64.
  const pair = (length: number) =>
    run(
      snapshot(there),
      ...times(2, (n) => renew({ ...mine, resource: `a${n}` }, "v".repeat(length))),
    )
      .table.parts(() => "s1").length;
  const most = 225_000 / 4 * 3 - '["i",10000,0]\n'.length;
  assert.deepEqual([pair(most), pair(most + 1)], [1, 2]);
  // One that is no renewal comes into no batch of them that is too long for one transaction.
  assert.equal(admitted([...all, mine], snapshot(there)), 70);
});

Deno.test("Consul: what has ended is ended first where it does not fit beside the rest", () => {
  const over = entry("x", { ends: NOW, session: "", ttl: WEEK });
  const some = (count: number) =>
    snapshot(
      Object.fromEntries(times(count, (n) => inspect(`${n}`)).map((_, n) => [`a/${n}`, over])),
    );
  // Each is checked and deleted; the mark and the only seat are checked.
  for (const [count, ends] of [[30, []], [31, [31]], [70, [64, 6]]] as const) {
    const { table } = run(some(count), inspect("a"));
    assert.deepEqual(table.ends().map(({ length }) => length), ends, `${count}`);
  }
  assert.deepEqual(new Transaction(KEYS, some(70)).ends(), []);
});

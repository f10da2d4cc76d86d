/**
 * What each operation is in the words of etcd's gateway, and what its answers mean.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Keys } from "../../../drivers/etcd/keys.ts";
import { type Done, doneIn, groups, guardText, Steps } from "../../../drivers/etcd/txn.ts";
import type { Inspect, Lease, Op } from "../../../drivers/driver.ts";
import { UnknownOutcome } from "../../../errors.ts";
import {
  acquire,
  breakSeat,
  ifHeld,
  ifVacant,
  inspect,
  list,
  page,
  release,
  renew,
} from "../../conformance/operations.ts";
import { did, no, type Shown, YES } from "./canned.ts";

const STEPS = new Steps(new Keys("p/"));
const mine = acquire("r", { seat: "s", id: "i", ttl: 5_000, value: "v" });

const key = (name: string) => ({ key: btoa(`p/${name}`) });
const under = (name: string, end: string) => ({ ...key(name), range_end: btoa(`p/${end}`) });
const held = (span: object) => ({
  target: "CREATE",
  result: "GREATER",
  create_revision: "0",
  ...span,
});
const vacant = (span: object) => ({ ...held(span), result: "EQUAL" });
const range = (span: object) => ({ request_range: span });
const drop = (span: object) => ({ request_delete_range: span });
const put = (name: string, value: string, term?: string) => ({
  request_put: { ...key(name), value: btoa(value), ...term !== undefined && { lease: term } },
});
const txn = (compare: unknown[], success: unknown[], failure: unknown[]) => ({
  request_txn: { compare, success, failure },
});

const LEASE = "leases/r\0s\0i";
const SEAT = under("leases/r\0s\0", "leases/r\0s\x01");
const RESOURCE = under("leases/r\0", "leases/r\x01");
const OTHERS = under("leases/g\0", "leases/g\x01");
const LINE = under("queue/r\0s\0", "queue/r\0s\x01");
const WAITER = "queue/r\0s\0i";

Deno.test("etcd: an acquisition compares its seat and its guard, and reads both where it is refused", () => {
  assert.deepEqual(
    STEPS.acquire(mine, "7"),
    txn([vacant(SEAT)], [put(LEASE, "5000 v", "7")], [range(SEAT)]),
  );
  const endless = { ...mine, ttl: Infinity };
  const guards = [
    [ifHeld("g"), held(OTHERS), OTHERS],
    [ifVacant("r", "s"), vacant(SEAT), SEAT],
  ] as const;
  for (const [guard, compared, read] of guards) {
    assert.deepEqual(
      STEPS.acquire({ ...endless, guard }, undefined),
      txn([vacant(SEAT), compared], [put(LEASE, "Infinity v")], [range(SEAT), range(read)]),
    );
  }
});

Deno.test("etcd: one that waits goes to the end of the queue, lines up there, takes its turn, and leaves", () => {
  const guard = ifHeld("g");
  const waits = { ...mine, guard };
  const mineIs = (place: string) => [
    txn([vacant(key(LEASE))], [put(WAITER, guardText(guard), place)], []),
    range(LINE),
  ];
  const reads = [range(SEAT), range(OTHERS)];
  assert.deepEqual(
    STEPS.queue(waits, "7", "8"),
    txn(
      [vacant(SEAT), held(OTHERS), vacant(LINE)],
      [put(LEASE, "5000 v", "7")],
      [...reads, ...mineIs("8")],
    ),
  );
  assert.deepEqual(
    STEPS.lineUp(waits, "8"),
    txn(
      [vacant(SEAT), held(OTHERS), vacant(LINE), vacant(key("epoch"))],
      [put(LEASE, "5000 v")],
      [...reads, ...mineIs("8")],
    ),
  );
  assert.deepEqual(
    STEPS.next(waits, "7"),
    txn(
      [vacant(SEAT), held(OTHERS), held(key(WAITER))],
      [put(LEASE, "5000 v", "7"), drop(key(WAITER))],
      [...reads, range(LINE)],
    ),
  );
  assert.deepEqual(STEPS.leave(waits), txn([], [drop(key(WAITER)), ...reads], []));
});

Deno.test("etcd: those who wait with one guard are told from those with another", () => {
  const guards = [undefined, ifHeld("g"), ifHeld("g", ""), ifVacant("g"), ifHeld("h")];
  assert.equal(new Set(guards.map(guardText)).size, guards.length);
  assert.equal(guardText(ifHeld("g")), guardText(ifHeld("g")));
});

Deno.test("etcd: a renewal moves its lease unless that was changed since, and keeps its value unless it has one", () => {
  const since = { target: "MOD", result: "LESS", mod_revision: "42", ...key(LEASE) };
  const counted = range({ ...key(LEASE), count_only: true });
  assert.deepEqual(
    STEPS.renew(renew(mine), "7", 41),
    txn(
      [held(key(LEASE)), since],
      [{ request_put: { ...key(LEASE), ignore_value: true, lease: "7" } }],
      [counted],
    ),
  );
  assert.deepEqual(
    STEPS.renew(renew(mine, ""), "7", 41),
    txn([held(key(LEASE)), since], [put(LEASE, "5000 ", "7")], [counted]),
  );
  assert.deepEqual(
    STEPS.renew({ ...renew(mine), ttl: Infinity }, undefined, 41),
    txn(
      [held(key(LEASE)), since],
      [{ request_put: { ...key(LEASE), ignore_value: true } }],
      [counted],
    ),
  );
});

Deno.test("etcd: a release deletes its lease and its place in the queue, a break whoever has the seat", () => {
  const guard = ifVacant("g");
  assert.deepEqual(
    STEPS.of(release(mine)),
    txn([held(key(LEASE))], [drop(key(LEASE))], [range(SEAT), drop(key(WAITER))]),
  );
  assert.deepEqual(
    STEPS.of(release(mine, guard)),
    txn([held(key(LEASE)), vacant(OTHERS)], [drop(key(LEASE))], [
      range(SEAT),
      range(OTHERS),
      drop(key(WAITER)),
    ]),
  );
  assert.deepEqual(
    STEPS.of(breakSeat(mine)),
    txn([held(SEAT)], [drop(SEAT)], [range(SEAT)]),
  );
});

Deno.test("etcd: what looks reads a range, of which a page is the end, and a list goes on behind a seat", () => {
  const last = { limit: "9", sort_order: "DESCEND" };
  const before = { ...RESOURCE, range_end: btoa("p/leases/r\0x\0") };
  const all = { key: btoa("p/leases/"), range_end: btoa("p/leases0") };
  const rows: readonly (readonly [op: Exclude<Op, { op: "acquire" | "renew" }>, span: object])[] = [
    [inspect("r"), RESOURCE],
    [inspect("r", "s"), SEAT],
    [page("r", 9), { ...RESOURCE, ...last }],
    [page("r", 9, "x"), { ...before, ...last }],
    [{ ...page("r", 9, "x"), seat: "s" } as Inspect, SEAT],
    [list("", 9), { ...all, limit: "9" }],
    [list("r", 9), { ...under("leases/r", "leases/s"), limit: "9" }],
    [list("r", 9, '["r","s"]'), {
      ...under("leases/r\0s\x01", "leases/s"),
      limit: "9",
    }],
  ];
  for (const [op, span] of rows) assert.deepEqual(STEPS.of(op), range(span));
});

Deno.test("etcd: any number of operations is some groups of 32", () => {
  const many = Array.from({ length: 65 }, (_, n) => range(key(`${n}`)));
  assert.deepEqual(groups(many), [
    txn([], many.slice(0, 32), []),
    txn([], many.slice(32, 64), []),
    txn([], many.slice(64), []),
  ]);
});

const SHOWN: Shown = { key: "p/leases/r\0s\0i", value: "5000 v w\n", create_revision: "5" };
const OTHER: Shown = { key: "p/leases/r\0t\0j", value: "Infinity ", create_revision: "6" };
const THERE: Lease = { seat: "s", id: "i", token: 1_005, value: "v w\n", left: 5_000 };
const ALSO: Lease = { seat: "t", id: "j", token: 1_006, value: "", left: Infinity };

/** What a transaction of one operation was answered. */
const one = (part: object): Done => doneIn(did([part]) as Record<string, unknown>, 1)![0]!;
const found = (...kvs: readonly Shown[]): object => {
  const all = kvs.map(({ key, value = "", ...more }) => (
    { key: btoa(key), value: btoa(value), ...more }
  ));
  return { response_range: { kvs: all } };
};

Deno.test("etcd: what was found is an outcome, in the order of the seats", () => {
  const granted = { seat: "s", id: "i", token: 1_007, value: "v", left: 5_000 };
  const behind = { ...mine, guard: ifVacant("r") };
  const rows: readonly (readonly [op: Op, part: object, ok: boolean, leases: readonly Lease[]])[] =
    [
      [mine, YES, true, [granted]],
      [mine, no([SHOWN]), true, [THERE]],
      [{ ...mine, id: "k" }, no([SHOWN]), false, [THERE]],
      [mine, no([]), false, []],
      [mine, no([], [OTHER]), false, []],
      [behind, no([], [OTHER, SHOWN]), false, [THERE, ALSO]],
      [{ ...behind, id: "k" }, no([SHOWN], [OTHER]), false, [THERE]],
      [renew(mine), YES, true, []],
      [renew(mine), no([]), false, []],
      [release(mine), YES, true, []],
      [release(mine), no([]), false, []],
      [release({ ...mine, id: "k" }), no([SHOWN]), false, [THERE]],
      [release(mine, ifVacant("r")), no([SHOWN], [OTHER]), false, [ALSO]],
      [breakSeat(mine, ifVacant("r")), no([SHOWN], [OTHER]), false, [ALSO]],
      [breakSeat(mine), no([]), false, []],
      [inspect("r"), found(OTHER, SHOWN), true, [THERE, ALSO]],
      [page("r", 3), found(OTHER, SHOWN), true, [THERE, ALSO]],
      [inspect("r"), {}, true, []],
    ];
  for (const [op, part, ok, leases] of rows) {
    assert.deepEqual(STEPS.outcome(op, one(part)), { ok, leases }, JSON.stringify([op, part]));
  }
  const [end] = [STEPS.outcome(page("r", 2), one(found(OTHER, SHOWN)))];
  assert.deepEqual(end, { ok: true, leases: [THERE, ALSO], after: "s" });
  const listed = STEPS.outcome(list("", 2), one(found(SHOWN, OTHER)));
  const [first, second] = [{ ...THERE, resource: "r" }, { ...ALSO, resource: "r" }];
  assert.deepEqual(listed, { ok: true, leases: [first, second], after: '["r","t"]' });
  assert.equal(STEPS.outcome(list("", 3), one(found(SHOWN))).after, undefined);
});

Deno.test("etcd: a renewal is late where its lease is there, and only then", () => {
  const there = { response_txn: { responses: [{ response_range: { count: "1" } }] } };
  assert.equal(STEPS.isLate(renew(mine), one(there)), true);
  assert.equal(STEPS.isLate(renew(mine), one(no([]))), false);
  assert.equal(STEPS.isLate(renew(mine), one(YES)), false);
  assert.equal(STEPS.isLate(mine, one(no([SHOWN]))), false);
});

Deno.test("etcd: what a deletion answered beside is left out of what was found", () => {
  const parts = [
    ...(no([SHOWN]) as { response_txn: { responses: object[] } }).response_txn
      .responses,
    { response_delete_range: {} },
    { response_range: {} },
  ];
  const { found } = one({ response_txn: { responses: parts } });
  assert.deepEqual(found.map(({ length }) => length), [1, 0]);
});

Deno.test("etcd: an answer whose numbers are none, or that has not a part for each operation, is none", () => {
  const fine = did([YES, YES]) as Record<string, unknown>;
  assert.equal(doneIn(fine, 2)?.length, 2);
  assert.equal(doneIn({ header: { revision: "1" } }, 2), undefined);
  assert.equal(doneIn(did([YES], { revision: "1", epoch: "0" }) as never, 1)?.length, 1);
  const wrong = [
    {},
    { header: {} },
    { header: { revision: "0" } },
    { header: { revision: "x" }, succeeded: true },
    did([YES]),
    did([YES, YES, YES]),
    did([YES, YES], { epoch: "x" }),
    did([YES, YES], { epoch: "-1" }),
    { ...fine, responses: [] },
    { ...fine, responses: undefined },
  ];
  for (const each of wrong) {
    assert.throws(() => doneIn(each as never, 2), UnknownOutcome, JSON.stringify(each));
  }
});

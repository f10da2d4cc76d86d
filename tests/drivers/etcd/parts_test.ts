/**
 * Which operations share a transaction of etcd's.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Op } from "../../../drivers/driver.ts";
import { partsOf } from "../../../drivers/etcd/parts.ts";
import {
  acquire,
  breakSeat,
  ifVacant,
  inspect,
  list,
  release,
  renew,
} from "../../conformance/operations.ts";

const sizes = (ops: readonly Op[]): number[] => [...partsOf(ops)].map(({ length }) => length);
const times = (count: number, op: (n: number) => Op): Op[] =>
  Array.from({ length: count }, (_, n) => op(n));
const [a, b] = [acquire("lock:a"), acquire("lock:b")];
const member = acquire("group:g", { seat: "m" });
const patient = acquire("lock:c", { patience: 1 });

Deno.test("etcd: what depends on an operation before it comes in the next transaction, and in order", () => {
  const rows: readonly (readonly [what: string, ops: readonly Op[], parts: readonly number[]])[] = [
    ["nothing", [], []],
    ["one", [a], [1]],
    ["two seats", [a, b], [2]],
    ["one seat twice", [a, renew(a)], [1, 1]],
    ["twice, and then another", [a, release(a), b], [1, 2]],
    ["a break", [a, breakSeat(a)], [1, 1]],
    ["two seats of a resource", [member, acquire("group:g", { seat: "n" })], [2]],
    ["a guard on a seat", [a, acquire("lock:x", { guard: ifVacant("lock:a", "") })], [1, 1]],
    ["on another", [member, acquire("x", { guard: ifVacant("group:g", "n") })], [2]],
    ["on all seats", [member, acquire("x", { guard: ifVacant("group:g") })], [1, 1]],
    ["on another resource", [member, acquire("x", { guard: ifVacant("group:h") })], [2]],
    ["a look", [a, inspect("lock:a"), list("")], [3]],
    ["a look, and a write", [inspect("lock:a"), list("lock:a"), a], [3]],
    ["a look after a renewal", [renew(a), inspect("lock:a")], [2]],
    ["after one that writes a value", [renew(a, ""), inspect("lock:b")], [1, 1]],
    ["after several", [a, renew(b, "v"), renew(member), list("")], [3, 1]],
    ["behind one that may wait", [a, patient, b], [2, 1]],
    ["none that waits", [acquire("lock:c", { patience: 0 }), b], [2]],
    ["what was before is no longer of account", [a, renew(a), b, renew(b)], [1, 2, 1]],
  ];
  for (const [what, ops, parts] of rows) {
    assert.deepEqual(sizes(ops), parts, what);
    assert.deepEqual([...partsOf(ops)].flat(), ops, what);
  }
});

Deno.test("etcd: a transaction has a thousand renewals, or a hundred of anything else, or some of both", () => {
  const renewals = (count: number) => times(count, (n) => renew(acquire(`lock:${n}`)));
  const looks = (count: number) => times(count, (n) => inspect(`lock:${n}`));
  assert.deepEqual(sizes(renewals(1_000)), [1_000]);
  assert.deepEqual(sizes(renewals(2_001)), [1_000, 1_000, 1]);
  assert.deepEqual(sizes(looks(100)), [100]);
  assert.deepEqual(sizes(looks(201)), [100, 100, 1]);
  assert.deepEqual(sizes([...renewals(990), ...looks(1)]), [991]);
  assert.deepEqual(sizes([...renewals(991), ...looks(1)]), [991, 1]);
});

Deno.test("etcd: a transaction is at most a MiB long, of which each name is counted as often as it comes", () => {
  const MIB = 2 ** 20;
  /** What two operations leave of a MiB, by the bytes of a value that is added. */
  const fits = (op: (value: string) => Op, length: number): void => {
    const left = MIB - length - 100;
    const last = (bytes: number): Op => renew({ ...b, resource: "", id: "" }, "v".repeat(bytes));
    for (const text of ["", "vé"]) {
      const bytes = new TextEncoder().encode(text).length;
      assert.deepEqual(sizes([op(text), last(left - bytes)]), [2]);
      assert.deepEqual(sizes([op(text), last(left - bytes + 1)]), [1, 1]);
    }
  };
  const mine = acquire("ü", { seat: "sea", id: "id" });
  fits((value) => ({ ...mine, value }), 100 + 6 * 7);
  fits((value) => renew(mine, value), 100 + 4 * 7);
  fits((value) => ({ ...mine, value, guard: ifVacant("gu") }), 100 + 6 * 9);
  fits((value) => ({ ...mine, value, guard: ifVacant("gu", "é") }), 100 + 6 * 11);
  // The next transaction begins at nothing.
  const large = times(4, (n) => acquire(`lock:${n}`, { value: "v".repeat(500_000) }));
  assert.deepEqual(sizes(large), [2, 2]);
});

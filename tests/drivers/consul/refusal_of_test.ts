/**
 * What a refused acquisition waits for, and for how long it may.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Entry } from "../../../drivers/consul/record.ts";
import { refusalOf } from "../../../drivers/consul/refusals.ts";
import type { Acquire } from "../../../drivers/driver.ts";
import { acquire, ifHeld, ifVacant } from "../../conformance/operations.ts";
import { entry, KEYS, NOW, snapshot, TTL, WEEK } from "./snapshots.ts";

const B = "p/lease/b/s,";
const seat = acquire("b", { seat: "s", id: "i", ttl: TTL, value: "w" });

Deno.test("Consul: what a refused acquisition waits for is its seat, or what its guard is about", () => {
  const patient = { ...seat, patience: 9, guard: ifVacant("g") };
  const over = entry("x", { ends: NOW + 7, session: "", ttl: WEEK, modified: 8 });
  const rows: readonly (readonly [
    there: Record<string, Entry>,
    op: Acquire,
    key: string,
    more: object,
  ])[] = [
    [{ "b/s": entry("x") }, seat, B, { index: 6, ends: Infinity, isLasting: true }],
    [{ "b/s": entry("x"), g: entry("y") }, patient, B, { index: 6, isLasting: true }],
    [{ "b/s": over }, seat, B, { index: 8, ends: 7, isLasting: false }],
    [{ "g/s": entry("x"), "b/t": over }, patient, "p/lease/g/", {
      all: true,
      index: undefined,
      ends: Infinity,
      isLasting: false,
    }],
    [
      { "g/s": over, "g/t": { ...over, ends: NOW + 3 }, "b/t": { ...over, ends: NOW + 1 } },
      patient,
      "p/lease/g/",
      { all: true, ends: 3 },
    ],
    [{ "g/s": entry("x") }, { ...patient, guard: ifVacant("g", "s") }, "p/lease/g/s,", {
      index: 6,
      isLasting: true,
    }],
    [{}, { ...patient, guard: ifHeld("g", "s") }, "p/lease/g/s,", {
      index: undefined,
      isLasting: false,
    }],
    // Its end is to come, although by this clock it is now.
    [{ "b/s": { ...over, ends: NOW } }, seat, B, { ends: 1 }],
  ];
  for (
    const [there, op, key, { all = false, ...more }] of rows as typeof rows & {
      3: { all?: boolean };
    }[]
  ) {
    const seen = snapshot(there);
    const leases = there["b/s"] ? [{ seat: "s", id: "x", token: 5, value: "v", left: 5 }] : [];
    const refusal = refusalOf(op, { ok: false, leases }, KEYS, seen);
    assert.deepEqual(refusal.place, { key, all }, JSON.stringify(there));
    for (const [name, value] of Object.entries(more)) {
      assert.equal(
        refusal[name as keyof typeof refusal],
        value,
        `${name}: ${JSON.stringify(there)}`,
      );
    }
  }
});

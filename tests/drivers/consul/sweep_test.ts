/**
 * What a sweep reads and removes, and which grants it follows.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Requests } from "../../../drivers/consul/client.ts";
import { sweep, sweptBy } from "../../../drivers/consul/sweep.ts";
import type { Op } from "../../../drivers/driver.ts";
import { acquire, renew } from "../../conformance/operations.ts";
import { KEYS, lease, requests, WEEK } from "./fake_requests.ts";

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

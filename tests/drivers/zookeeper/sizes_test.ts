/**
 * What takes more than a request of ZooKeeper's: long names, large values, many seats, pages of a list.
 *
 * @module
 */

import assert from "node:assert/strict";
import { acquire, inspect, list, release } from "../../conformance/operations.ts";
import { withZookeeper } from "./with_zookeeper.ts";

Deno.test("ZooKeeper: what is larger than a server reads is split, or refused before it is sent", () =>
  withZookeeper(async ({ connect }) => {
    const [driver, other] = [connect(), connect()];
    // Each character is nine in the name of a node, and six in its text.
    const long = (n: number) => `${n}`.padEnd(160, "€");
    const value = "\u0001".repeat(65_536);
    const all = Array.from(
      { length: 40 },
      (_, n) => acquire(long(1), { seat: long(n), value: n < 8 ? value : "" }),
    );
    const outcomes = await driver.apply(all);
    assert.ok(outcomes.every(({ ok }) => ok));
    const tokens = outcomes.map(({ leases: [lease] }) => lease!.token);
    assert.ok(new Set(tokens).size > 1, "it took several transactions");
    const [seen] = await other.apply([inspect(long(1))]);
    assert.equal(seen?.leases.length, 40);
    assert.equal(seen?.leases.find(({ seat }) => seat === long(3))?.value, value);
    await assert.rejects(driver.apply([acquire("x", { value: `${value}.` })]), {
      code: "invalid-argument",
    });
    const many = Array.from(
      { length: 1_000 },
      (_, n) => acquire(long(2), { seat: long(n), ttl: 1 }),
    );
    await driver.apply(many);
    // All have ended; to end them takes several transactions, and a look several requests.
    for (;;) {
      const [rest] = await other.apply([inspect(long(2))]);
      if (rest?.leases.length === 0) break;
    }
    const [again] = await other.apply([acquire(long(2), { seat: long(7) })]);
    assert.equal(again?.ok, true);
  }));

Deno.test("ZooKeeper: pages of a list leave nothing out where resources have no seats, or seats that have ended", () =>
  withZookeeper(async ({ connect }) => {
    const driver = connect();
    const all = Array.from(
      { length: 60 },
      (_, n) => acquire(`lock:${n}`, { ttl: n % 3 ? 600_000 : 1 }),
    );
    await driver.apply(all);
    // Their nodes stay for a minute.
    const empty = all.filter((_, n) => n % 3 === 1);
    await driver.apply(empty.map((each) => release(each)));
    const expected = all.filter((_, n) => n % 3 === 2).map(({ id }) => id).sort();
    for (const limit of [1, 2, 7, 1_000]) {
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const [page] = await driver.apply([{ ...list("lock:", limit, after) }]);
        seen.push(...page!.leases.filter(({ left }) => left > 1).map(({ id }) => id));
        after = page!.after;
      } while (after !== undefined);
      assert.deepEqual(seen.sort(), expected, `${limit} on a page`);
    }
  }));

Deno.test("ZooKeeper: one operation that finds more than a request can end ends them in several", () =>
  withZookeeper(async ({ connect }) => {
    const [driver, other] = [connect(), connect()];
    // Each character is nine in the name of a node.
    const long = (n: number) => `${n}`.padEnd(165, "€");
    const all = Array.from(
      { length: 400 },
      (_, n) => acquire(long(0), { seat: long(n), ttl: 1, id: long(n).slice(0, 42) }),
    );
    await driver.apply(all);
    const value = "\u0001".repeat(65_536);
    const guard = { when: "vacant", resource: long(0) } as const;
    for (;;) {
      const [outcome] = await other.apply([acquire("lock:a", { value, guard })]);
      if (outcome?.ok) break;
      // By the server's clock some have not ended.
      assert.ok(outcome!.leases.length > 0);
    }
    assert.deepEqual((await driver.apply([inspect(long(0))]))[0]?.leases, []);
  }));

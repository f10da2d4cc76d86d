import assert from "node:assert/strict";
import type { Driver, Op, Outcome } from "../../../drivers/driver.ts";
import { isSwept } from "../../../drivers/kit/sweeps.ts";
import { SWEEPS } from "../../../drivers/zookeeper/sweep.ts";
import { Coordinator } from "../../../mod.ts";
import {
  acquire,
  ifHeld,
  ifVacant,
  inspect,
  list,
  page,
  release,
  renew,
} from "../../conformance/operations.ts";
import { flightsOf } from "../../servers/flights.ts";
import { ZOOKEEPERS, type ZookeeperVersion } from "../../servers/zookeeper_install.ts";
import { type Handle, withZookeeper } from "./with_zookeeper.ts";

/** Runs a batch, and requires that it took so many flights. */
type Costs = (flights: number, ...ops: readonly Op[]) => Promise<readonly Outcome[]>;

async function withCosts(
  version: ZookeeperVersion,
  test: (costs: Costs, driver: Handle, other: Handle) => Promise<void>,
): Promise<void> {
  await withZookeeper(async ({ connect }) => {
    const flights = flightsOf();
    const driver = connect({ connect: flights.connect });
    // The root is there, and a session is open.
    await driver.apply([inspect("before")]);
    await test(
      async (expected, ...ops) => {
        const before = flights.count;
        let reported = 0;
        const outcomes = await driver.apply(ops, { beforeRequest: () => void reported++ });
        assert.equal(flights.count - before, reported, "as many as are reported");
        const swept = ops.some(({ op }, n) => op === "acquire" && isSwept(outcomes[n]!, SWEEPS));
        const more = reported - expected;
        assert.ok(swept ? SWEEP.includes(more) : more === 0, `${ops[0]?.op} took ${reported}`);
        return outcomes;
      },
      driver,
      connect(),
    );
  }, { version });
}

/** How many flights a sweep may take. It follows a grant by the chance of its token. */
const SWEEP = [2, 3, 4];

for (const version of Object.keys(ZOOKEEPERS) as ZookeeperVersion[]) {
  Deno.test(`ZooKeeper ${version}: what writes takes two flights, and what is refused or looks takes one`, () =>
    withCosts(version, async (costs, _, other) => {
      const mine = acquire("lock:a");
      // A resource that was never there.
      await costs(2, mine);
      const [refused] = await costs(1, acquire("lock:a"));
      assert.equal(refused?.leases[0]?.id, mine.id);
      await costs(1, mine);
      await costs(2, renew(mine));
      await costs(1, inspect("lock:a", ""));
      // Who sits where is not known before.
      await costs(2, inspect("lock:a"));
      await costs(2, page("lock:a", 10));
      await costs(4, list(""));
      await costs(1, release({ ...mine, id: "no" }));
      await costs(2, release(mine));
      // Nobody is there.
      await costs(1, release(mine));
      await costs(1, renew(mine));
      const group = acquire("groups", { seat: "g" });
      await other.apply([group]);
      await costs(2, acquire("group:g", { seat: "m", guard: ifHeld("groups", "g") }));
      await costs(2, acquire("readers:a", { seat: "r", guard: ifVacant("lock:a", "") }));
      await costs(2, acquire("lock:b", { guard: ifVacant("readers:b") }));
      await costs(2, acquire("lock:a", { guard: ifVacant("readers:a") }));
    }));
}

Deno.test("ZooKeeper: a batch shares its flights, also where its operations depend on each other", () =>
  withCosts("3.9", async (costs, driver) => {
    const many = Array.from({ length: 20 }, (_, n) => acquire(`lock:${n}`));
    await driver.apply(many);
    await costs(2, ...many.map((each) => renew(each)));
    const members = Array.from({ length: 100 }, (_, n) => acquire("group:g", { seat: `m${n}` }));
    await driver.apply(members);
    const outcomes = await costs(
      3,
      ...[...many, ...members.slice(0, 1)].map((each) => renew(each, "renewed")),
      inspect("group:g"),
      acquire("leader:g"),
    );
    assert.ok(outcomes.every(({ ok }) => ok));
    const seen = outcomes.at(-2)!.leases;
    assert.equal(seen.length, 100);
    assert.equal(seen[0]?.value, "renewed", "it sees what the batch has written before");
    const [group, member] = [acquire("groups", { seat: "h" }), acquire("group:h", { seat: "m" })];
    const joins = { ...member, guard: ifHeld("groups", "h") };
    const [, joined] = await costs(2, group, joins, renew(joins), inspect("group:h", "m"));
    assert.equal(joined?.leases[0]?.id, member.id);
  }));

Deno.test("ZooKeeper: a lease that has ended is taken over in two flights", () =>
  withCosts("3.9", async (_, driver) => {
    await driver.apply([acquire("lock:short", { ttl: 1 })]);
    for (;;) {
      let flights = 0;
      const next = [acquire("lock:short")];
      const [outcome] = await driver.apply(next, { beforeRequest: () => void flights++ });
      if (!outcome?.ok) {
        // By the server's clock it has not ended.
        assert.equal(flights, 1);
        continue;
      }
      assert.ok(
        isSwept(outcome, SWEEPS) ? SWEEP.includes(flights - 2) : flights === 2,
        `${flights}`,
      );
      return;
    }
  }));

Deno.test("ZooKeeper: a coordinator's tick with locks, groups and elections takes three flights", () =>
  withZookeeper(async ({ connect }) => {
    const flights = flightsOf();
    const driver: Driver = connect({ connect: flights.connect });
    await using baton = new Coordinator(driver, { memberId: "a", ttl: 60_000 });
    for (let n = 0; n < 20; n++) await baton.getLock(`l${n}`).hold();
    for (const group of ["g", "h"]) {
      await baton.joinGroupCreate(group);
      await baton.watchJoinGroup(group, () => {});
      baton.watchElectedAsLeader(group, () => {});
    }
    await using other = new Coordinator(connect(), { memberId: "b", ttl: 60_000 });
    for (const group of ["g", "h"]) await other.joinGroup(group);
    // It wins two elections, and a sweep may follow; the next tick wins none.
    await baton.tick();
    const before = flights.count;
    await baton.tick();
    assert.equal(flights.count - before, 3);
  }));

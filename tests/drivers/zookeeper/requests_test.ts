import assert from "node:assert/strict";
import type { Driver, Op, Outcome } from "../../../drivers/driver.ts";
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

/** What a batch took, and what came of it. */
type Cost = (ops: readonly Op[]) => Promise<{ flights: number; outcomes: readonly Outcome[] }>;

async function withCosts(
  version: ZookeeperVersion,
  test: (cost: Cost, driver: Handle, other: Handle) => Promise<void>,
): Promise<void> {
  await withZookeeper(async ({ connect }) => {
    const flights = flightsOf();
    const driver = connect({ connect: flights.connect });
    // The root is there, and a session is open.
    await driver.apply([inspect("before")]);
    const cost: Cost = async (ops) => {
      const before = flights.count;
      let reported = 0;
      const outcomes = await driver.apply(ops, { beforeRequest: () => void reported++ });
      assert.equal(flights.count - before, reported, "as many as are reported");
      return { flights: reported, outcomes };
    };
    await test(cost, driver, connect());
  }, { version });
}

/** A sweep follows a grant by the chance of its token; then it costs more. */
async function granted(cost: Cost, op: Op & { op: "acquire" }): Promise<number> {
  const { flights, outcomes } = await cost([op]);
  assert.equal(outcomes[0]?.ok, true);
  return flights > 4 ? flights - 4 : flights;
}

for (const version of Object.keys(ZOOKEEPERS) as ZookeeperVersion[]) {
  Deno.test(`ZooKeeper ${version}: what writes takes two flights, and what is refused or looks takes one`, () =>
    withCosts(version, async (cost, _, other) => {
      const mine = acquire("lock:a");
      const flights = async (...ops: Op[]) => (await cost(ops)).flights;
      assert.equal(await granted(cost, mine), 2, "a resource that was never there");
      assert.equal(await flights(acquire("lock:a")), 1, "refused");
      assert.equal(await flights(mine), 1, "a replay");
      assert.equal(await flights(renew(mine)), 2);
      assert.equal(await flights(inspect("lock:a", "")), 1);
      assert.equal(await flights(inspect("lock:a")), 2, "who sits where is not known before");
      assert.equal(await flights(page("lock:a", 10)), 2);
      assert.equal(await flights(list("")), 4);
      assert.equal(await flights(release({ ...mine, id: "no" })), 1, "refused");
      assert.equal(await flights(release(mine)), 2);
      assert.equal(await flights(release(mine)), 1, "nobody is there");
      assert.equal(await flights(renew(mine)), 1, "nobody is there");
      const group = acquire("groups", { seat: "g" });
      await other.apply([group]);
      const joins = { seat: "m", guard: ifHeld("groups", "g") };
      assert.equal(await granted(cost, acquire("group:g", joins)), 2);
      const reads = { seat: "r", guard: ifVacant("lock:a", "") };
      assert.equal(await granted(cost, acquire("readers:a", reads)), 2);
      const writes = { guard: ifVacant("readers:b") };
      assert.equal(await granted(cost, acquire("lock:b", writes)), 2);
      const blocked = acquire("lock:a", { guard: ifVacant("readers:a") });
      assert.equal(await flights(blocked), 2, "who reads is not known before");
    }));
}

Deno.test("ZooKeeper: a batch shares its flights, and a lease that ended is taken over in them", () =>
  withCosts("3.9", async (cost, driver) => {
    const many = Array.from({ length: 20 }, (_, n) => acquire(`lock:${n}`));
    await driver.apply(many);
    assert.equal((await cost(many.map((each) => renew(each)))).flights, 2);
    const members = Array.from({ length: 100 }, (_, n) => acquire("group:g", { seat: `m${n}` }));
    await driver.apply(members);
    const tick = [...many.map((each) => renew(each)), inspect("group:g"), acquire("leader:g")];
    const { flights, outcomes } = await cost(tick);
    assert.ok(outcomes.every(({ ok }) => ok));
    assert.ok(flights === 3 || flights === 3 + 4, `${flights}`);
    assert.equal(outcomes.at(-2)?.leases.length, 100);
    const short = acquire("lock:short", { ttl: 1 });
    await driver.apply([short]);
    let over: Outcome | undefined;
    // Until it has ended by the server's clock.
    for (let flights = 0; !over?.ok; assert.ok(over?.ok ? flights % 4 === 2 : flights === 1)) {
      const next = await cost([acquire("lock:short")]);
      [over] = next.outcomes;
      flights = next.flights;
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
    const before = flights.count;
    await baton.tick();
    // It may be followed by a sweep, for it wins two elections.
    assert.ok([3, 3 + 4].includes(flights.count - before), `${flights.count - before}`);
  }));

import assert from "node:assert/strict";
import { connect as open } from "../../../drivers/kit/sockets.ts";
import type { Op, Outcome } from "../../../drivers/driver.ts";
import { isSwept } from "../../../drivers/kit/sweeps.ts";
import { SWEEPS } from "../../../drivers/zookeeper/sweep.ts";
import { codeOf } from "../../../errors.ts";
import { acquire, ifHeld, ifVacant, release, renew } from "../../conformance/operations.ts";
import { flightsOf } from "../../servers/flights.ts";
import { until } from "../../servers/process.ts";
import { ZOOKEEPERS, type ZookeeperVersion } from "../../servers/zookeeper_install.ts";
import { freezing, type Handle, watchesOf, withZookeeper } from "./with_zookeeper.ts";

const FOREVER = { patience: 600_000 };

for (const version of Object.keys(ZOOKEEPERS) as ZookeeperVersion[]) {
  Deno.test(`ZooKeeper ${version}: who waits watches in one flight, and has the seat one flight after its release`, () =>
    withZookeeper(async ({ server, connect }) => {
      const flights = flightsOf();
      const [driver, other] = [connect({ connect: flights.connect }), connect()];
      const mine = acquire("lock:a");
      await other.apply([mine]);
      let reported = 0;
      const wait = (how: object) =>
        driver.apply([acquire("lock:a", how)], { beforeRequest: () => void reported++ });
      await driver.apply([renew(mine)]);
      let before = flights.count;
      const since = (): number => flights.count - before;
      // A look may take longer than a short patience, and then nobody watches.
      for (let patience = 100; since() !== 3; patience *= 2) {
        reported = 0;
        before = flights.count;
        assert.equal((await wait({ patience }))[0]?.leases[0]?.id, mine.id);
        await until("nobody watches", async () => await watchesOf(server.port) === 0);
        assert.ok(since() <= 3, "a look, a watch with a look behind it, and the end of the watch");
        assert.equal(reported, since());
      }
      before = flights.count;
      const waits = wait(FOREVER);
      await until("it watches", async () => await watchesOf(server.port) === 1);
      assert.equal(since(), 1, "at once, what it watched in vain");
      // It is no news that it is renewed.
      await other.apply([renew(mine)]);
      await other.apply([release(mine)]);
      const [granted] = await waits;
      assert.equal(granted?.ok, true);
      // A sweep may follow the grant, by the chance of its token.
      assert.ok(since() === 2 || (isSwept(granted, SWEEPS) && since() > 2), "a watch, and a grant");
      assert.equal(await watchesOf(server.port), 0);
    }, { version }));
}

Deno.test("ZooKeeper: who waits for a guard watches what it is about, and no longer than it waits", () =>
  withZookeeper(async ({ server, connect }) => {
    const [driver, other] = [connect(), connect()];
    const reader = acquire("readers:a", { seat: "r" });
    const group = acquire("groups", { seat: "g" });
    for (
      const [guard, change] of [
        [ifVacant("readers:a", "r"), release(reader)],
        [ifVacant("readers:a"), release(reader)],
        [ifHeld("groups", "g"), group],
        [ifHeld("groups"), group],
      ] as const
    ) {
      await other.apply([reader, release(group)]);
      const waits = driver.apply([acquire(`lock:${crypto.randomUUID()}`, { ...FOREVER, guard })]);
      await until("it waits", async () => await watchesOf(server.port) === 1);
      await other.apply([change]);
      assert.equal((await waits)[0]?.ok, true);
      await until("nothing is watched", async () => await watchesOf(server.port) === 0);
    }
  }));

Deno.test("ZooKeeper: an abort ends the watch of its own wait, and of no other on the same session", () =>
  withZookeeper(async ({ server, connect }) => {
    const flights = flightsOf();
    const [driver, other] = [connect({ connect: flights.connect }), connect()];
    const [one, two] = [acquire("lock:a"), acquire("lock:b")];
    await other.apply([one, two]);
    const stop = new AbortController();
    const { signal } = stop;
    const waits = [
      driver.apply([acquire("lock:a", FOREVER)], { signal }),
      driver.apply([acquire("lock:b", FOREVER)], { signal }),
      driver.apply([acquire("lock:b", { ...FOREVER, guard: ifVacant("readers:b") })]),
    ];
    const given = waits.slice(0, 2).map((each) => assert.rejects(each, /while it waited/));
    // Two watch one of them, not in one line because of the guard; the server counts that once.
    await until("all watch", async () => await watchesOf(server.port) === 2 && flights.count === 7);
    stop.abort(new Error("enough"));
    await Promise.all(given);
    await until("one watch is left", async () => await watchesOf(server.port) === 1);
    await other.apply([release(two)]);
    assert.equal((await waits[2])?.[0]?.ok, true);
  }));

Deno.test("ZooKeeper: of those who wait in one process, one at a time watches, and a change wakes one", () =>
  withZookeeper(async ({ server, connect }) => {
    const flights = flightsOf();
    const [driver, other] = [connect({ connect: flights.connect }), connect()];
    const mine = acquire("lock:a");
    await other.apply([mine]);
    const MANY = 20;
    const served = Array.from({ length: MANY }, async () => {
      const op = acquire("lock:a", FOREVER);
      const [outcome] = await driver.apply([op]);
      assert.equal(outcome?.ok, true);
      await driver.apply([release(op)]);
      return isSwept(outcome, SWEEPS);
    });
    // One opens the session, all look, and the first looks behind its watch.
    await until(
      "one watches",
      async () => flights.count === MANY + 2 && await watchesOf(server.port) === 1,
    );
    await other.apply([release(mine)]);
    const swept = (await Promise.all(served)).filter(Boolean).length;
    // Each of them takes it and releases it, which is three flights, and all but the first watch first;
    // one that has watched what is gone says so. If all of them woke up each time, it would be 400.
    const most = MANY * 5 + swept * 4;
    assert.ok(flights.count - MANY - 2 <= most, `${flights.count} flights`);
  }));

Deno.test("ZooKeeper: a wait may be longer than a session lasts when nothing is sent", () =>
  withZookeeper(async ({ connect }) => {
    const other = connect();
    /** How many sockets a wait opens that lasts for four sessions of that time. */
    const opened = async (sessionTimeout: number): Promise<number> => {
      let sockets = 0;
      const flights = flightsOf((address) => {
        sockets++;
        return open("test", address);
      });
      const driver = connect({ connect: flights.connect, sessionTimeout });
      const mine = acquire("lock:a");
      await other.apply([mine]);
      const next = acquire("lock:a", FOREVER);
      const waits = driver.apply([next]);
      // A third of it each.
      await until("it has shown several times that it is there", () => flights.count > 12);
      await other.apply([release(mine)]);
      assert.equal((await waits)[0]?.ok, true);
      await other.apply([release(next)]);
      return sockets;
    };
    // A machine may be too busy for a short one, whose signs of life then come too late.
    for (let ms = 1_000; await opened(ms) > 1; ms *= 2) assert.ok(ms < 10_000, "it was over");
  }));

Deno.test("ZooKeeper: who waits asks again over a new session when the server is silent", () =>
  withZookeeper(async ({ server, connect }) => {
    const frozen = freezing();
    let sockets = 0;
    const driver = connect({
      sessionTimeout: 1_000,
      connect: (address) => {
        sockets++;
        return frozen.connect(address);
      },
    });
    const other = connect();
    const mine = acquire("lock:a");
    await other.apply([mine]);
    const waits = driver.apply([acquire("lock:a", FOREVER)]);
    await until("it waits", async () => await watchesOf(server.port) === 1);
    // The next sign of life does not arrive.
    await frozen.freeze(0);
    await until("it has another session", () => sockets > 1);
    await until("it waits again", async () => await watchesOf(server.port) === 1);
    await other.apply([release(mine)]);
    assert.equal((await waits)[0]?.ok, true);
    frozen.thaw();
  }));

Deno.test("ZooKeeper: who waits is woken when its server is killed, and asks again", () =>
  withZookeeper(async ({ server, connect }) => {
    const [driver, other] = [connect(), connect()];
    const mine = acquire("lock:a");
    await other.apply([mine]);
    const isWatched = () =>
      until("it waits", async () => await watchesOf(server.port).catch(() => 0) === 1);
    const wait = driver.apply([acquire("lock:a", FOREVER)]).catch(codeOf);
    await isWatched();
    await server.kill();
    // There is no other one that it could ask.
    assert.match(`${await wait}`, /^(connection|unknown-outcome)$/);
    await server.restart();
    const next = acquire("lock:a", FOREVER);
    const again = known(driver, next);
    await isWatched();
    assert.equal((await known(other, release(mine))).ok, true);
    assert.equal((await again).ok, true);
  }));

/** Asks until the outcome is known. */
async function known(driver: Handle, op: Op): Promise<Outcome> {
  for (;;) {
    const outcomes = await driver.apply([op]).catch((error) => {
      // A server that has just begun may close connections.
      assert.match(`${codeOf(error)}`, /^(connection|unknown-outcome)$/);
      return [];
    });
    if (outcomes[0]) return outcomes[0];
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

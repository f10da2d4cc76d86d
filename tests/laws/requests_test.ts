/**
 * The design's table of requests per operation: on the wire for Upstash, by calls of the driver for
 * the others, where one call is one transaction or one step.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Coordinator } from "../../mod.ts";
import type { Driver } from "../../drivers/driver.ts";
import { migrate as migrateMysql } from "../../drivers/mysql/schema.ts";
import { neon, neonQuery } from "../../drivers/postgres/neon.ts";
import { planetscale, planetscaleQuery } from "../../drivers/mysql/planetscale.ts";
import { migrate as migratePostgres } from "../../drivers/postgres/schema.ts";
import { upstash } from "../../drivers/redis/upstash.ts";
import { BACKENDS } from "../backends/mod.ts";
import { withNeon } from "../servers/with_neon.ts";
import { withPlanetscale } from "../servers/with_planetscale.ts";
import { withUpstash } from "../servers/with_upstash.ts";

/** Runs something, and requires that it took so many requests. */
type Costs = <T>(what: string, requests: number, work: () => Promise<T>) => Promise<T>;

function costsOf(
  test: Deno.TestContext,
  count: () => number,
  others: Readonly<Record<string, number>> = {},
): Costs {
  return async (what, usual, work) => {
    const requests = others[what] ?? usual;
    const before = count();
    const result = await work();
    const took = count() - before;
    await test.step(`${what}: ${requests}`, () => assert.equal(took, requests));
    return result;
  };
}

/**
 * What costs more on MySQL, which neither branches within a request nor reads back what it writes: a
 * refusal is asked for its reason.
 */
const ON_MYSQL: Readonly<Record<string, number>> = {
  "be refused, with the holder": 2,
  // One of the eleven was broken, and a look tells which.
  "heartbeat of ten leases": 2,
  "lose a campaign": 2,
  "lose a cron slot": 2,
  "claim, run and finish with retry": 3,
  "lose with retry": 2,
  "joinGroupCreate, new": 2,
  "joinGroupCreate, there": 3,
  "runWatchers, two groups and two elections": 3,
  "tick: fourteen leases, two groups, two elections": 3,
  leaveGroup: 2,
  "stop with everything held": 16,
  deleteGroup: 3,
};

/** Every operation of the table. */
async function table(connect: () => Driver | Promise<Driver>, costs: Costs): Promise<void> {
  const make = async (memberId: string): Promise<Coordinator> =>
    new Coordinator(await connect(), { memberId, ttl: 60_000, namespace: "requests" });
  const [a, b] = [await make("a"), await make("b")];
  const slot = Date.now();
  await costs("start", 1, () => a.start());

  const lock = a.getLock("x");
  const lease = await costs("acquire a free lock", 1, () => lock.hold());
  await costs("be refused, with the holder", 1, () => b.getLock("x").acquire({ timeout: 0 }));
  await costs("renew", 1, () => lease.renew());
  await costs("confirm", 1, () => lease.confirm());
  await costs("isStillOwner", 1, () => lock.isStillOwner());
  await costs("ask who holds", 1, () => b.getLock("x").holders());
  await costs("release", 1, () => lease.release());
  await costs("release again", 0, () => lease.release());
  await costs("acquire shared", 1, () => a.getLock("x").hold({ shared: true }));
  await costs("break a lock that somebody has", 2, () => b.getLock("x").break());
  await costs("with", 2, () => a.getLock("x").with(() => {}));
  for (let i = 0; i < 10; i++) await a.getLock(`many-${i}`).hold();
  await costs("heartbeat of ten leases", 1, () => a.heartbeat());

  await costs("win a campaign", 1, () => a.election("g").campaign());
  await costs("campaign while leading", 0, () => a.election("g").campaign());
  await costs("lose a campaign", 1, () => b.election("g").campaign());
  await costs("ask who leads", 1, () => b.getLeader("g"));
  await costs("stand down", 1, () => a.standDownGroupLeader("g"));

  await costs("claim and run a cron slot", 1, () => a.cron("j").run({ slot }, () => {}));
  await costs("lose a cron slot", 1, () => b.cron("j").run({ slot }, () => {}));
  const retry = { slot, mode: "retry" } as const;
  await costs("claim, run and finish with retry", 2, () => a.cron("k").run(retry, () => {}));
  await costs("lose with retry", 1, () => b.cron("k").run(retry, () => {}));

  await costs("createGroup", 1, () => a.createGroup("g"));
  await costs("joinGroup", 1, () => a.joinGroup("g", { weight: 2 }));
  await costs("joinGroupCreate, new", 1, () => a.joinGroupCreate("h"));
  await costs("joinGroupCreate, there", 1, () => b.joinGroupCreate("h"));
  await costs("getGroups", 1, () => a.getGroups());
  await costs("getMembers", 1, () => a.getMembers("h"));
  await costs("getMembersWithCapabilities", 1, () => a.getMembersWithCapabilities("h"));
  await costs("getMemberCapabilities", 1, () => b.getMemberCapabilities("g", "a"));
  await costs("getMemberInfo", 1, () => b.getMemberInfo("g", "a"));
  await costs("updateCapabilities", 1, () => a.updateCapabilities("g", 1));
  await costs("the first watch of a group", 1, () => a.watchJoinGroup("g", () => {}));
  await costs("a further watch", 0, () => a.watchLeaveGroup("g", () => {}));
  await a.watchJoinGroup("h", () => {});
  for (const group of ["g", "h"]) a.watchElectedAsLeader(group, () => {});
  await costs("runWatchers, two groups and two elections", 1, () => a.runWatchers());
  await a.standDownGroupLeader("g");
  await costs("tick: fourteen leases, two groups, two elections", 1, () => a.tick());
  await costs("runElectCoordinator, leading already", 0, () => a.runElectCoordinator());
  await costs("leaveGroup", 1, () => b.leaveGroup("h"));
  await costs("stop with everything held", 1, () => a.stop());
  await costs("deleteGroup", 2, () => b.deleteGroup("g"));
}

Deno.test("every operation costs the requests that the table promises, on Upstash's wire", async (t) => {
  await withUpstash(async ({ server }) => {
    const connect = (): Driver => upstash({ url: server.url, token: server.token });
    await connect().apply([{ op: "inspect", resource: "x" }]); // the server learns the script
    await table(connect, costsOf(t, () => server.requests));
  });
});

Deno.test("every operation costs the requests that the table promises, on Neon's wire", async (t) => {
  await withNeon(async ({ server }) => {
    await migratePostgres(neonQuery(server.connectionString));
    const connect = (): Driver => neon({ url: server.connectionString });
    await table(connect, costsOf(t, () => server.requests));
  });
});

Deno.test("on PlanetScale's wire some operations cost more, and these only", async (t) => {
  await withPlanetscale("mariadb", async ({ server }) => {
    const url = server.databaseUrl;
    await migrateMysql(planetscaleQuery({ url }));
    // Clean-up adds two requests to a grant in 64, by chance.
    const connect = (): Driver => planetscale({ url, sweep: false });
    await table(connect, costsOf(t, () => server.requests, ON_MYSQL));
  });
});

for (const name of ["memory", "sqlite"]) {
  Deno.test(`every operation costs the requests that the table promises, on ${name}`, async (t) => {
    const backend = await BACKENDS.find((entry) => entry.name === name)?.start();
    assert(backend);
    let count = 0;
    const connect = async (): Promise<Driver> => {
      const driver = await backend.connect();
      return { ...driver, apply: (ops, options) => (count++, driver.apply(ops, options)) };
    };
    try {
      await table(connect, costsOf(t, () => count));
    } finally {
      await backend.stop();
    }
  });
}

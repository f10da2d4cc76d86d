/**
 * How many requests each operation takes: on the wire where there is one, and in calls of the driver
 * elsewhere. An operation takes one request unless its backend's entry says otherwise.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Coordinator } from "../../mod.ts";
import type { Driver } from "../../drivers/driver.ts";
import { BACKENDS, having } from "../backends/mod.ts";

/** Backends without a wire: there one call of the driver is one transaction or one step. */
const EMBEDDED = BACKENDS.filter(({ has }) => !("wire" in has));

/** Runs something, and requires that it took so many requests. */
type Costs = <T>(what: string, requests: number, work: () => Promise<T>) => Promise<T>;

function costsOf(
  test: Deno.TestContext,
  count: () => number,
  more: Readonly<Record<string, number>> = {},
): Costs {
  return async (what, usual, work) => {
    const requests = more[what] ?? usual;
    const before = count();
    const result = await work();
    const took = count() - before;
    await test.step(`${what}: ${requests}`, () => assert.equal(took, requests));
    return result;
  };
}

/** Every operation, with the requests that most backends need. */
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
  await costs("the latest runs", 1, () => b.cron("j").history());
  const next = { slot: slot + 60_000, every: 60_000 };
  await costs(
    "catch up where nothing was missed, and run",
    2,
    () => a.cron("j").catchUp(next, () => {}),
  );
  const later = { ...next, slot: slot + 180_000 };
  await costs("catch up on one slot, and run", 4, () => a.cron("j").catchUp(later, () => {}));
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

for (const { name, costs = {}, byChance, shared, start } of having("wire")) {
  Deno.test(`on the wire of ${name} every operation costs what is promised`, async (t) => {
    const { wire, stop } = await start();
    try {
      // The server may have to learn a script first, or where tokens begin.
      const before = { resource: "before", seat: "", id: "before" };
      await wire.connect().apply([
        { op: "inspect", resource: "x" },
        { op: "acquire", ...before, ttl: 60_000, value: "" },
        { op: "release", ...before },
      ]);
      let chance = 0;
      const connect = async (): Promise<Driver> => {
        const driver = await wire.connect();
        const apply: Driver["apply"] = async (ops, options) => {
          const outcomes = await driver.apply(ops, options);
          chance += byChance?.(ops, outcomes) ?? 0;
          return outcomes;
        };
        return { ...driver, apply };
      };
      const apart = (): number => wire.faults.seen.filter(({ url }) => shared?.(url)).length;
      await table(connect, costsOf(t, () => wire.requests - apart() - chance, costs));
    } finally {
      await stop();
    }
  });
}

for (const { name, start } of EMBEDDED) {
  Deno.test(`on ${name} every operation costs what is promised`, async (t) => {
    const backend = await start();
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

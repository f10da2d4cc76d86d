import assert from "node:assert/strict";
import { zookeeper } from "../../../drivers/zookeeper/zookeeper.ts";
import { memory } from "../../../drivers/memory.ts";
import type { Driver, Lease, Op, Outcome } from "../../../drivers/driver.ts";
import { codeOf } from "../../../errors.ts";
import { acquire, inspect, release, renew } from "../../conformance/operations.ts";
import { until } from "../../servers/process.ts";
import {
  startZookeeperEnsemble,
  type ZookeeperEnsemble,
} from "../../servers/zookeeper_ensemble.ts";
import { seedOfRun } from "../../tools/chance.ts";
import { SIZES } from "../../tools/size_of_proofs.ts";
import { type Crowd, startCrowd } from "./crowd.ts";
import type { Handle } from "./with_zookeeper.ts";

const CLIENTS = 8;
const seed = seedOfRun();

/** What is done to a leader, and undone when the others have gone on without it. */
const BLOWS: readonly ((ensemble: ZookeeperEnsemble, leader: number) => {
  begin(): Promise<void> | void;
  end(): Promise<void> | void;
})[] = [
  ({ members }, leader) => ({
    begin: () => members[leader]!.kill(),
    end: () => members[leader]!.restart(),
  }),
  ({ members }, leader) => ({
    begin: () => members[leader]!.pause(),
    end: () => members[leader]!.resume(),
  }),
  (ensemble, leader) => ({
    begin: () => ensemble.cutOff(leader),
    end: () => ensemble.mend(),
  }),
];

const { ensembleBlows, ensembleOperations } = SIZES;

Deno.test(`ZooKeeper: three servers, the leader of which is hit (seed ${seed})`, async (t) => {
  const ensemble = await startZookeeperEnsemble();
  try {
    await t.step(
      "a server that is cut off grants nothing and sees nothing; the others go on",
      () => cutOff(ensemble),
    );
    await t.step(
      `over ${ensembleOperations} operations, with the leader killed, frozen and cut off ${ensembleBlows} times each, no two hold a lock and no token goes back`,
      () => crowded(ensemble),
    );
  } finally {
    await ensemble.stop();
  }
});

async function cutOff(ensemble: ZookeeperEnsemble): Promise<void> {
  const handles: Handle[] = [];
  const connect = (...numbers: number[]): Handle => {
    const servers = numbers.map((n) => ensemble.members[n]!.host);
    const handle = zookeeper({ servers }) as Handle;
    handles.push(handle);
    return handle;
  };
  /** The outcome, or nothing when there is none in time. */
  const outcomeOf = (driver: Handle, op: Op): Promise<Outcome | undefined> =>
    driver.apply([op], { signal: AbortSignal.timeout(1_000) }).then(
      ([outcome]) => outcome,
      () => undefined,
    );
  try {
    // Chance would have it that a follower is cut off; the leader is, too.
    for (const which of ["leader", "follower"]) {
      const leader = await ensemble.leader();
      const alone = which === "leader" ? leader : (leader + 1) % 3;
      const rest = [0, 1, 2].filter((n) => n !== alone);
      const [cut, other] = [connect(alone), connect(...rest)];
      const mine = acquire(`lock:${which}`, { ttl: 60_000 });
      await until("it is granted", async () => (await outcomeOf(cut, mine))?.ok === true);
      ensemble.cutOff(alone);
      // Until it has noticed it may answer: what it says then is of before.
      await until(
        "the others go on",
        async () => (await outcomeOf(other, renew(mine)))?.ok === true,
      );
      await until("it refuses", async () => await outcomeOf(cut, inspect("x")) === undefined);
      for (const op of [renew(mine), acquire("lock:x"), inspect(mine.resource)]) {
        assert.equal(await outcomeOf(cut, op), undefined, op.op);
      }
      const [closed] = await Promise.allSettled([connect(alone).apply([acquire("lock:x")])]);
      assert.equal(closed.status === "rejected" && codeOf(closed.reason), "connection");
      assert.equal((await outcomeOf(other, release(mine)))?.ok, true);
      ensemble.mend();
      await until("it is back", async () => {
        const seen = await outcomeOf(cut, inspect(mine.resource));
        assert.ok(!seen || seen.leases.length === 0, "it answers what was true before");
        return seen !== undefined;
      });
    }
  } finally {
    for (const each of handles) await each[Symbol.asyncDispose]();
  }
}

async function crowded(ensemble: ZookeeperEnsemble): Promise<void> {
  const handles = Array.from(
    { length: CLIENTS },
    () => zookeeper({ servers: ensemble.members.map(({ host }) => host) }) as Handle,
  );
  try {
    const crowd = startCrowd(handles, seed);
    const goOn = (count: number) => progress(crowd, count);
    const share = ensembleOperations / (2 * BLOWS.length * ensembleBlows);
    for (let round = 0; round < ensembleBlows; round++) {
      for (const blow of BLOWS) {
        await goOn(share);
        const { begin, end } = blow(ensemble, await ensemble.leader());
        await begin();
        await goOn(share);
        await end();
      }
    }
    await until("all is done", () => crowd.tally.operations >= ensembleOperations);
    await crowd.end();
    const { operations, granted, unknown, failed } = crowd.tally;
    assert.ok(granted > operations / 20, `few are granted: ${JSON.stringify(crowd.tally)}`);
    assert.ok(unknown + failed > ensembleBlows, `few met a blow: ${JSON.stringify(crowd.tally)}`);
  } finally {
    for (const each of handles) await each[Symbol.asyncDispose]();
  }
}

/** A driver whose operations and outcomes are changed, and which lets others come in between. */
function changed(
  before: (op: Op) => Op,
  after: (lease: Lease) => Lease,
): Driver {
  const backend = memory();
  return {
    ...backend,
    async apply(ops, options) {
      const outcomes = await backend.apply(ops.map(before), options);
      await new Promise((resolve) => setTimeout(resolve, 1));
      return outcomes.map(({ ok, leases }) => ({ ok, leases: leases.map(after) }));
    },
  };
}

const BUGS = {
  overlap: { forgets: 1, bug: [(op: Op) => "ttl" in op ? { ...op, ttl: 10 } : op, same<Lease>] },
  "token 1 after 1": { forgets: 0, bug: [same<Op>, (lease: Lease) => ({ ...lease, token: 1 })] },
} as const;

function same<T>(thing: T): T {
  return thing;
}

for (const [found, { bug, forgets }] of Object.entries(BUGS)) {
  Deno.test(`ZooKeeper: the judge of the crowd finds this: ${found} where there is one`, async () => {
    const driver = changed(...bug as readonly [(op: Op) => Op, (lease: Lease) => Lease]);
    const crowd = startCrowd(Array(CLIENTS).fill(driver), 1, forgets);
    await until("many were granted", () => crowd.tally.granted > 60);
    await assert.rejects(crowd.end(), new RegExp(found));
  });
}

/** Waits until so many further operations are known, whatever has happened to the servers. */
async function progress({ tally }: Crowd, count: number): Promise<void> {
  const before = tally.operations;
  await until("operations go on", () => tally.operations >= before + count);
}

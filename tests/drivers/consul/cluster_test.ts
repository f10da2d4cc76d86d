/**
 * Three servers: what is answered while one of them is killed, frozen or cut off, and afterwards.
 *
 * @module
 */

import assert from "node:assert/strict";
import { consul } from "../../../drivers/consul/consul.ts";
import type { Driver } from "../../../drivers/driver.ts";
import { codeOf } from "../../../errors.ts";
import { acquire, breakSeat, inspect, release, renew } from "../../conformance/operations.ts";
import { anotherLeads } from "../../servers/cluster.ts";
import { type ConsulCluster, startConsulCluster } from "../../servers/consul_cluster.ts";
import { startConsulFront } from "../../servers/consul_front.ts";
import { until } from "../../servers/process.ts";
import { asking } from "../known.ts";

const at = (url: string): Driver => consul({ url, minTtl: 100 });

/** A definite error: nothing was done, because nobody leads. */
const { outcomeOf, known } = asking(10_000, (error) => codeOf(error) === "connection");

async function withCluster(test: (cluster: ConsulCluster) => Promise<void>): Promise<void> {
  const cluster = await startConsulCluster();
  try {
    await test(cluster);
  } finally {
    await cluster.stop();
  }
}

Deno.test("Consul: a leader that was frozen and deposed answers nothing that is no longer true", async () => {
  await withCluster(async (cluster) => {
    for (let round = 0; round < 1; round++) {
      const old = await cluster.leader();
      // One that has asked before, and so may try without a look.
      const alone = at(cluster.members[old]!.url);
      const [mine, theirs] = [acquire(`lock:${round}`), acquire(`lock:${round}`)];
      assert.equal((await known(alone, mine)).ok, true);
      cluster.members[old]!.pause();
      const other = at(cluster.members[await anotherLeads(cluster, old)]!.url);
      assert.ok((await known(other, breakSeat(mine))).ok);
      assert.ok((await known(other, theirs)).ok);
      // Sent when all that is over.
      const look = inspect(mine.resource);
      const late = [look, renew(mine), acquire(mine.resource), release(mine)]
        .map((op) => outcomeOf(op === look ? at(cluster.members[old]!.url) : alone, op));
      // Most likely they have reached it by now.
      for (let n = 0; n < 10; n++) await known(other, inspect(mine.resource));
      cluster.members[old]!.resume();
      const [seen, ...others] = await Promise.all(late);
      for (const outcome of others) assert.notEqual(outcome?.ok, true);
      if (seen) assert.deepEqual(seen.leases.map(({ id }) => id), [theirs.id]);
      const { leases } = await known(alone, look);
      assert.deepEqual(leases.map(({ id }) => id), [theirs.id]);
    }
  });
});

Deno.test("Consul: a renewal that only a deposed leader has answered ends no sooner than its holder believes", async () => {
  await withCluster(async (cluster) => {
    const old = await cluster.leader();
    const ttl = 3_000;
    const mine = acquire("lock:a", { ttl });
    cluster.members[old]!.pause();
    const next = await anotherLeads(cluster, old);
    const [other, frozen] = [cluster.members[next]!.url, cluster.members[old]!.url];
    const rival = at(other);
    // The very first one takes more requests.
    assert.ok((await known(rival, acquire("lock:b"))).ok);
    // The look goes to the one, and the session's renewal to the other.
    const front = await startConsulFront(other, other, other, frozen);
    try {
      const holder = at(front.url);
      assert.ok((await known(holder, mine)).ok);
      assert.equal(front.requests, 2, "a session, and the grant");
      // The session must be renewed once an eighth of the ttl has passed.
      await new Promise((resolve) => setTimeout(resolve, ttl / 6));
      const sent = performance.now();
      const renewal = outcomeOf(holder, renew(mine));
      await until("it waits at the frozen one", () => front.requests === 4);
      cluster.members[old]!.resume();
      const isRenewed = (await renewal)?.ok === true;
      await until("it has ended", async () => (await known(rival, acquire("lock:a"))).ok);
      if (isRenewed) assert.ok(performance.now() - sent > ttl, "while its holder believes");
    } finally {
      await front.stop();
    }
  });
});

Deno.test("Consul: a server that is cut off grants nothing and sees nothing; the others go on", async () => {
  await withCluster(async (cluster) => {
    const old = await cluster.leader();
    const alone = at(cluster.members[old]!.url);
    const mine = acquire("lock:a", { ttl: 500 });
    const first = await known(alone, mine);
    cluster.cutOff(old);
    const other = at(cluster.members[await anotherLeads(cluster, old)]!.url);
    const late = [renew(mine), acquire("lock:b"), inspect("lock:a")].map((op) =>
      outcomeOf(alone, op, AbortSignal.timeout(1_500))
    );
    assert.deepEqual(await Promise.all(late), [undefined, undefined, undefined]);
    // The lease ends where most servers are, and is granted to another, with a greater token.
    const theirs = acquire("lock:a", { ttl: 60_000 });
    await until("it has ended", async () => (await known(other, theirs)).ok);
    const [lease] = (await known(other, theirs)).leases;
    assert.ok(lease!.token > first.leases[0]!.token);
    cluster.mend();
    const seen = await known(alone, inspect("lock:a"));
    assert.deepEqual(seen.leases.map(({ id }) => id), [theirs.id]);
    assert.equal((await known(alone, renew(mine))).ok, false);
  });
});

Deno.test("Consul: when the leader is killed a wait is granted all the same", async () => {
  await withCluster(async (cluster) => {
    const old = await cluster.leader();
    const living = cluster.members.filter((_, n) => n !== old).map(({ url }) => at(url));
    const [mine, theirs] = [acquire("lock:a"), acquire("lock:a", { patience: 600_000 })];
    assert.ok((await known(living[0]!, mine)).ok);
    const wait = known(living[1]!, theirs);
    await cluster.members[old]!.kill();
    assert.ok((await known(living[0]!, release(mine))).ok);
    assert.ok((await wait).ok);
    await cluster.members[old]!.restart();
    const { leases: [lease] } = await known(at(cluster.members[old]!.url), inspect("lock:a"));
    assert.equal(lease?.id, theirs.id);
  });
});

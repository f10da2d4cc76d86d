import assert from "node:assert/strict";
import { etcd } from "../../../drivers/etcd/etcd.ts";
import { acquire, inspect, renew } from "../../conformance/operations.ts";
import { anotherLeads } from "../../servers/cluster.ts";
import { startEtcdCluster } from "../../servers/etcd_cluster.ts";
import { until } from "../../servers/process.ts";
import { asking } from "../known.ts";

const { outcomeOf, known } = asking(2_000);

/** etcd's lease to which a lease of ours is attached, as another member knows it. */
async function termOf(url: string, resource: string): Promise<string | undefined> {
  const key = btoa(`baton/leases/${resource}\0`);
  const range_end = btoa(`baton/leases/${resource}\x01`);
  const body = JSON.stringify({ key, range_end });
  const answer = await (await fetch(`${url}/v3/kv/range`, { method: "POST", body })).json();
  return answer.kvs?.[0]?.lease;
}

Deno.test("etcd: what a leader answers that was frozen and deposed is true, or unknown", async () => {
  const cluster = await startEtcdCluster();
  try {
    for (let round = 0; round < 3; round++) {
      const old = await cluster.leader();
      const { url } = cluster.members[old]!;
      const [alone, all] = [etcd({ url }), etcd({ url: cluster.members.map((each) => each.url) })];
      const mine = acquire(`lock:${round}`);
      assert.equal((await known(alone, mine)).ok, true);
      // A handle of its own has no lease of etcd's yet, so it must ask for one.
      const renewing = etcd({ url });
      const before = await termOf(url, mine.resource);
      cluster.members[old]!.pause();
      const stop = new AbortController();
      const late = outcomeOf(renewing, renew(mine), stop.signal);
      const next = await anotherLeads(cluster, old);
      cluster.members[old]!.resume();
      const timer = setTimeout(() => stop.abort(), 5_000);
      const renewal = await late;
      clearTimeout(timer);
      const after = await termOf(cluster.members[next]!.url, mine.resource);
      // What it acknowledged, the new leader knows.
      if (renewal) assert.ok(renewal.ok && after !== before, `${JSON.stringify(renewal)} ${after}`);
      const [{ leases: [there] }] = [await known(all, inspect(mine.resource))];
      assert.equal(there?.id, mine.id);
    }
  } finally {
    await cluster.stop();
  }
});

Deno.test("etcd: a member that is cut off grants nothing and sees nothing; the others go on", async () => {
  const cluster = await startEtcdCluster();
  try {
    const old = await cluster.leader();
    const alone = etcd({ url: cluster.members[old]!.url });
    const mine = acquire("lock:a", { ttl: 3_000 });
    const first = await known(alone, mine);
    cluster.cutOff(old);
    const next = await anotherLeads(cluster, old);
    const other = etcd({ url: cluster.members[next]!.url });
    for (const op of [renew(mine), acquire("lock:b"), inspect("lock:a")]) {
      assert.equal(await outcomeOf(alone, op, AbortSignal.timeout(1_500)), undefined, op.op);
    }
    // The lease ends where most members are, and is granted to another, with a greater token.
    const theirs = acquire("lock:a");
    await until("it has ended", async () => (await known(other, theirs)).ok);
    const [lease] = (await known(other, theirs)).leases;
    assert.ok(lease!.token > first.leases[0]!.token);
    cluster.mend();
    const seen = await known(alone, inspect("lock:a"));
    assert.deepEqual(seen.leases.map(({ id }) => id), [theirs.id]);
    assert.equal((await known(alone, renew(mine))).ok, false);
  } finally {
    await cluster.stop();
  }
});

Deno.test("etcd: when the leader is killed a wait is granted all the same, by another member", async () => {
  const cluster = await startEtcdCluster();
  try {
    const urls = cluster.members.map(({ url }) => url);
    const old = await cluster.leader();
    // First those that live on.
    const from = (first: number) => [...urls.slice(first), ...urls.slice(0, first)];
    const [holder, waiter] = [1, 2].map((n) => etcd({ url: from((old + n) % urls.length) }));
    const mine = acquire("lock:a", { ttl: 4_000 });
    assert.equal((await known(holder!, mine)).ok, true);
    const theirs = acquire("lock:a", { patience: 600_000 });
    const wait = until(
      "it is granted",
      async () => (await outcomeOf(waiter!, theirs))?.ok === true,
    );
    await cluster.members[old]!.kill();
    await wait;
    const { leases: [lease] } = await known(holder!, inspect("lock:a"));
    assert.equal(lease?.id, theirs.id);
    await cluster.members[old]!.restart();
  } finally {
    await cluster.stop();
  }
});

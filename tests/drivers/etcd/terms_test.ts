import assert from "node:assert/strict";
import { Terms } from "../../../drivers/etcd/terms.ts";
import { Coordinator } from "../../../mod.ts";
import { acquire, release, renew } from "../../conformance/operations.ts";
import { until } from "../../servers/process.ts";
import { type EtcdFixture, withEtcd } from "./with_etcd.ts";
import { onStandingClock } from "../../tools/standing_clock.ts";

Deno.test("etcd: a lease of etcd's is an eighth longer than the ttl, and is shared until less than the ttl is left", async () => {
  await onStandingClock(async (clock) => {
    const terms = new Terms();
    const asked: string[] = [];
    const of = async (at: number, ttl: number, least?: number): Promise<string | undefined> => {
      clock.now = at;
      const grant = (seconds: string) => Promise.resolve(`${asked.push(seconds)}`);
      return await terms.of(ttl, grant, least);
    };
    assert.equal(await of(0, Infinity), undefined);
    assert.equal(await of(0, 80_000), "1");
    // A fiftieth of what has passed is taken off, for our clock may be the slower one.
    assert.equal(await of(9_803, 80_000), "1");
    assert.equal(await of(9_804, 80_000, 79_999), "1");
    assert.equal(await of(9_804, 80_000), "2");
    assert.equal(await of(9_804 + 9_803, 80_000), "2");
    // As many whole seconds.
    assert.equal(await of(30_000, 2_000), "3");
    assert.equal(await of(30_000, 2_666), "3");
    assert.equal(await of(30_000, 2_667), "4");
    assert.deepEqual(asked, ["90", "90", "3", "4"]);
    terms.clear();
    assert.equal(await of(30_000, 2_000), "5");
    // It counts from when it was asked for.
    const slow = await terms.of(8_000, () => {
      clock.now += 500;
      return Promise.resolve("slow");
    });
    assert.deepEqual([slow, await of(clock.now + 480, 8_000), await of(clock.now + 1, 8_000)], [
      "slow",
      "slow",
      "6",
    ]);
  });
});

async function ends({ terms }: EtcdFixture): Promise<void> {
  await until("all leases of etcd's have ended", async () => await terms() === 0);
}

Deno.test("etcd: refused, released and abandoned acquisitions leave no lease of etcd's for each", async () => {
  await withEtcd(async (fixture) => {
    const { connect, terms, front } = fixture;
    const [driver, other] = [connect(), connect()];
    // Long enough that none ends, and that none is too old to be shared, while the test lasts.
    const mine = acquire("lock:a", { ttl: 3_600_000 });
    await driver.apply([mine]);
    assert.equal(await terms(), 1);
    // Tooz leaves twenty.
    for (let n = 0; n < 20; n++) {
      const [outcome] = await other.apply([acquire("lock:a", { ttl: 7_200_000 })]);
      assert.equal(outcome?.ok, false);
    }
    assert.equal(await terms(), 2);
    for (let n = 0; n < 20; n++) {
      const op = acquire(`lock:${n}`, { ttl: 7_200_000 });
      await other.apply([op]);
      await other.apply([release(op)]);
    }
    assert.equal(await terms(), 2);
    for (let n = 0; n < 20; n++) {
      const stop = new AbortController();
      front.faults.next("hang-reply");
      const call = other.apply([acquire(`lock:x${n}`, { ttl: 7_200_000 })], {
        signal: stop.signal,
      });
      await until("it is done", () => front.faults.seen.at(-1)?.executed === 1);
      stop.abort();
      await assert.rejects(call);
    }
    assert.equal(await terms(), 2);
  });
});

Deno.test("etcd: what nobody renews goes, and leaves nothing", async () => {
  await withEtcd(async (fixture) => {
    const { connect, ask } = fixture;
    const driver = connect();
    await driver.apply([acquire("lock:a", { ttl: 2_000 })]);
    const [next] = await driver.apply([acquire("lock:a", { ttl: 2_000, patience: 8_000 })]);
    assert.equal(next?.ok, true, "it is granted when the first has ended");
    await ends(fixture);
    const { kvs } = await ask("/kv/range", { key: btoa("baton/"), range_end: btoa("baton0") });
    const names = (kvs as { key: string }[]).map(({ key }) => atob(key));
    assert.deepEqual(names, ["baton/epoch"]);
  });
});

Deno.test("etcd: however often leases are renewed, there is one lease of etcd's for an eighth of the ttl", async () => {
  await withEtcd(async ({ connect, terms }) => {
    const driver = connect();
    const mine = [acquire("lock:a", { ttl: 3_600_000 }), acquire("lock:b", { ttl: 3_600_000 })];
    await driver.apply(mine);
    for (let n = 0; n < 20; n++) {
      for (const op of mine) assert.equal((await driver.apply([renew(op)]))[0]?.ok, true);
    }
    assert.equal(await terms(), 1);
  });
});

/** etcd's lease to which a lease of ours is attached. */
async function termOf({ ask }: EtcdFixture, resource: string): Promise<string | undefined> {
  const place = `baton/leases/${resource}`;
  const range = { key: btoa(`${place}\0`), range_end: btoa(`${place}\x01`) };
  const { kvs } = await ask("/kv/range", range) as { kvs?: { lease: string }[] };
  return kvs?.[0]?.lease;
}

Deno.test("etcd: a renewal that comes late does not undo a later one, and is made again if it was not known", async () => {
  await withEtcd(async (fixture) => {
    const { connect, front: { faults }, paths } = fixture;
    const driver = connect();
    const mine = acquire("lock:a", { ttl: 100_000 });
    await driver.apply([mine]);
    const { now } = Date;
    let after = 0;
    try {
      Date.now = () => now() + after;
      let arrive = (): void => {};
      faults.next({ hold: new Promise((resolve) => arrive = resolve) });
      const late = driver.apply([renew(mine)]);
      await until("it is on its way", () => paths().includes("/kv/txn"));
      const old = await termOf(fixture, "lock:a");
      // By now that lease of etcd's is too old for a renewal.
      after = 60_000;
      assert.equal((await driver.apply([renew(mine)]))[0]?.ok, true);
      const term = await termOf(fixture, "lock:a");
      assert.notEqual(term, old);
      paths();
      arrive();
      assert.equal((await late)[0]?.ok, true);
      assert.deepEqual(paths(), ["/kv/txn"], "it was not made, so it is made again");
      assert.equal(await termOf(fixture, "lock:a"), term, "it is where the later one has put it");
    } finally {
      Date.now = now;
    }
  });
});

Deno.test("etcd: a keep-alive and a look beside it forbid no late renewal, which takes the key away from what was kept", async () => {
  await withEtcd(async (fixture) => {
    const { connect, ask, front: { faults }, paths } = fixture;
    const [driver, other] = [connect(), connect()];
    const mine = acquire("lock:a", { ttl: 100_000 });
    await driver.apply([mine]);
    const kept = await termOf(fixture, "lock:a");
    // So it has a lease of etcd's of its own.
    await other.apply([acquire("lock:b", { ttl: 100_000 })]);
    let arrive = (): void => {};
    faults.next({ hold: new Promise((resolve) => arrive = resolve) });
    paths();
    const late = other.apply([renew(mine)]);
    await until("it is on its way", () => paths().includes("/kv/txn"));
    const { result } = await ask("/lease/keepalive", { ID: kept }) as { result: { TTL: string } };
    assert.equal(result.TTL, "113", "all of the ttl, and an eighth more");
    assert.equal(await termOf(fixture, "lock:a"), kept);
    arrive();
    assert.equal((await late)[0]?.ok, true);
    assert.notEqual(await termOf(fixture, "lock:a"), kept);
  });
});

Deno.test("etcd: a lease of etcd's that somebody has revoked is made anew, and nothing is lost", async () => {
  await withEtcd(async ({ connect, ask, terms }) => {
    const driver = connect();
    const mine = acquire("lock:a");
    await driver.apply([mine]);
    for (const { ID } of (await ask("/lease/leases"))["leases"] as { ID: string }[]) {
      await ask("/lease/revoke", { ID });
    }
    assert.equal(await terms(), 0);
    const [gone, other] = await driver.apply([renew(mine), acquire("lock:b")]);
    assert.deepEqual([gone?.ok, other?.ok], [false, true]);
    assert.equal(await terms(), 1);
  });
});

Deno.test("etcd: a member that slept too long is reported lost, and comes back by a join alone", async () => {
  await withEtcd(async (fixture) => {
    const { connect } = fixture;
    const lost: string[] = [];
    await using baton = new Coordinator(connect(), {
      memberId: "sleeper",
      ttl: 2_000,
      on: (event) => void (event.type === "lost" && lost.push(event.type)),
    });
    await using other = new Coordinator(connect(), { memberId: "other", ttl: 60_000 });
    await other.createGroup("g");
    await baton.joinGroup("g");
    const lease = await baton.getLock("l").hold();
    const members = async () => [...await other.getMembers("g")];
    await until("its membership has ended", async () => (await members()).length === 0);
    assert.equal(lease.signal.aborted, true);
    await baton.heartbeat().catch(() => {});
    await baton.heartbeat().catch(() => {});
    assert.deepEqual(await members(), [], "a heartbeat does not put it back");
    assert.equal(await baton.getLock("l").isStillOwner(), false);
    await baton.joinGroup("g");
    assert.deepEqual(await members(), ["sleeper"]);
    assert.ok(lost.length > 0, "it is reported");
  });
});

Deno.test("etcd: a waiter is granted after somebody has deleted all keys, and stops asking", async () => {
  await withEtcd(async ({ connect, ask, paths }) => {
    const [holder, waiter] = [connect(), connect()];
    const ttl = 3_600_000;
    await holder.apply([acquire("lock:a", { ttl })]);
    const next = acquire("lock:a", { ttl, patience: 600_000 });
    const ended = new AbortController();
    let granted = false;
    const call = waiter.apply([next], { signal: ended.signal }).then(([outcome]) => {
      granted = outcome?.ok === true;
    });
    const failed = call.catch(() => {});
    let seen: string[] = [];
    await until("it waits", () => (seen = [...seen, ...paths()]).includes("/watch"));
    // With them goes what is added to revisions to make tokens of them.
    await ask("/kv/deleterange", { key: btoa("baton/"), range_end: btoa("baton0") });
    seen = [];
    await until("it is granted", () => granted || (seen = [...seen, ...paths()]).length > 50);
    ended.abort();
    await failed;
    assert.deepEqual([granted, seen.length <= 50], [true, true]);
  });
});

import assert from "node:assert/strict";
import { Coordinator } from "../../../mod.ts";
import type { Op } from "../../../drivers/driver.ts";
import { acquire, ifVacant, inspect, list, release, renew } from "../../conformance/operations.ts";
import { until } from "../../servers/process.ts";
import { withEtcd } from "./with_etcd.ts";

const [GRANT, TXN, WATCH] = ["/lease/grant", "/kv/txn", "/watch"];

Deno.test("etcd: an acquisition takes two requests, and one if a lease of etcd's with that ttl is new", async () => {
  await withEtcd(async ({ connect, paths }) => {
    const [driver, other] = [connect(), connect()];
    const first = acquire("lock:a");
    await driver.apply([first]);
    // Where tokens begin is written once in the life of a cluster.
    assert.deepEqual(paths(), [GRANT, TXN, TXN]);
    await driver.apply([acquire("lock:b")]);
    assert.deepEqual(paths(), [TXN], "the lease of etcd's is new");
    await driver.apply([acquire("lock:c", { ttl: 300_000 })]);
    assert.deepEqual(paths(), [GRANT, TXN], "of another ttl there is none");
    await driver.apply([acquire("lock:d", { ttl: Infinity })]);
    assert.deepEqual(paths(), [TXN], "without end it needs none");
    await other.apply([acquire("lock:a")]);
    assert.deepEqual(paths(), [GRANT, TXN], "another handle has its own");
    await other.apply([acquire("lock:a")]);
    assert.deepEqual(paths(), [TXN], "a refused one is of use to the next");
    await driver.apply([release(first)]);
    await driver.apply([inspect("lock:a")]);
    await driver.apply([list("")]);
    assert.deepEqual(paths(), [TXN, TXN, TXN]);
  });
});

Deno.test("etcd: a thousand renewals are one transaction, and a hundred of anything else", async () => {
  await withEtcd(async ({ connect, paths }) => {
    // Each with a guard, and so with all that a refusal reads.
    const ops = Array.from(
      { length: 1_000 },
      (_, n) => acquire(`lock:${n}`, { guard: ifVacant(`readers:${n}`) }),
    );
    const driver = connect();
    await driver.apply(ops);
    paths();
    const few = ops.slice(0, 100);
    const all = async (batch: readonly Op[], ok: boolean): Promise<void> => {
      const outcomes = await driver.apply(batch);
      assert.ok(outcomes.length === batch.length && outcomes.every((each) => each.ok === ok));
      assert.deepEqual(paths(), [TXN], `${batch[0]?.op}`);
    };
    await all(ops.map((op) => renew(op)), true);
    await all(few.map(({ resource, guard }) => acquire(resource, { guard })), false);
    await all(few.map(({ resource }) => inspect(resource)), true);
    await all(few.map((op) => release(op, op.guard)), true);
    await all(few, true);
    await driver.apply([...ops, ...ops].map((op) => renew(op)));
    assert.deepEqual(paths(), [TXN, TXN]);
    await connect().apply(ops.map((op) => renew(op)));
    assert.deepEqual(paths(), [GRANT, TXN], "a handle that has no lease of etcd's yet");
    await driver.apply(ops.map((op) => renew(op)));
    assert.deepEqual(
      paths(),
      [TXN, TXN],
      "the other handle has renewed them, which it did not know",
    );
    // The most of one transaction: renewals, and one that reads.
    await all([...ops.slice(0, 990).map((op) => renew(op)), acquire("lock:more")], true);
    // docs/backends.md says how many operations a transaction must be allowed to have.
  }, ["--max-txn-ops", "72"]);
});

Deno.test("etcd: long names and values are spread over as many requests as etcd takes", async () => {
  await withEtcd(async ({ connect, paths }) => {
    const driver = connect();
    const name = "ü".repeat(250);
    const guard = { when: "vacant", resource: name, seat: name } as const;
    const long = Array.from(
      { length: 400 },
      (_, n) => acquire(`${name}${n}`, { seat: name, guard }),
    );
    const large = Array.from(
      { length: 40 },
      (_, n) => acquire(`large:${n}`, { value: "ü".repeat(32_000) }),
    );
    paths();
    for (const ops of [long, large]) {
      assert.ok((await driver.apply(ops)).every(({ ok }) => ok));
      assert.ok((await driver.apply(ops.map((op) => renew(op, op.value)))).every(({ ok }) => ok));
    }
    assert.ok(paths().length < 20);
  });
});

Deno.test("etcd: a tick of locks, groups and elections takes three requests and one more for each ttl", async () => {
  await withEtcd(async ({ connect, paths }) => {
    await using baton = new Coordinator(connect(), { memberId: "a", ttl: 60_000, lockTtl: 30_000 });
    for (let n = 0; n < 20; n++) await baton.getLock(`l${n}`).hold();
    for (const group of ["g", "h"]) {
      await baton.joinGroupCreate(group);
      await baton.watchJoinGroup(group, () => {});
      baton.watchElectedAsLeader(group, () => {});
    }
    paths();
    await baton.tick();
    const sent = paths();
    assert.ok(sent.filter((each) => each === TXN).length <= 3, `${sent}`);
    assert.ok(sent.filter((each) => each === GRANT).length <= 2, `${sent}`);
  });
});

Deno.test("etcd: a wait takes a try, a watch and a last transaction, however long it is", async () => {
  await withEtcd(async ({ connect, paths }) => {
    const mine = acquire("lock:a");
    const [driver, other] = [connect(), connect()];
    await driver.apply([mine]);
    paths();
    const [refused] = await other.apply([acquire("lock:a", { patience: 1_000 })]);
    assert.equal(refused?.ok, false);
    assert.deepEqual(paths(), [GRANT, TXN, WATCH, TXN], "it tries, waits, and leaves the queue");
    const wait = other.apply([acquire("lock:a", { patience: 600_000 })]);
    let sent: string[] = [];
    await until("it waits", () => (sent = [...sent, ...paths()]).includes(WATCH));
    assert.deepEqual(sent, [TXN, WATCH]);
    await driver.apply([release(mine)]);
    assert.equal((await wait)[0]?.ok, true);
    assert.deepEqual(paths(), [TXN, TXN], "a release, and a grant");
  });
});

Deno.test("etcd: a release of what still waits takes it out of the queue, and nobody stands behind it", async () => {
  await withEtcd(async ({ connect, paths }) => {
    const mine = acquire("lock:a");
    const [holder, gone, next] = [connect(), connect(), connect()];
    await holder.apply([mine]);
    const patient = () => acquire("lock:a", { patience: 600_000 });
    const given = patient();
    const stop = new AbortController();
    const waits = async (driver: typeof gone, op: Op, who: string): Promise<string> => {
      await driver.apply([op], { signal: stop.signal });
      return who;
    };
    paths();
    const first = waits(gone, given, "who gave it back");
    await until("the first waits", () => paths().includes(WATCH));
    const second = waits(next, patient(), "the next");
    await until("the second waits", () => paths().includes(WATCH));
    // As somebody does who had no answer, and thinks no longer that it waits.
    await holder.apply([release(given), release(mine)]);
    assert.equal(await Promise.race([first, second]), "the next");
    stop.abort();
    await assert.rejects(first);
  });
});

Deno.test("etcd: a wait after one in vain needs no new lease of etcd's, and is granted as soon", async () => {
  await withEtcd(async ({ connect, paths }) => {
    const mine = acquire("lock:a");
    const [driver, other] = [connect(), connect()];
    const wait = (patience: number) => other.apply([acquire("lock:a", { ttl: 120_000, patience })]);
    await driver.apply([mine]);
    await wait(100);
    paths();
    const { now } = Date;
    try {
      // More than an eighth of the ttl later, a lease of etcd's is too old for a grant.
      Date.now = () => now() + 20_000;
      assert.equal((await wait(100))[0]?.ok, false);
      assert.deepEqual(paths(), [TXN, WATCH, TXN]);
      const next = wait(600_000);
      await until("it waits", () => paths().includes(WATCH));
      await driver.apply([release(mine)]);
      const [lease] = await next;
      assert.equal(lease?.ok, true);
      assert.deepEqual(paths(), [TXN, GRANT, TXN]);
      await wait(100);
      assert.equal(
        (await other.apply([release({ ...mine, id: lease!.leases[0]!.id })]))[0]?.ok,
        true,
      );
      paths();
      assert.equal((await wait(100))[0]?.ok, true);
      assert.deepEqual(paths(), [TXN, TXN], "it lines up first, and finds that it is free");
    } finally {
      Date.now = now;
    }
  });
});

Deno.test("etcd: each watch is a request of its own, for the gateway may drop what follows it", async () => {
  await withEtcd(async ({ connect }) => {
    const bodies: string[] = [];
    const spy: typeof fetch = (url, init) => {
      if (`${url}`.includes(WATCH)) bodies.push(`${init?.body}`);
      return fetch(url, init);
    };
    const driver = connect();
    const [seat, reader] = [acquire("lock:a"), acquire("lock:b")];
    await driver.apply([seat, reader]);
    const guard = { when: "vacant", resource: "lock:b" } as const;
    const wait = connect({ fetch: spy }).apply([
      acquire("lock:a", { patience: 600_000, guard }),
    ]);
    // The seat, and when that is vacant what the guard is about.
    for (const [n, each] of [seat, reader].entries()) {
      await until("it watches", () => bodies.length === n + 1);
      await driver.apply([release(each)]);
    }
    assert.equal((await wait)[0]?.ok, true);
    for (const body of bodies) assert.deepEqual(Object.keys(JSON.parse(body)), ["create_request"]);
  });
});

Deno.test("etcd: when a lock of 16 waiters is released, the first asks, and the next gets ready", async () => {
  await withEtcd(async ({ connect, paths }) => {
    const first = acquire("lock:a");
    const driver = connect();
    await driver.apply([first]);
    const waiting = Array.from({ length: 16 }, () => acquire("lock:a", { patience: 600_000 }));
    const calls = [];
    let watches = 0;
    let txns = 0;
    const count = (): void => {
      for (const path of paths()) path === WATCH ? watches++ : path === TXN && txns++;
    };
    for (const op of waiting) {
      calls.push(connect().apply([op]));
      await until("it waits", () => (count(), watches === calls.length));
    }
    [watches, txns] = [0, 0];
    let holder = first;
    for (const [n, call] of calls.entries()) {
      await driver.apply([release(holder)]);
      assert.equal((await call)[0]?.ok, true);
      holder = waiting[n]!;
    }
    count();
    const { length } = waiting;
    // A release and a grant for each. The next one sees that it is the first: it tries, and watches the
    // seat.
    assert.ok(txns >= 2 * length && txns <= 3 * length, `${txns} transactions`);
    assert.ok(watches <= 2 * length, `${watches} watches`);
  });
});

/**
 * What only Consul's driver promises: its sessions, its epoch, and leases that no session can hold.
 *
 * @module
 */

import assert from "node:assert/strict";
import { granted, lists, refused, released, renewed, step } from "../../conformance/expect.ts";
import { acquire, breakSeat, inspect, release, renew } from "../../conformance/operations.ts";
import { until } from "../../servers/process.ts";
import { withConsul } from "./with_consul.ts";

const DAY = 86_400_000;

Deno.test("refused and finished acquisitions leave one session behind, and no key", async () => {
  await withConsul(async ({ connect, sessions, keys }) => {
    const [one, two] = [connect(), connect()];
    const mine = acquire("lock:a");
    await granted(one, mine);
    for (let turn = 0; turn < 20; turn++) {
      assert.equal((await step(two, acquire("lock:a"))).ok, false);
      const theirs = acquire("lock:b");
      await granted(two, theirs);
      await released(two, release(theirs));
    }
    assert.equal((await sessions()).length, 2, "one of each driver");
    await released(one, release(mine));
    assert.deepEqual(await keys(), ["baton/epoch"]);
  });
});

Deno.test("leases that are renewed together come into one session, and one request renews it", async () => {
  await withConsul(async ({ connect, front, ask }) => {
    const driver = connect();
    // More than one transaction can move, and as many as one request can look at.
    const all = Array.from({ length: 58 }, (_, n) => acquire(`lock:${n}`, { ttl: 4_000 }));
    await Promise.all(all.map((mine) => granted(driver, mine)));
    const beat = all.map((mine) => renew(mine));
    for (const { ok } of await driver.apply(beat)) assert.ok(ok);
    const stored = await ask<{ Session?: string }[]>("GET", "kv/baton/lease?recurse");
    assert.equal(new Set(stored.map(({ Session }) => Session)).size, 1);
    // Older than an eighth of the ttl, so that it must be renewed.
    await new Promise((resolve) => setTimeout(resolve, 550));
    const before = front.requests;
    for (const { ok } of await driver.apply(beat)) assert.ok(ok);
    assert.equal(front.requests - before, 2, "a look, and a renewal");
  });
});

Deno.test("a batch of renewals with new values is written in as many parts as it takes", async () => {
  await withConsul(async ({ connect }) => {
    const driver = connect();
    const all = Array.from({ length: 130 }, (_, n) => acquire("group:a", { seat: `${n}` }));
    for (const { ok } of await driver.apply(all)) assert.ok(ok);
    const value = "v".repeat(16_000);
    const beat = all.map((mine) => renew(mine, value));
    for (const { ok } of await connect().apply([...beat, ...beat])) assert.ok(ok);
    const { leases } = await step(driver, inspect("group:a"));
    assert.ok(leases.length === 130 && leases.every((lease) => lease.value === value));
  });
});

Deno.test("Consul renews a session whose lease another has now, so a heartbeat also looks", async () => {
  await withConsul(async ({ connect, ask, sessions }) => {
    const [one, two] = [connect(), connect()];
    const [mine, also] = [acquire("lock:a"), acquire("lock:b")];
    for (const { ok } of await one.apply([mine, also])) assert.ok(ok);
    const [session] = await sessions();
    await released(two, breakSeat(mine));
    const theirs = await granted(two, acquire("lock:a"));
    const [renewal] = await ask<{ ID: string }[]>("PUT", `session/renew/${session}`);
    assert.equal(renewal?.ID, session, "this alone would make two believe");
    const beat = await one.apply([renew(mine), renew(also)]);
    assert.deepEqual(beat.map(({ ok }) => ok), [false, true]);
    await lists(one, inspect("lock:a"), [theirs]);
  });
});

Deno.test("a session that an operator destroys takes its leases at once, and nothing else", async () => {
  await withConsul(async ({ connect, ask, sessions }) => {
    const driver = connect();
    const [mine, endless] = [acquire("lock:a"), acquire("groups", { seat: "g", ttl: Infinity })];
    await granted(driver, mine);
    const lease = await granted(driver, endless);
    for (const id of await sessions()) await ask("PUT", `session/destroy/${id}`);
    await refused(driver, renew(mine), []);
    await lists(driver, inspect("groups"), [lease]);
    // There is no lock delay, for another and for the same driver.
    await granted(driver, acquire("lock:a"));
    await granted(connect(), acquire("lock:b"));
  });
});

Deno.test("tokens go on growing when all keys were deleted", async () => {
  await withConsul(async ({ connect, ask }) => {
    const driver = connect();
    const first = await granted(driver, acquire("lock:a"));
    assert.ok(first.token > Date.UTC(2020), `${first.token}`);
    await ask("DELETE", "kv/?recurse");
    // The clock of the answer counts seconds.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const second = await granted(driver, acquire("lock:a"));
    assert.ok(second.token > first.token, `token ${second.token} after ${first.token}`);
  });
});

Deno.test("a lease of more than a day has no session, and ends by the clock of the answer", async () => {
  await withConsul(async ({ connect, ask, keys }) => {
    const driver = connect();
    const [day, week] = [acquire("cron:a", { ttl: DAY }), acquire("cron:b", { ttl: 7 * DAY })];
    await granted(driver, day);
    const lease = await granted(driver, week);
    const stored = await ask<{ Key: string; Session?: string }[]>("GET", "kv/baton/lease?recurse");
    const session = (name: string) => stored.find(({ Key }) => Key.includes(name))?.Session;
    assert.deepEqual([session("_3Aa") !== undefined, session("_3Ab")], [true, undefined]);
    await renewed(driver, renew(week), lease);
    // As it will stand there in a week.
    const put = async (ends: number): Promise<void> => {
      const key = `kv/baton/lease/cron_3Ab/,`;
      const [{ Session: _, ...entry } = {}] = await ask<Record<string, unknown>[]>("GET", key);
      const Value = btoa(`${JSON.stringify([week.id, week.ttl, ends])}\n`);
      await ask("PUT", "txn", [{ KV: { Verb: "set", Key: entry["Key"], Value } }]);
    };
    await put(Date.now() - 2_000);
    await lists(driver, inspect(week.resource), []);
    assert.ok(
      !(await keys()).includes("baton/lease/cron_3Ab/,"),
      "who sees that it is dead ends it",
    );
    await refused(driver, renew(week), []);
    await granted(driver, week);
    await put(Date.now() - 2_000);
    const next = await granted(connect(), acquire(week.resource, { ttl: 7 * DAY }));
    assert.ok(next.token > lease.token);
  });
});

Deno.test("of those who wait in one process one at a time waits at Consul, and a change wakes one", async () => {
  await withConsul(async ({ connect, front }) => {
    const [one, two] = [connect(), connect()];
    const mine = acquire("lock:a");
    await granted(one, mine);
    const MANY = 20;
    const served = Array.from({ length: MANY }, async () => {
      const op = acquire("lock:a", { patience: 600_000 });
      await granted(two, op);
      await released(two, release(op));
    });
    await until("they wait", () => front.requests > MANY);
    await released(one, release(mine));
    await Promise.all(served);
    // If each change woke all who wait, it would be more than 400.
    assert.ok(front.requests <= 12 * MANY, `${front.requests} requests`);
  });
});

Deno.test("who asks again for what is held waits in one request", async () => {
  await withConsul(async ({ connect, front }) => {
    const [one, two] = [connect(), connect()];
    const mine = acquire("lock:a");
    const lease = await granted(one, mine);
    const ask = () => acquire("lock:a", { patience: 200 });
    await refused(two, ask(), [lease]);
    const before = front.requests;
    for (let turn = 0; turn < 3; turn++) await refused(two, ask(), [lease]);
    assert.equal(front.requests - before, 3);
    const patient = acquire("lock:a", { patience: 30_000 });
    const waits = granted(two, patient);
    await until("it waits", () => front.requests - before === 4);
    await released(one, release(mine));
    await waits;
  });
});

Deno.test("a change of what is held, such as a new value, makes those who wait look, and write nothing", async () => {
  await withConsul(async ({ connect, front, server }) => {
    const [one, two] = [connect({ url: server.url }), connect()];
    const mine = acquire("lock:a");
    const lease = await granted(one, mine);
    await refused(two, acquire("lock:a"), [lease]);
    const before = front.requests;
    const waits = granted(two, acquire("lock:a", { patience: 600_000 }));
    await until("it waits", () => front.requests - before === 1);
    await renewed(one, renew(mine, "new"), { ...lease, value: "new" });
    await until("it waits again", () => front.requests - before === 3);
    await released(one, release(mine));
    await waits;
    assert.equal(front.requests - before, 4, "a wait, a look, a wait, and the grant");
  });
});

/**
 * What is left in Redis of names that are over: released, crashed, or forgotten.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Redis } from "ioredis";
import { Coordinator } from "../../../mod.ts";
import type { Acquire, Release } from "../../../drivers/driver.ts";
import { until } from "../../servers/process.ts";
import { acquire, withRedis } from "./with_redis.ts";

/** The counter and the lists of the index: all that a namespace may ever keep. */
const MOST = 1 + 512;

/** What two holders of every kind of name take; the numbers are names that strangers may choose. */
function kinds(name: number): Acquire[] {
  const two = (resource: string): Acquire[] =>
    ["0", "1"].map((seat) => acquire(`${seat}-${name}`, { resource, seat }));
  return [
    acquire(`w-${name}`, { resource: `lock:${name}` }),
    acquire(`l-${name}`, { resource: `leader:${name}` }),
    acquire(`g-${name}`, { resource: "groups", seat: `${name}`, ttl: Infinity }),
    ...["readers", "semaphore"].flatMap((kind) => two(`${kind}:${name}`)),
    ...["cron", "group"].map((kind) =>
      acquire(`${kind}-${name}`, { resource: `${kind}:${name}`, seat: "1" })
    ),
  ];
}

function release({ resource, seat, id }: Acquire): Release {
  return { op: "release", resource, seat, id };
}

/** Everything that the index lists. */
async function listed(client: Redis): Promise<string[]> {
  const lists = (await client.keys("{baton}/*")).filter((key) => /^\{baton\}\/\d+$/.test(key));
  if (lists.length === 0) return [];
  return (await client.mget(lists)).flatMap((list) => list?.trim().split(" ") ?? []);
}

Deno.test("10,000 names of every kind, taken and released one after the other, leave the counter alone", () =>
  withRedis(async (driver, client) => {
    for (let name = 0; name < 10_000; name += 200) {
      const ops = Array.from({ length: 200 }, (_, i) => kinds(name + i)).flat();
      const granted = await driver.apply(ops);
      assert(granted.every(({ ok }) => ok));
      // Not in the order of their coming, nor all in one request.
      const half = ops.length / 2;
      for (const part of [ops.slice(half), ops.slice(0, half)]) {
        const released = await driver.apply(part.map(release));
        assert(released.every(({ ok }) => ok));
      }
    }
    assert.deepEqual(await client.keys("*"), ["{baton}"]);
  }));

Deno.test("holders of 10,000 names of every kind that crash leave a fixed number of keys, not one a name", () =>
  withRedis(async (driver, client) => {
    for (let name = 0; name < 10_000; name += 200) {
      const ops = Array.from({ length: 200 }, (_, i) => kinds(name + i)).flat();
      await driver.apply(ops.map((op) => ({ ...op, ttl: 1 })));
    }
    await until("all are over", async () => {
      return !(await client.keys("{baton}/*/*")).length;
    });
    const keys = await client.keys("*");
    assert(keys.length <= MOST, `${keys.length} keys`);
    // 70,000 leases have been listed; those who came later have cleared most of them away.
    const names = (await listed(client)).length;
    assert(names < 45_000, `${names} are listed`);
  }));

Deno.test("a user's locks with readers, permits and groups, all given back, leave no key without an end", () =>
  withRedis(async (driver, client) => {
    await using one = new Coordinator(driver, { memberId: "one" });
    await using two = new Coordinator(driver, { memberId: "two" });
    for (let name = 0; name < 100; name++) {
      const leases = [
        await one.getLock(`l${name}`).hold({ shared: true, timeout: 0 }),
        await two.getLock(`l${name}`).hold({ shared: true, timeout: 0 }),
        await one.getSemaphore(`s${name}`, 2).hold({ timeout: 0 }),
        await two.getSemaphore(`s${name}`, 2).hold({ timeout: 0 }),
      ];
      await one.joinGroupCreate(`g${name}`);
      await two.joinGroup(`g${name}`);
      for (const lease of leases) await lease.release();
      await two.leaveGroup(`g${name}`);
      await one.leaveGroup(`g${name}`);
      await one.deleteGroup(`g${name}`);
    }
    const keys = await client.keys("*");
    const endless: string[] = [];
    for (const key of keys) if (await client.pttl(key) === -1) endless.push(key);
    const index = endless.filter((key) => /^\{baton\}\/\d+$/.test(key));
    assert.deepEqual(endless.filter((key) => !index.includes(key)), ["{baton}"]);
    // What is listed is there: notes of who has left, which end by themselves.
    const names = await listed(client);
    assert.equal(names.length, new Set(names).size);
    for (const name of names) assert(keys.includes(`{baton}${name}`), name);
  }));

Deno.test("short readers that crash beside long ones do not make the index grow without bound", () =>
  withRedis(async (driver, client) => {
    const resource = "readers:l";
    const long = Array.from(
      { length: 1_600 },
      (_, i) => acquire(`long-${i}`, { resource, seat: `long-${i}` }),
    );
    await driver.apply(long);
    for (let i = 0; i < 300; i++) {
      const short = Array.from(
        { length: 50 },
        (_, n) => acquire(`${i}-${n}`, { resource, seat: `short-${i}-${n}`, ttl: 1 }),
      );
      await driver.apply(short);
    }
    const names = await listed(client);
    // The long ones, and about as many again; 15,000 short ones have been there.
    assert(names.length < 5_000, `${names.length} are listed`);
    const [all] = await driver.apply([{ op: "inspect", resource }]);
    const there = new Set(all?.leases.map(({ id }) => id));
    for (const { id } of long) assert(there.has(id), `${id} is listed no more`);
  }));

Deno.test("slots that nobody ever lists again do not pile up", () =>
  withRedis(async (driver, client) => {
    for (let slot = 0; slot < 10_000; slot += 100) {
      const ops = Array.from({ length: 100 }, (_, i) => {
        const seat = `${1_800_000_000_000 + (slot + i) * 60_000}`;
        return acquire(seat, { resource: "cron:j", seat, ttl: 1 });
      });
      await driver.apply(ops);
    }
    const names = await listed(client);
    assert(names.length < 16 * 200, `${names.length} slots are listed`);
  }));

Deno.test("whoever lists a resource unlists the dead, and the lists go with the last of them", () =>
  withRedis(async (driver, client) => {
    const seats = ["a", "b", "c"];
    await driver.apply(seats.map((seat) => acquire(seat, { resource: "cron:j", seat })));
    assert.deepEqual((await listed(client)).sort(), seats.map((seat) => `/cron:j/${seat}`));
    const list = async (): Promise<(string | undefined)[]> => {
      const [outcome] = await driver.apply([{ op: "inspect", resource: "cron:j" }]);
      return outcome?.leases.map(({ seat }) => seat) ?? [];
    };
    // As if their time were over.
    await client.del("{baton}/cron:j/a", "{baton}/cron:j/c");
    assert.deepEqual(await list(), ["b"]);
    assert.deepEqual(await listed(client), ["/cron:j/b"]);
    await client.del("{baton}/cron:j/b");
    assert.deepEqual(await list(), []);
    assert.deepEqual(await client.keys("*"), ["{baton}"]);
  }));

Deno.test("a look for old seats in a long list unlists none that lives", () =>
  withRedis(async (driver) => {
    const seats = Array.from({ length: 4_000 }, (_, n) => `${1_800_000_000_000 + n}`);
    for (let i = 0; i < seats.length; i += 100) {
      const part = seats.slice(i, i + 100);
      await driver.apply(part.map((seat) => acquire(seat, { resource: "cron:j", seat })));
    }
    const [outcome] = await driver.apply([{ op: "inspect", resource: "cron:j" }]);
    assert.deepEqual(outcome?.leases.map(({ seat }) => seat), seats);
  }));

Deno.test("a claim among 20,000 remembered slots reads and writes a small part of the index, a renewal none", () =>
  withRedis(async (driver, client) => {
    const slot = (n: number): Acquire => {
      const seat = `${1_800_000_000_000 + n * 60_000}`;
      return acquire(seat, { resource: "cron:j", seat });
    };
    for (let n = 0; n < 20_000; n += 1_000) {
      await driver.apply(Array.from({ length: 1_000 }, (_, i) => slot(n + i)));
    }
    const lists = (await client.keys("{baton}/*")).filter((key) => /^\{baton\}\/\d+$/.test(key));
    const sizes = await Promise.all(lists.map((key) => client.strlen(key)));
    const all = sizes.reduce((sum, size) => sum + size, 0);
    assert.equal(lists.length, 16);
    assert(Math.max(...sizes) < all / 12, `${sizes}`);
    const { resource, seat, id, ttl } = slot(0);
    const monitored: string[][] = [];
    const monitor = await client.monitor();
    monitor.on("monitor", (_: string, words: string[]) => monitored.push(words));
    await driver.apply([slot(20_000)]);
    await driver.apply([{ op: "renew", resource, seat, id, ttl }]);
    await until("both are seen", () => monitored.some(([name]) => name === "pexpire"));
    monitor.disconnect();
    const read = monitored.filter(([name]) => name === "mget")
      .map(([, ...keys]) => keys.filter((key) => lists.includes(key)).length);
    assert.deepEqual(read, [1, 0]);
  }));

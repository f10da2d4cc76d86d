/**
 * A real Redis that refuses: out of memory, unable to save, without replicas, a replica, busy. Nothing is
 * written, the error says so and why, and nothing is sent again by the driver.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Redis } from "ioredis";
import { ConnectionError } from "../../../mod.ts";
import { redis } from "../../../drivers/redis/redis.ts";
import { fencedRedis } from "../../../fencing/mod.ts";
import { until } from "../../servers/process.ts";
import { acquire, withRedis } from "./with_redis.ts";

/** How a server comes to refuse, and how it comes back. */
interface Refusal {
  readonly word: string;
  begin(client: Redis, another: () => Redis): Promise<unknown>;
  end(client: Redis): Promise<unknown>;
}

const away = (client: Redis) => client.call("REPLICAOF", "127.0.0.1", "1");
const back = (client: Redis) => client.call("REPLICAOF", "NO", "ONE");

const REFUSALS: readonly Refusal[] = [
  {
    word: "OOM",
    begin: (client) => client.config("SET", "maxmemory", "1"),
    end: (client) => client.config("SET", "maxmemory", "0"),
  },
  {
    word: "NOREPLICAS",
    begin: (client) => client.config("SET", "min-replicas-to-write", "1"),
    end: (client) => client.config("SET", "min-replicas-to-write", "0"),
  },
  { word: "READONLY", begin: away, end: back },
  {
    word: "MASTERDOWN",
    begin: async (client) => {
      await client.config("SET", "replica-serve-stale-data", "no");
      await away(client);
    },
    end: back,
  },
  {
    word: "MISCONF",
    begin: async (client) => {
      // It cannot save where there is a folder of the file's name.
      const [, folder] = await client.config("GET", "dir") as [string, string];
      await Deno.mkdir(`${folder}/dump.rdb/x`, { recursive: true });
      await client.config("SET", "save", "1000000 1");
      await client.bgsave();
      await until("the save has failed", async () => {
        return (await client.info("persistence")).includes("rdb_last_bgsave_status:err");
      });
    },
    end: async (client) => {
      await client.config("SET", "stop-writes-on-bgsave-error", "no");
      // Or it would not end without a last try.
      await client.config("SET", "save", "");
    },
  },
  {
    word: "BUSY",
    begin: async (client, another) => {
      await client.config("SET", "lua-time-limit", "1");
      another().eval("while true do end", 0).catch(() => {});
      await until("it is busy", async () => {
        return await client.ping().then(() => false, (error) => /^BUSY/.test(error.message));
      });
    },
    end: (client) => client.call("SCRIPT", "KILL"),
  },
];

/** Everything that is there, but for what a refusal itself needs. */
async function contents(client: Redis): Promise<(string | null)[][]> {
  const keys = (await client.keys("*")).sort();
  return await Promise.all(keys.map(async (key) => [key, await client.get(key)]));
}

for (const { word, begin, end } of REFUSALS) {
  Deno.test(`a lock under ${word}: nothing is written, the error says ${word}, and one request was sent`, () =>
    withRedis(async (ready, client, another) => {
      let sent = 0;
      const driver = redis(([name = "", ...args]) => {
        sent++;
        return client.call(name, ...args);
      });
      const fenced = fencedRedis(([name = "", ...args]) => client.call(name, ...args));
      const held = acquire("held", { resource: "lock:held" });
      const listed = acquire("listed", { resource: "readers:r", seat: "r" });
      await ready.apply([held, listed]);
      await fenced({ key: "fence", token: 1 }, [["INCR", "n"]]);
      const before = await contents(client);
      await begin(client, another);
      const releases = [held, listed].map(({ resource, seat, id }) =>
        ({ op: "release", resource, seat, id }) as const
      );
      const tries = [
        () => driver.apply([acquire("free", { resource: "lock:free" })]),
        () => driver.apply([acquire("s", { resource: "semaphore:s", seat: "0" })]),
        // A refusal is of the whole batch, even of what alone would have been done.
        () => driver.apply([...releases, acquire("free", { resource: "lock:free" })]),
        () =>
          driver.apply([
            { op: "renew", resource: "lock:held", seat: "", id: "held", ttl: 1_000 },
            { op: "renew", resource: "readers:r", seat: "r", id: "listed", ttl: 1_000, value: "w" },
          ]),
        () => fenced({ key: "fence", token: 2 }, [["INCR", "n"]]),
      ];
      for (const attempt of tries) {
        sent = 0;
        await assert.rejects(attempt(), (error: Error) => {
          assert(error instanceof ConnectionError, `${error}`);
          assert.deepEqual([error.code, error.retryable], ["connection", true]);
          assert.match(error.message, new RegExp(`nothing was written \\(${word}\\b`));
          return true;
        });
        assert(sent <= 1, `${sent} requests`);
      }
      await end(client);
      await until("it is back", async () => {
        return await client.set("probe", "1").then(() => true, () => false);
      });
      await client.del("probe");
      assert.deepEqual(await contents(client), before);
      const left = await client.pttl("{baton}/lock:held/");
      assert(left > 30_000, `it was renewed for ${left} ms`);
      const outcomes = await driver.apply([...releases, acquire("free")]);
      assert(outcomes.every(({ ok }) => ok));
    }));
}

Deno.test("under OOM what needs no memory goes on: renewals, looks and releases", () =>
  withRedis(async (driver, client) => {
    const ops = [acquire("a"), acquire("b", { resource: "semaphore:s", seat: "0" })];
    await driver.apply(ops);
    await client.config("SET", "maxmemory", "1");
    const renewals = ops.map(({ resource, seat, id, ttl }) =>
      ({ op: "renew", resource, seat, id, ttl }) as const
    );
    const outcomes = await driver.apply([
      ...renewals,
      { op: "inspect", resource: "semaphore:s" },
      ...renewals.map(({ resource, seat, id }) => ({ op: "release", resource, seat, id }) as const),
    ]);
    assert(outcomes.every(({ ok }) => ok));
    await client.config("SET", "maxmemory", "0");
    assert.deepEqual(await client.keys("*"), ["{baton}"]);
  }));

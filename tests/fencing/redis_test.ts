/**
 * Fences in a real Redis, and over Upstash's protocol: one script, all or none of the commands.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Redis as Upstash } from "@upstash/redis";
import type { Redis } from "ioredis";
import { ConnectionError, CoordinationError, UnknownOutcome } from "../../mod.ts";
import { type FencedRedis, fencedRedis, StaleToken } from "../../fencing/mod.ts";
import { FENCE_SCRIPT, FENCE_SCRIPT_SHA1 } from "../../fencing/redis_script.ts";
import { withClients } from "../drivers/redis/with_redis.ts";
import { until } from "../servers/process.ts";
import { withUpstash } from "../servers/with_upstash.ts";
import { errorOf, interleave, RESOURCES } from "./writers.ts";

function onRedis(
  test: (fenced: FencedRedis, client: Redis, another: () => Redis) => Promise<void>,
  extra: readonly string[] = [],
): Promise<void> {
  return withClients((client, another) => test(over(client), client, another), extra);
}

function over(client: Redis): FencedRedis {
  return fencedRedis(([name = "", ...args]) => client.call(name, ...args));
}

/** All that is there. */
async function contents(client: Redis): Promise<Record<string, unknown>> {
  const keys = (await client.keys("*")).sort();
  return Object.fromEntries(
    await Promise.all(
      keys.map(async (key) => [key, (await client.dumpBuffer(key))?.toString("hex")]),
    ),
  );
}

Deno.test("the fence's script is known by the SHA-1 of its text", () => {
  assert.equal(createHash("sha1").update(FENCE_SCRIPT).digest("hex"), FENCE_SCRIPT_SHA1);
});

Deno.test("Redis: of eight writers at once no stale one's write stays, and no other's is lost", () =>
  onRedis(async (_, client, another) => {
    const tally = await interleave({
      writers: Array.from({ length: 8 }, () => {
        const fenced = over(another());
        return async (resource, token, entry) => {
          const commands = [["RPUSH", `history ${resource}`, entry], ["INCR", `count ${resource}`]];
          const [length, count] = await fenced({ key: `fence ${resource}`, token }, commands);
          assert.equal(length, count);
        };
      }),
      history: (resource) => client.lrange(`history ${resource}`, 0, -1),
      rounds: 100,
    });
    assert.equal(tally.undone, 0);
  }));

Deno.test("Redis: the commands' own replies come back, and a stale token runs none of them", () =>
  onRedis(async (fenced, client) => {
    const { MAX_SAFE_INTEGER: max } = Number;
    for (const key of RESOURCES) {
      const data = `data ${key}`;
      const write = (token: number) =>
        fenced({ key, token }, [
          ["HINCRBY", data, "balance", -10],
          ["HGET", data, "none"],
          ["HGETALL", data],
          ["SET", `${data} 2`, 'é "quoted" \n'],
          ["SET", `${data} 2`, "x", "NX"],
          ["GET", `${data} 2`],
        ]);
      const replies = (
        balance: number,
      ) => [balance, null, ["balance", `${balance}`], "OK", null, 'é "quoted" \n'];
      assert.deepEqual(await write(max - 1), replies(-10));
      const before = await contents(client);
      const stale = await errorOf(write(max - 2));
      assert(stale instanceof StaleToken, `${stale}`);
      assert.deepEqual([stale.resource, stale.token], [key, max - 2]);
      assert.deepEqual(await contents(client), before);
      assert.deepEqual(await write(max - 1), replies(-20));
      assert.deepEqual(await write(max), replies(-30));
      assert.equal(await client.get(key), "9007199254740991");
      assert.deepEqual(await fenced({ key, token: max }, []), []);
      assert(await errorOf(fenced({ key, token: max - 1 }, [])) instanceof StaleToken);
    }
  }));

Deno.test("Redis: tokens compare as numbers, and a server that forgot the script gets its text", () =>
  onRedis(async (fenced, client) => {
    for (const token of [9, 10, 99, 100]) {
      await fenced({ key: "f", token }, []);
      await client.script("FLUSH");
    }
    assert(await errorOf(fenced({ key: "f", token: 99 }, [])) instanceof StaleToken);
    assert.equal(await client.get("f"), "100");
  }));

Deno.test("Redis: a command that fails by itself is told, with what stays, as in MULTI", () =>
  onRedis(async (fenced, client) => {
    await client.set("text", "x");
    const first = await errorOf(fenced({ key: "f", token: 1 }, [["HGET", "text", "a"]]));
    assert(first instanceof CoordinationError && first.code === "misuse", `${first}`);
    assert.match(first.message, /command 1 of 1, HGET, so nothing was written: .*WRONGTYPE/);
    const commands = [["SET", "a", 1], ["INCR", "text"], ["SET", "b", 1]];
    const second = await errorOf(fenced({ key: "f", token: 1 }, commands));
    assert.match(
      second.message,
      /command 2 of 3, INCR, and the 1 before it stay done: .*not an i/,
    );
    assert.deepEqual(await client.mget("a", "text", "b"), ["1", "x", null]);
    for (const key of ["text", "list"]) {
      await client.rpush("list", "1");
      const error = await errorOf(fenced({ key, token: 1 }, [["SET", "c", "1"]]));
      assert(error instanceof CoordinationError && !(error instanceof StaleToken), `${error}`);
    }
    assert.equal(await client.exists("c"), 0);
    assert.equal(await client.get("text"), "x");
  }));

Deno.test("Redis: on a cluster a hash tag keeps fence and data together, and what is apart is refused", () =>
  onRedis(async (fenced, client) => {
    await client.cluster("ADDSLOTSRANGE", 0, 16383);
    await until("the cluster is up", async () => {
      return (await client.cluster("INFO")).includes("cluster_state:ok");
    });
    const there = { key: "fence:{account:42}", token: 1 };
    const replies = await fenced(there, [["INCR", "{account:42}:n"], ["PING"]]);
    assert.deepEqual(replies, [1, "PONG"]);
    await assert.rejects(fenced(there, [["INCR", "elsewhere"]]), /nothing was written \(CROSSSLOT/);
    assert.equal(await client.exists("{account:42}:n"), 1);
  }, ["--cluster-enabled", "yes"]));

Deno.test("Upstash: its client as it comes will do, and a lost reply is unknown and not sent again", () =>
  withUpstash(async ({ server, direct }) => {
    const client = new Upstash({ url: server.url, token: server.token, retry: { retries: 0 } });
    const fenced = fencedRedis((command) => client.exec(command as [string, ...string[]]));
    const write = (token: number) =>
      fenced({ key: "f", token }, [["HINCRBY", "account", "balance", -10], ["SET", "paid", "1"]]);
    assert.deepEqual(await write(7), [-10, "OK"]);
    assert(await errorOf(write(6)) instanceof StaleToken);
    const before = server.requests;
    server.faults.next({ statusAfter: 500, body: '{"error":"ERR internal"}' });
    const lost = await errorOf(write(7));
    assert(lost instanceof UnknownOutcome && !lost.retryable, `${lost}`);
    assert.match(lost.message, /may or may not have run; look before you send them again/);
    assert.equal(server.requests - before, 1);
    assert.equal(await direct.hget("account", "balance"), "-20");
    for (
      const body of ['{"result":null}', '{"result":"OK"}', '{"result":[1,[]]}', '{"result":[9]}']
    ) {
      server.faults.next({ status: 200, body });
      assert(await errorOf(write(7)) instanceof UnknownOutcome, body);
    }
    server.faults.next({
      status: 401,
      body: '{"error":"WRONGPASS invalid or missing auth token"}',
    });
    assert(await errorOf(write(7)) instanceof ConnectionError);
  }));

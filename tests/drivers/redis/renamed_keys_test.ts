/**
 * Clients and proxies that put a prefix before the keys that a command declares, or change them in some
 * other way: ioredis with `keyPrefix`, Envoy's prefix routes, tenants' proxies.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import { ConnectionError, Coordinator, InvalidArgument } from "../../../mod.ts";
import { redis } from "../../../drivers/redis/redis.ts";
import { fencedRedis } from "../../../fencing/mod.ts";
import { acquire, over, withRedis } from "./with_redis.ts";

/** Over a second client, whose keys all get a prefix. */
function withPrefix(test: (prefixed: Redis, plain: Redis) => Promise<void>): Promise<void> {
  return withRedis(async (_, client) => {
    const prefixed = client.duplicate({ keyPrefix: "app:" });
    try {
      await test(prefixed, client);
    } finally {
      await prefixed.quit();
    }
  });
}

Deno.test("over ioredis with a keyPrefix everything excludes, finds and lists as without", () =>
  withPrefix(async (prefixed, plain) => {
    const a = new Coordinator(over(prefixed), { memberId: "a" });
    const b = new Coordinator(over(prefixed), { memberId: "b" });
    const held = await a.getLock("l").hold({ timeout: 0 });
    assert.equal(await b.getLock("l").acquire({ timeout: 0 }), null);
    assert.deepEqual((await b.getLock("l").holders()).map(({ memberId }) => memberId), ["a"]);
    await held.renew();
    await held.confirm();
    await a.getLock("rw").hold({ shared: true, timeout: 0 });
    await b.getLock("rw").hold({ shared: true, timeout: 0 });
    assert.equal(await b.getLock("rw").acquire({ timeout: 0 }), null);
    assert.equal((await a.getLock("rw").holders()).length, 2);
    await a.joinGroupCreate("g");
    await b.joinGroupCreate("g");
    assert.deepEqual([...await a.getMembers("g")].sort(), ["a", "b"]);
    assert.deepEqual([...await b.getGroups()], ["g"]);
    const slot = Date.now();
    const runs = [a, b].map((each) => each.cron("j").run({ slot }, () => {}));
    const outcomes = (await Promise.all(runs)).map(({ outcome }) => outcome);
    assert.deepEqual(outcomes.sort(), ["ran", "skipped"]);
    const [page] = await over(prefixed).apply([{ op: "list", prefix: "lock:", limit: 100 }]);
    assert.deepEqual(page?.leases.map(({ resource }) => resource), ["lock:l"]);
    await held.release();
    await Promise.all([a, b].map((each) => each.leaveGroup("g")));
    const keys = await plain.keys("*");
    assert(keys.every((key) => key.startsWith("app:{baton}")), keys.join());
    // Another client, without the prefix, is another namespace.
    const other = new Coordinator(over(plain), { memberId: "other" });
    await other.getLock("rw").hold({ timeout: 0 });
  }));

Deno.test("a fenced write over ioredis with a keyPrefix is where the application reads it", () =>
  withPrefix(async (prefixed, plain) => {
    const fenced = fencedRedis(([name = "", ...args]) => prefixed.call(name, ...args));
    await prefixed.hset("{account:42}", "balance", 100);
    const there = { key: "fence:{account:42}", token: 7 };
    const commands = [["HINCRBY", "{account:42}", "balance", -10], ["PUBLISH", "channel", "hi"]];
    assert.deepEqual(await fenced(there, commands), [90, 0]);
    assert.equal(await prefixed.hget("{account:42}", "balance"), "90");
    assert.deepEqual((await plain.keys("*")).sort(), [
      "app:fence:{account:42}",
      "app:{account:42}",
    ]);
    await assert.rejects(fenced({ ...there, token: 6 }, commands), /refused/);
    assert.equal(await prefixed.hget("{account:42}", "balance"), "90");
  }));

Deno.test("a fenced command with other keys than its first is refused where keys get a prefix", () =>
  withPrefix(async (prefixed, plain) => {
    const fenced = fencedRedis(([name = "", ...args]) => prefixed.call(name, ...args));
    const several = [
      ["MSET", "a", "1", "b", "2"],
      ["RENAME", "a", "b"],
      ["BITOP", "NOT", "b", "a"],
      ["XREAD", "COUNT", "1", "STREAMS", "a", "0"],
      ["EVAL", "return 1", "1", "a"],
    ];
    for (const command of several) {
      const call = fenced({ key: "f", token: 1 }, [["SET", "before", "1"], command]);
      await assert.rejects(call, (error: Error) => {
        assert(error instanceof InvalidArgument, `${error}`);
        assert(error.message.includes("prefix") && error.message.includes(command[0]!), `${error}`);
        return true;
      });
    }
    assert.deepEqual(await plain.keys("*"), []);
  }));

Deno.test("a proxy that changes keys in some other way is named at the first request, and nothing is written", () =>
  withRedis(async (_, client) => {
    const changes: ((key: string, n: number) => string)[] = [
      (key) => createHash("sha1").update(key).digest("hex"),
      (key, n) => `${n}:`.repeat(n) + key,
      (key) => key.replaceAll("/", ":"),
      (key) => key.slice(0, 7),
    ];
    for (const change of changes) {
      const driver = redis(([name = "", script = "", count = "", ...rest]) => {
        const keys = rest.slice(0, Number(count)).map(change);
        return client.call(name, script, count, ...keys, ...rest.slice(Number(count)));
      });
      const ops = [
        acquire("1"),
        acquire("2", { resource: "semaphore:s", seat: "0" }),
        { op: "inspect", resource: "group:g" } as const,
        { op: "renew", resource: "lock:x", seat: "", id: "1", ttl: 1_000 } as const,
      ];
      for (const op of ops) {
        await assert.rejects(driver.apply([op]), (error: Error) => {
          assert(error instanceof ConnectionError && !error.retryable, `${error}`);
          assert.match(error.message, /keys under other names .*nothing was written/);
          return true;
        });
      }
    }
    assert.deepEqual(await client.keys("*"), []);
  }));

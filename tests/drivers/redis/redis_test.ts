/**
 * What only the Redis driver must hold: its script, its keys, and lost data.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Acquire, Driver } from "../../../drivers/driver.ts";
import { SCRIPT, SCRIPT_SHA1 } from "../../../drivers/redis/script.ts";
import { until } from "../../servers/process.ts";
import { acquire, over, withRedis } from "./with_redis.ts";

async function token(driver: Driver, op: Acquire): Promise<number> {
  const [outcome] = await driver.apply([op]);
  return outcome?.leases[0]?.token ?? NaN;
}

Deno.test("the script is known by the SHA-1 of its text", () => {
  assert.equal(createHash("sha1").update(SCRIPT).digest("hex"), SCRIPT_SHA1);
  assert(!/redis\.call\('time'/i.test(SCRIPT), "TIME is not documented inside Upstash's scripts");
});

Deno.test("on a cluster every key of a namespace lies in one slot, and prefixes are apart", async () => {
  await withRedis(async (_, client) => {
    await client.cluster("ADDSLOTSRANGE", 0, 16383);
    await until("the cluster is up", async () => {
      return (await client.cluster("INFO")).includes("cluster_state:ok");
    });
    for (const keyPrefix of ["one", "t}w{o"]) {
      const driver = over(client, { keyPrefix });
      const there = { resource: "cron:{j}", seat: "{s}" };
      const outcomes = await driver.apply([
        acquire("i", there),
        acquire("j", { guard: { when: "held", resource: there.resource } }),
        { op: "inspect", resource: there.resource },
      ]);
      assert.deepEqual(outcomes.map(({ ok, leases }) => [ok, leases.length]), [
        [true, 1],
        [true, 1],
        [true, 1],
      ]);
    }
    const tags = (await client.keys("*")).map((key) => /^\{[^}]*\}/.exec(key)?.[0]);
    assert.deepEqual([...new Set(tags)].sort(), ["{one}", "{t%7Dw%7Bo}"]);
  }, ["--cluster-enabled", "yes"]);
});

Deno.test("tokens grow when the counter is lost, and when the sender's clock goes back or mad", async () => {
  await withRedis(async (_, client) => {
    let now = 1_700_000_000_000;
    const driver = over(client, { now: () => now });
    const seen = [await token(driver, acquire("1", { resource: "lock:1" }))];
    const next = async (id: string): Promise<void> => {
      seen.push(await token(driver, acquire(id, { resource: `lock:${id}` })));
    };
    assert.equal(seen[0], now);
    now -= 86_400_000;
    await next("2");
    for (const mad of [NaN, Infinity, -1, 0, 9e15, 1e300]) {
      now = mad;
      await next(`mad ${mad}`);
    }
    assert.deepEqual(seen, seen.map((_, i) => 1_700_000_000_000 + i));
    await client.flushall(); // a fail-over that lost everything
    now = 1_700_000_060_000;
    await next("3");
    assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
    assert(seen.every(Number.isSafeInteger));
  });
});

Deno.test("a counter that somebody has overwritten is begun again above the clock", async () => {
  await withRedis(async (driver, client) => {
    await token(driver, acquire("a", { resource: "lock:a" }));
    // The counter has become something that cannot be read as text, and then not as a number.
    await client.del("{baton}");
    await client.lpush("{baton}", "x");
    const [outcome] = await driver.apply([acquire("b")]);
    assert.equal(outcome?.ok, true);
    await client.set("{baton}", "nonsense");
    assert.equal(
      await token(driver, acquire("c", { resource: "lock:c" })) > 1_700_000_000_000,
      true,
    );
  });
});

/**
 * The Redis driver with many seats and many keys, and what it says of the time left.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Redis } from "ioredis";
import type { Acquire, Driver, Outcome } from "../../../drivers/driver.ts";
import { redis } from "../../../drivers/redis/redis.ts";
import { startRedis } from "../../servers/redis.ts";

async function withRedis(test: (driver: Driver, client: Redis) => Promise<void>): Promise<void> {
  const server = await startRedis({});
  try {
    const client = server.client();
    await test(redis(([name = "", ...args]) => client.call(name, ...args)), client);
  } finally {
    await server.stop();
  }
}

function acquire(seat: string, more: Partial<Acquire> = {}): Acquire {
  return { op: "acquire", resource: "cron:j", seat, id: seat, ttl: 600_000, value: "v", ...more };
}

const tokens = (outcomes: readonly Outcome[]): (number | undefined)[] =>
  outcomes.map(({ leases }) => leases[0]?.token);

Deno.test("looking for old seats among many unlists none that lives", async () => {
  await withRedis(async (driver) => {
    // One grant in 32 looks at the 64 oldest, once the list is long.
    const seats = Array.from({ length: 400 }, (_, n) => `${1_800_000_000_000 + n}`);
    for (const seat of seats) await driver.apply([acquire(seat)]);
    const [outcome] = await driver.apply([{ op: "inspect", resource: "cron:j" }]);
    assert.deepEqual(outcome?.leases.map(({ seat }) => seat), seats);
  });
});

Deno.test("whoever lists a resource unlists the dead, and the list goes with the last of them", async () => {
  await withRedis(async (driver, client) => {
    await driver.apply([acquire("a"), acquire("b"), acquire("c")]);
    // As if their time were over.
    await client.del("{baton}/cron:j/a", "{baton}/cron:j/c");
    const list = async (): Promise<(string | undefined)[]> => {
      const [outcome] = await driver.apply([{ op: "inspect", resource: "cron:j" }]);
      return outcome?.leases.map(({ seat }) => seat) ?? [];
    };
    assert.deepEqual(await list(), ["b"]);
    assert.equal(await client.get("{baton}/cron:j"), "b ");
    await client.del("{baton}/cron:j/b");
    assert.deepEqual(await list(), []);
    assert.deepEqual(await client.keys("*"), ["{baton}"]);
  });
});

Deno.test("an apply may touch more than a thousand keys, and sees each of them", async () => {
  await withRedis(async (driver) => {
    const ops = Array.from(
      { length: 2_100 },
      (_, n) => acquire("", { resource: `lock:${n}`, id: `${n}` }),
    );
    const granted = await driver.apply(ops);
    assert(granted.every(({ ok }) => ok));
    const others = await driver.apply(ops.map((op) => ({ ...op, id: `not-${op.id}` })));
    assert(others.every(({ ok }) => !ok));
    assert.deepEqual(tokens(await driver.apply(ops)), tokens(granted));
  });
});

Deno.test("a look at a seat and a refusal tell the time left, a list its upper bound", async () => {
  await withRedis(async (driver, client) => {
    await driver.apply([acquire("a")]);
    await client.pexpire("{baton}/cron:j/a", 5_000);
    const there = { resource: "cron:j", seat: "a" };
    const [looked, refused, listed] = await driver.apply([
      { op: "inspect", ...there },
      acquire("a", { id: "other" }),
      { op: "inspect", resource: there.resource },
    ]);
    for (const outcome of [looked, refused]) {
      const left = outcome?.leases[0]?.left ?? NaN;
      assert(left > 0 && left <= 5_000, `${left}`);
    }
    assert.equal(listed?.leases[0]?.left, 600_000);
  });
});

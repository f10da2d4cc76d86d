/**
 * Redis' counter of tokens outlives every lease: a sender whose clock is behind gets a larger token
 * all the same.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Redis } from "ioredis";
import type { Acquire, Driver } from "../../../drivers/driver.ts";
import { redis } from "../../../drivers/redis/redis.ts";
import { until } from "../../servers/process.ts";
import { startRedis } from "../../servers/redis.ts";

/** Waits until everything that ends has ended. */
async function outlived(client: Redis): Promise<void> {
  await until("nothing is left that ends", async () => {
    const keys = await client.keys("*");
    const ends = await Promise.all(keys.map((key) => client.pttl(key)));
    return ends.every((ms) => ms < 0);
  });
}

/** How the last lease of all ends. */
const ENDS: Readonly<Record<string, (driver: Driver, op: Acquire) => Promise<unknown>>> = {
  "ran out": () => Promise.resolve(),
  "was renewed, and then ran out": (driver, { resource, seat, id, ttl }) =>
    driver.apply([{ op: "renew", resource, seat, id, ttl }]),
  "was changed, and then ran out": (driver, { resource, seat, id, ttl }) =>
    driver.apply([{ op: "renew", resource, seat, id, ttl, value: "w" }]),
  "was released": (driver, { resource, seat, id }) =>
    driver.apply([{ op: "release", resource, seat, id }]),
  "was broken": (driver, { resource, seat }) => driver.apply([{ op: "release", resource, seat }]),
};

Deno.test("the token grows though the last lease of all is gone and the sender's clock is behind", async (t) => {
  const server = await startRedis();
  try {
    const client = server.client();
    let now = 1_800_000_000_000;
    const driver = redis(([name = "", ...args]) => client.call(name, ...args), { now: () => now });
    for (const [what, end] of Object.entries(ENDS)) {
      for (const seat of ["", "named"]) {
        await t.step(`the last one, of seat "${seat}", ${what}`, async () => {
          const op: Acquire = {
            ...{ op: "acquire", resource: `lock:${what}`, seat, ttl: 40, value: "v" },
            id: crypto.randomUUID(),
          };
          const [first] = await driver.apply([op]);
          await end(driver, op);
          await outlived(client);
          await driver.apply([{ op: "inspect", resource: op.resource }]);
          now -= 3_600_000;
          const [next] = await driver.apply([{ ...op, id: crypto.randomUUID() }]);
          const [before, after] = [first, next].map((each) => Number(each?.leases[0]?.token));
          assert.equal(next?.ok, true);
          assert(after! > before!, `${after} after ${before}`);
          await outlived(client);
        });
      }
    }
  } finally {
    await server.stop();
  }
});

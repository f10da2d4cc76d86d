/**
 * The Redis driver with many seats and many keys, and what it says of the time left.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire, Outcome } from "../../../drivers/driver.ts";
import { acquire as minute, withRedis } from "./with_redis.ts";

function acquire(seat: string, more: Partial<Acquire> = {}): Acquire {
  return minute(seat, { resource: "cron:j", seat, ttl: 600_000, ...more });
}

const tokens = (outcomes: readonly Outcome[]): (number | undefined)[] =>
  outcomes.map(({ leases }) => leases[0]?.token);

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

Deno.test("operations of one batch see what those before them did, and the last one counts", async () => {
  await withRedis(async (driver, client) => {
    const at = { resource: "group:g", seat: "m" };
    const [, , renewed, , again, all, listed] = await driver.apply([
      acquire("m", { ...at, id: "1" }),
      { op: "release", ...at, id: "1" },
      { op: "renew", ...at, id: "1", ttl: 5_000 },
      acquire("m", { ...at, id: "2", value: "old" }),
      { op: "renew", ...at, id: "2", ttl: 5_000, value: "new" },
      { op: "inspect", resource: at.resource },
      { op: "list", prefix: "group:", limit: 10 },
    ]);
    assert.deepEqual([renewed?.ok, again?.ok], [false, true]);
    for (const outcome of [all, listed]) {
      assert.deepEqual(outcome?.leases.map(({ id, value }) => [id, value]), [["2", "new"]]);
    }
    const left = await client.pttl("{baton}/group:g/m");
    assert(left > 0 && left <= 5_000, `${left}`);
    await driver.apply([
      { op: "renew", ...at, id: "2", ttl: 9_000 },
      { op: "renew", ...at, id: "2", ttl: 600_000, value: "newer" },
      { op: "renew", ...at, id: "2", ttl: 500_000 },
    ]);
    assert(await client.pttl("{baton}/group:g/m") > 400_000);
    const [last] = await driver.apply([{ op: "inspect", ...at }]);
    assert.equal(last?.leases[0]?.value, "newer");
  });
});

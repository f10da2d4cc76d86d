/**
 * The scripts in Lua 5.4, as some of Redis's relatives run them: numbers of JSON are floats there and
 * print as `1.0`, and `unpack` is in `table`. The server around them is made up, in Lua.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver, Op, Outcome } from "../../../drivers/driver.ts";
import { redis } from "../../../drivers/redis/redis.ts";
import { SCRIPT } from "../../../drivers/redis/script.ts";
import { fencedRedis, StaleToken } from "../../../fencing/mod.ts";
import { lua54 } from "./lua54.ts";
import { acquire, over, withRedis } from "./with_redis.ts";

/** A bit of everything; long enough for a list of the index to be swept. */
function sequence(): Op[][] {
  const at = { resource: "group:g", seat: "m" };
  const many = Array.from(
    { length: 3_000 },
    (_, n) => acquire(`s${n}`, { resource: "cron:job", seat: `${1_800_000_000_000 + n}` }),
  );
  return [
    [acquire("1"), acquire("2"), acquire("1")],
    [acquire("g", { resource: "groups", seat: "g", ttl: Infinity })],
    [acquire("m", { ...at, guard: { when: "held", resource: "groups", seat: "g" } })],
    [{ op: "renew", ...at, id: "m", ttl: 30_000 }, { op: "inspect", ...at }],
    [{ op: "renew", ...at, id: "m", ttl: 20_000, value: "new" }],
    [{ op: "renew", ...at, id: "other", ttl: 20_000 }],
    [{
      op: "release",
      resource: "groups",
      seat: "g",
      guard: { when: "vacant", resource: "group:g" },
    }],
    [{ op: "inspect", resource: "group:g" }, { op: "list", prefix: "group", limit: 1000 }],
    ...[0, 1_000, 2_000].map((from) => many.slice(from, from + 1_000)),
    [{ op: "inspect", resource: "cron:job" }],
    [{ op: "release", ...at, id: "m" }, { op: "inspect", resource: "group:g" }],
  ];
}

async function outcomesOf(driver: Driver): Promise<Outcome[][]> {
  const outcomes: Outcome[][] = [];
  for (const ops of sequence()) {
    const done = await driver.apply(ops);
    // A real server's clock goes on, and a list has no order.
    outcomes.push(done.map(({ ok, leases }) => ({
      ok,
      leases: leases.map((lease) => ({ ...lease, left: Math.ceil(lease.left / 10_000) }))
        .sort((one, two) => one.token - two.token),
    })));
  }
  return outcomes;
}

Deno.test("in Lua 5.4 the script answers what it answers in Redis", () =>
  withRedis(async (_, client) => {
    const now = () => 1_700_000_000_000;
    using server = await lua54();
    const { send } = server;
    const theirs = await outcomesOf(redis(send, { now }));
    assert.deepEqual(theirs, await outcomesOf(over(client, { now })));
    assert.equal(theirs.at(-2)?.[0]?.leases.length, 3_000);
  }));

Deno.test("in Lua 5.4 a fence lets through what it lets through in Redis", async () => {
  using server = await lua54();
  const { send, run } = server;
  const fenced = fencedRedis(send);
  const { MAX_SAFE_INTEGER: max } = Number;
  for (const token of [9, 10, max - 1, max]) {
    const replies = await fenced({ key: "fence", token }, [["INCR", "n"], ["GET", "n"]]);
    assert.equal(replies[1], `${replies[0]}`);
  }
  await assert.rejects(fenced({ key: "fence", token: max - 1 }, [["INCR", "n"]]), StaleToken);
  assert.equal(await run("return data.fence"), `${max}`);
});

/** As Dragonfly without the flag: a key that the request does not name is refused. */
const STRICT = `
local call = redis.call
function redis.call(name, ...)
  local words, step = {...}, name == 'mset' and 2 or 1
  local last = (name == 'mget' or name == 'mset' or name == 'del') and #words or name ~= 'scan' and 1 or 0
  for n = 1, last, step do
    local declared = false
    for _, key in ipairs(KEYS) do declared = declared or key == words[n] end
    if not declared then error('script tried accessing undeclared key') end
  end
  return call(name, ...)
end
redis.pcall = redis.call
`;

Deno.test("Dragonfly is asked on the first line for undeclared keys, which looks at many seats need", async () => {
  // Dragonfly reads the flags there alone, and to all others the line is a comment.
  assert.equal(SCRIPT.split("\n")[0], "--!df flags=allow-undeclared-keys");
  using server = await lua54();
  const { send, run } = server;
  await run(STRICT);
  const driver = redis(send);
  const at = { resource: "group:g", seat: "a", id: "1" };
  const inspect = { op: "inspect", resource: "group:g" } as const;
  for (
    const op of [
      acquire("1", at),
      acquire("2", at),
      { op: "renew", ...at, ttl: 1_000 } as const,
      { ...inspect, seat: "a" },
    ]
  ) await driver.apply([op]);
  for (const op of [inspect, { op: "list", prefix: "", limit: 10 } as const]) {
    // Where the line is not honoured, nothing is made up.
    await assert.rejects(driver.apply([op]), { code: "unknown-outcome" });
  }
});

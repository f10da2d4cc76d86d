/** The bench's own arithmetic, and the bill of every operation. Nothing here measures time. */
import assert from "node:assert/strict";
import { startRedis } from "../servers/redis.ts";
import { startUpstash } from "../servers/upstash.ts";
import { bills } from "./billing.ts";
import { contest } from "./contest.ts";
import { counterOf } from "./counter.ts";
import { passes, type Row, tablesOf } from "./row.ts";
import { median, ratios, spread } from "./statistics.ts";

Deno.test("the median is the middle one, whatever the order", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([10, 9, 1, 2]), 5.5);
  assert.equal(median([7]), 7);
  assert.throws(() => median([]), /median of nothing/);
  assert.deepEqual(spread([5, 1, 9]), { median: 5, low: 1, high: 9 });
});

Deno.test("ratios are taken within each round, so a slow stretch of the machine cancels out", () => {
  const baseline = [1, 1, 10, 10, 1];
  const twice = baseline.map((time) => time * 2);
  assert.deepEqual(ratios(twice, baseline), { median: 2, low: 2, high: 2 });
  // One pause on either side moves the range and not the median.
  assert.deepEqual(ratios([2, 2, 200], [1, 1, 1]), { median: 2, low: 2, high: 200 });
  assert.throws(() => ratios([1], []), /both sides/);
});

Deno.test("contestants take turns, in another order each round", async () => {
  const order: string[] = [];
  const enter = (name: string) => [name, () => order.push(name)] as const;
  const standings = await contest(enter("a"), [enter("b"), enter("c")], { rounds: 3, turns: 2 });
  assert.deepEqual(standings.map(({ name }) => name), ["b", "c"]);
  // One round more than measured, for warming up.
  assert.equal(order.join(""), "aabbcc" + "bbccaa" + "ccaabb" + "aabbcc");
});

Deno.test("a row passes up to its limit, and a row without one always", () => {
  const row: Row = { table: "t", name: "renew", value: 3, limit: 3, timed: false };
  assert.ok(passes(row));
  assert.ok(!passes({ ...row, value: 4 }));
  const { limit: _, ...free } = row;
  assert.ok(passes({ ...free, value: 99 }));
  assert.equal(
    tablesOf([row, { ...row, name: "release", value: 4 }]).replace(/ +/g, " "),
    "t\n renew 3 ≤ 3 PASS\n release 4 ≤ 3 FAIL\n",
  );
});

Deno.test("every operation is one request and keeps to its budget of billed commands", async () => {
  const redis = await startRedis();
  try {
    const server = await startUpstash(redis);
    try {
      const found = await bills({ ...server, count: counterOf(server) });
      const commands = Object.fromEntries(found.map((bill) => [bill.name, bill.commands]));
      // Spelled out, so that a larger budget in the bench alone does not pass.
      assert.ok(commands["acquire"]! <= 4);
      assert.ok(commands["renew"]! <= 3);
      assert.ok(commands["release"]! <= 3);
      assert.ok(commands["cron claim"]! <= 4);
      assert.equal(found.length, 25);
      for (const bill of found) {
        assert.ok(bill.commands >= 2 && bill.commands <= bill.budget, JSON.stringify(bill));
        assert.equal(bill.requests, 1, bill.name);
      }
    } finally {
      await server.stop();
    }
  } finally {
    await redis.stop();
  }
});

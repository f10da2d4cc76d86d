/** The bench's own arithmetic, and the bill of every operation. Nothing here measures time. */
import assert from "node:assert/strict";
import { startRedis } from "../servers/redis.ts";
import { startUpstash } from "../servers/upstash.ts";
import { bills } from "./billing.ts";
import { contest } from "./contest.ts";
import { counterOf } from "./counter.ts";
import { duel } from "./duel.ts";
import { passes, type Row, tablesOf } from "./row.ts";
import { type Place, PLACES } from "./scale_place.ts";
import { SUBJECTS } from "./scale_subjects.ts";
import { type Curve, curvesOf, keepsShape, type Shape } from "./shape.ts";
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

const COUNTS = [10, 1_000, 10_000, 100_000];

/** Whether a cost of `cost(n)` for n things passes for this shape. */
function passesFor(shape: Shape, cost: (count: number) => number | undefined): boolean {
  const curve: Curve = { subject: "s", name: "n", shape, values: COUNTS.map(cost), rough: true };
  return keepsShape(curve, COUNTS);
}

Deno.test("flat is what noise or a logarithm leaves, and nothing that grows with the number", () => {
  assert.ok(passesFor("flat", () => 1));
  assert.ok(passesFor("flat", (n) => Math.log10(n * 10)));
  assert.ok(passesFor("flat", (n) => n === 1_000 ? 3.9 : 1));
  assert.ok(!passesFor("flat", (n) => n === 1_000 ? 4.1 : 1));
  // Hidden behind a request's own cost, until there are many.
  assert.ok(!passesFor("flat", (n) => 1 + n / 10_000));
  assert.ok(!passesFor("flat", (n) => n < 100_000 ? undefined : NaN), "what was not measured");
});

Deno.test("linear is a batch of any cost for each, and no square of the number", () => {
  assert.ok(passesFor("linear", (n) => n));
  assert.ok(passesFor("linear", (n) => n * Math.log2(n)));
  assert.ok(passesFor("linear", (n) => 1_000 + n));
  assert.ok(passesFor("linear", () => 1));
  // A step of the number shows it, however cheap the first ones are.
  assert.ok(!passesFor("linear", (n) => n * n));
  assert.ok(!passesFor("linear", (n) => n + n * n / 10_000));
});

Deno.test("few is a bound, whatever the number; noise is nothing; without a value there is no shape", () => {
  assert.ok(passesFor("few", () => 2_048));
  assert.ok(!passesFor("few", (n) => n < 100_000 ? undefined : n));
  const curve: Curve = { subject: "s", name: "n", shape: "few", values: [5], rough: true };
  assert.ok(keepsShape({ ...curve, most: 5 }, [10]));
  assert.ok(!keepsShape({ ...curve, most: 4 }, [10]));
  const flat: Curve = { ...curve, shape: "flat", values: [0, 7] };
  assert.ok(!keepsShape(flat, [10, 20]));
  assert.ok(keepsShape({ ...flat, noise: 2 }, [10, 20]));
  assert.ok(!keepsShape({ ...flat, noise: 1 }, [10, 20]));
  assert.throws(() => keepsShape({ ...curve, values: [undefined] }, [10]), /shape of nothing/);
});

Deno.test("the scale table has a column for each count and a verdict for each line", () => {
  const curve: Curve = {
    subject: "locks",
    name: "time",
    shape: "flat",
    values: [1, 9],
    rough: true,
  };
  const kept: Curve = { ...curve, name: "left", values: [undefined, 12.3], rough: false };
  assert.equal(
    curvesOf("memory", [curve, kept], [10, 1_000]).replace(/ +/g, " "),
    "memory\n 10 1,000\n locks\n time 1.00 9.00 flat FAIL\n left – 12 flat PASS\n",
  );
});

Deno.test("of two that take turns, each begins half of the rounds, and the medians and the shortest are compared", async () => {
  const order: string[] = [];
  const side = (name: string, times: number[]) => () => {
    order.push(name);
    return Promise.resolve(times.shift() ?? NaN);
  };
  // The first of each is for warming up.
  const found = await duel(side("a", [99, 2, 2, 90]), side("b", [99, 1, 4, 1]), 3);
  assert.deepEqual(found, { ratio: 2, low: 0.5, high: 2, best: 2 });
  assert.equal(order.join(""), "ba" + "ab" + "ba" + "ab");
});

for (const name of ["memory", "sqlite"]) {
  Deno.test(`on ${name} every subject of the scale grows to what it should, and leaves little`, async () => {
    for (const subject of SUBJECTS) {
      await using place = await openPlace(name);
      const before = await place.kept?.();
      const crowd = await subject.open(place);
      await crowd.grow(10);
      await crowd.grow(50);
      place.requests();
      for (const deed of crowd.deeds) {
        await deed.once();
        assert.ok(place.requests() > 0, `${subject.name}: ${deed.name} sends nothing`);
      }
      const full = await place.kept?.();
      if (subject.keeps && !subject.looking && full !== undefined) assert.ok(full >= 50);
      await crowd.end();
      await place.pass();
      await place.tidy(50, (turn) => crowd.pair(turn));
      assert.equal(await place.kept?.(), before, subject.name);
    }
  });
}

async function openPlace(name: string): Promise<Place> {
  const place = await PLACES[name]?.();
  if (!place) throw new Error(`there is no place ${name}`);
  return place;
}

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

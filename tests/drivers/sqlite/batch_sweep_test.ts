/**
 * Dead rows are deleted by the statements themselves, a few at a time, and no live one with them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { migrate } from "../../../drivers/sqlite/migration.ts";
import type { SqliteBatch } from "../../../drivers/sqlite/send.ts";
import { batchesBy, batchOn, databaseOn } from "../../backends/sqlite_batches.ts";
import { chance, seedOfRun } from "../../tools/chance.ts";

const GRANTS = 6_000;
/** So many of these live at a time. */
const LIVING = 300;
/** They never end, and come first in the order of all names. */
const BEFORE = 200;
const START = 1_764_000_000_000;

const NAMES: Record<string, (n: number, random: () => number) => readonly [string, string]> = {
  "locks with names by chance": (_, random) => [`lock:${random()}`, ""],
  "locks with names that go up": (n) => [`lock:order-${START + n}`, ""],
  "slots of one cron job": (n) => ["cron:invoices", `${START + 60_000 * n}`],
  "notes on members that left": (n) => ["left:workers", `worker-${n % 7}/${n}`],
};

for (const [what, name] of Object.entries(NAMES)) {
  Deno.test(`${what}: their dead rows stay few, with one statement more in 32 grants`, async () => {
    const random = chance(seedOfRun());
    let now = START;
    using database = databaseOn(() => now);
    const run = batchOn(database);
    await migrate(run);
    let statements = 0;
    const send: SqliteBatch = (batch) => {
      statements += batch.length;
      return run(batch);
    };
    const driver = batchesBy(send);
    const acquire = async (resource: string, seat: string, ttl: number): Promise<void> => {
      // By chance, as the core's are.
      const id = `${random()}`;
      const [grant] = await driver.apply([{ op: "acquire", resource, seat, id, ttl, value: "" }]);
      assert.ok(grant?.ok);
    };
    for (let n = 0; n < BEFORE; n++) await acquire("a", `${n}`, Infinity);
    for (let n = 0; n < GRANTS; n++) {
      now += 1 + Math.floor(19 * random());
      await acquire(...name(n, random), 10 * LIVING);
      if (n % 500 > 0) continue;
      const [{ rows, live } = { rows: NaN, live: NaN }] = database.prepare(
        "select count(*) as rows, sum(expires is null) as live from baton_leases",
      ).all() as { rows: number; live: number }[];
      // About twice as many as a rule; sweeps come by chance, so bad luck has room. Without them: all.
      assert.ok(rows <= BEFORE + 6 * LIVING, `${rows} rows after ${n} grants`);
      assert.equal(live, BEFORE);
    }
    const sweeps = statements - 3 * (GRANTS + BEFORE);
    assert.ok(sweeps > GRANTS / 64 && sweeps < GRANTS / 16, `${sweeps} sweeps`);
  });
}

Deno.test("each sweep goes on where the one before it ended, a hundred rows at a time, and begins again at the end", async () => {
  let now = START;
  using database = databaseOn(() => now);
  const send = batchOn(database);
  await migrate(send);
  const driver = batchesBy(send);
  const grant = async (place: string, id: string, ttl: number): Promise<void> => {
    const op = { op: "acquire", resource: place, seat: "", id, ttl, value: "" } as const;
    assert.ok((await driver.apply([op]))[0]?.ok);
  };
  // What is under this id sweeps, and what is under that one does not.
  const [sweeps, rests] = [" ", "!"];
  const places = Array.from({ length: 250 }, (_, n) => `a${`${n}`.padStart(3, "0")}`);
  for (const place of places) await grant(place, rests, 1);
  await grant("a150 lives", rests, Infinity);
  const left = () =>
    database.prepare("select resource from baton_leases where resource like 'a%' order by 1").all()
      .map(({ resource }) => resource);
  // They have ended just now.
  now += 1;
  const live = "a150 lives";
  await grant("z1", sweeps, Infinity);
  assert.deepEqual(left(), [...places.slice(100, 151), live, ...places.slice(151)]);
  await grant("z2", rests, Infinity);
  await grant("z3", rests, Infinity);
  assert.equal(left().length, 151);
  await grant("z4", sweeps, Infinity);
  assert.deepEqual(left(), [live, ...places.slice(199)]);
  await grant("z5", sweeps, Infinity);
  assert.deepEqual(left(), [live]);
  const begins = await send([{
    sql: "select swept_resource as resource, swept_seat as seat from baton_state",
    args: [],
  }]);
  assert.deepEqual({ ...begins[0]?.rows[0] }, { resource: "", seat: "" });
});

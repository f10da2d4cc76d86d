/**
 * Dead rows are deleted a few at a time, whatever their names are: names by chance, names that go up, and
 * many behind others that live.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { step } from "../../../drivers/kit/step.ts";
import { sqlOf } from "../../../drivers/sqlite/client.ts";
import { SCHEMA } from "../../../drivers/sqlite/schema.ts";
import { type Sql, SqlTable } from "../../../drivers/sqlite/table.ts";
import { chance, seedOfRun } from "../../tools/chance.ts";

const GRANTS = 12_000;
/** So many of these live at a time. */
const LIVING = 400;
/** They never end, and come first in the order of all names. */
const BEFORE = 300;
const START = 1_764_000_000_000;

const NAMES: Record<string, (n: number, random: () => number) => readonly [string, string]> = {
  "locks with names by chance": (_, random) => [`lock:${random()}`, ""],
  "locks with names that go up": (n) => [`lock:order-${START + n}`, ""],
  "locks with numbers without zeros before them": (n) => [`lock:order-${n}`, ""],
  "slots of one cron job": (n) => ["cron:invoices", `${START + 60_000 * n}`],
  "slots of fifty cron jobs": (n) => [`cron:job-${n % 50}`, `${START + 60_000 * (n - n % 50)}`],
  "members of a group": (_, random) => ["group:workers", `${random()}`],
  "notes on members that left": (n) => ["left:workers", `worker-${n % 7}/${n}`],
};

for (const [what, name] of Object.entries(NAMES)) {
  Deno.test(`${what}: the dead rows of a file stay few, and no grant looks at many`, () => {
    using database = new DatabaseSync(":memory:");
    for (const statement of SCHEMA) database.exec(statement);
    const random = chance(seedOfRun());
    const bare = sqlOf(database);
    let looked = 0;
    let most = 0;
    const sql: Sql = (text, ...params) => {
      const rows = bare(text, ...params);
      looked += rows.length;
      return rows;
    };
    const table = new SqlTable(sql);
    let now = START;
    let last = 0;
    const acquire = (resource: string, seat: string, ttl: number): void => {
      const op = { op: "acquire", resource, seat, id: `${last}`, ttl, value: "" } as const;
      looked = 0;
      const { ok, leases } = table.run(now, () => step(op, table));
      most = Math.max(most, looked);
      assert.ok(ok && leases[0] && leases[0].token > last);
      last = leases[0].token;
    };
    for (let n = 0; n < BEFORE; n++) acquire("a", `${n}`, Infinity);
    for (let n = 0; n < GRANTS; n++) {
      now += 1 + Math.floor(19 * random());
      acquire(...name(n, random), 10 * LIVING);
      if (n % 1_000 > 0) continue;
      const [row] = bare("select count(*) as rows from baton_leases");
      const rows = Number(row?.["rows"]);
      // A round takes as many grants as a third of the rows; by chance it takes longer.
      assert.ok(rows <= BEFORE + 5 * LIVING, `${rows} rows after ${n} grants`);
    }
    // The state, and a hundred rows.
    assert.ok(most <= 102, `a grant has looked at ${most} rows`);
  });
}

/**
 * Clean-up: rows that died hours ago go, a bounded number at a time, and tokens still grow.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire, Driver } from "../../../drivers/driver.ts";
import { mysql, type MysqlQuery } from "../../../drivers/mysql/mysql.ts";
import { Statements } from "../../../drivers/mysql/statements.ts";
import { schema } from "../../../drivers/postgres/schema.ts";
import { type Backend, having } from "../../backends/mod.ts";
import { neon } from "../../backends/neon.ts";
import { planetscaleOverMariadb, planetscaleOverMysql } from "../../backends/planetscale.ts";
import type { Table } from "../../backends/table.ts";

const HOUR = 3_600_000;
/** A number of ours far above the clock, and far below what is not safe any more. */
const FUTURE = 64 * 10 ** 12;

function acquire(resource: string, seat = ""): Acquire {
  return { op: "acquire", resource, seat, id: `${resource}/${seat}`, ttl: 60_000, value: "v" };
}

/** Runs a test on the empty table of a table. */
async function on(
  { start }: Backend<"table">,
  test: (table: Table, driver: Driver) => Promise<void>,
): Promise<void> {
  const { table, stop } = await start();
  try {
    await test(table, await table.direct());
  } finally {
    await stop();
  }
}

async function count({ sql, name }: Table, resource: string): Promise<number> {
  const [row] = await sql(`select count(*) as n from ${name} where resource = '${resource}'`);
  return Number(row?.["n"]);
}

/** Makes the next token of the seat `trigger 1` a multiple of 64, or the one before it. */
async function prepare({ sql, name, put }: Table, cleans: boolean): Promise<void> {
  await sql(`delete from ${name} where resource = 'trigger'`);
  await put("trigger", 1, 1_000, 0);
  await sql(`update ${name} set token = ${FUTURE + (cleans ? 63 : 62)} where resource = 'trigger'`);
}

/** A grant whose token is a multiple of 64, or one whose is not. */
async function grant(table: Table, driver: Driver, cleans: boolean): Promise<void> {
  await prepare(table, cleans);
  const [outcome] = await driver.apply([acquire("trigger", "1")]);
  assert.equal(outcome?.leases[0]?.token, FUTURE + (cleans ? 64 : 63));
}

for (const backend of having("table")) {
  const { name } = backend;
  Deno.test(`${name}: one grant in 64 deletes some rows that died hours ago, and no others`, () =>
    on(backend, async (table, driver) => {
      const kept = ["lives", "died just now", "died an hour ago", "has a high token"];
      await table.put("old", 2 * table.sweeps + 7, 4 * HOUR, 5 * HOUR);
      await table.put("lives", 3, -HOUR, 5 * HOUR);
      await table.put("died just now", 3, 1, 5 * HOUR);
      await table.put("died an hour ago", 3, HOUR - 60_000, 5 * HOUR);
      // As after a clock that was set back: the next token would not be above it.
      await table.put("has a high token", 3, 4 * HOUR, HOUR - 60_000);
      const left: number[] = [];
      for (const cleans of [false, true, false, true, true, true]) {
        await grant(table, driver, cleans);
        left.push(await count(table, "old"));
      }
      const { sweeps } = table;
      assert.deepEqual(left, [2 * sweeps + 7, sweeps + 7, sweeps + 7, 7, 0, 0]);
      for (const resource of kept) assert.equal(await count(table, resource), 3, resource);
    }));

  Deno.test(`${name}: the token of a seat that was swept grows all the same`, () =>
    on(backend, async (table, driver) => {
      await table.put("old", 1, 4 * HOUR, HOUR + 60_000);
      const [row] = await table.sql(`select token as t from ${table.name} where resource = 'old'`);
      await grant(table, driver, true);
      assert.equal(await count(table, "old"), 0);
      const [outcome] = await driver.apply([acquire("old", "1")]);
      const token = outcome?.leases[0]?.token ?? 0;
      assert(token > Number(row?.["t"]) + HOUR, `${token} after ${row?.["t"]}`);
    }));
}

Deno.test("PostgreSQL: an index serves the search for the dead among many that live, and who is locked is skipped without a wait", () =>
  on(neon, async (table, driver) => {
    await table.put("lives", 20_000, -HOUR, 5 * HOUR);
    await table.put("old", 50, 4 * HOUR, 5 * HOUR);
    await table.sql("analyze baton.leases");
    const text = schema().find((sql) => sql.includes(".sweep_1()")) ?? "";
    const [, statement = ""] = /\$baton\$([^]*)\$baton\$/.exec(text) ?? [];
    const plan = JSON.stringify(await table.sql(`explain ${statement}`));
    assert.match(plan, /leases_by_hour/);
    assert.doesNotMatch(plan, /Seq Scan/);

    const other = await table.session();
    await other("begin");
    await other("select 1 from baton.leases where resource = 'old' and seat = '7' for update");
    await grant(table, driver, true);
    assert.equal(await count(table, "old"), 1);
    await other("rollback");
    await grant(table, driver, true);
    assert.equal(await count(table, "old"), 0);
    assert.equal(await count(table, "lives"), 20_000);
  }));

for (const backend of [planetscaleOverMysql, planetscaleOverMariadb]) {
  const { name } = backend;
  Deno.test(`${name}: an index serves the search for the dead among many that live`, () =>
    on(backend, async (table) => {
      for (let n = 0; n < 10; n++) await table.put(`lives ${n}`, 1_000, -HOUR, 5 * HOUR);
      await table.put("old", 130, 4 * HOUR, 5 * HOUR);
      await table.sql("analyze table baton_leases");
      const statements = new Statements("baton_leases");
      const [plan] = await table.sql(`explain format=traditional ${statements.findDead()}`);
      assert.equal(plan?.["key"], "leases_by_hour", Deno.inspect(plan));
    }));

  Deno.test(`${name}: a clean-up that may not be sent is skipped, and the grant stands`, () =>
    on(backend, async (table) => {
      const query = await table.session() as MysqlQuery;
      await table.put("old", 3, 4 * HOUR, 5 * HOUR);
      for (const [allowed, left] of [[1, 3], [2, 3], [3, 0]] as const) {
        let [requests, sent] = [0, 0];
        const driver = mysql((sql) => (sent++, query(sql, [])));
        await prepare(table, true);
        const [outcome] = await driver.apply([acquire("trigger", "1")], {
          beforeRequest() {
            if (++requests > allowed) throw new Error("no more");
          },
        });
        assert.equal(outcome?.leases[0]?.token, FUTURE + 64);
        assert.deepEqual([sent, await count(table, "old")], [allowed, left]);
      }
    }));

  Deno.test(`${name}: a clean-up that fails does no harm to the grant, and is the next one's`, () =>
    on(backend, async (table, sound) => {
      const query = await table.session() as MysqlQuery;
      await table.put("old", 3, 4 * HOUR, 5 * HOUR);
      const driver = mysql((sql) =>
        /^(delete|select)/.test(sql) ? Promise.reject(new Error("lost")) : query(sql, [])
      );
      await grant(table, driver, true);
      assert.equal(await count(table, "old"), 3);
      await grant(table, sound, true);
      assert.equal(await count(table, "old"), 0);
    }));
}

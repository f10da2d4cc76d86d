/**
 * Clean-up: rows that died hours ago go, a bounded number at a time, and tokens still grow.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire, Driver } from "../../../drivers/driver.ts";
import { mysql, type MysqlQuery } from "../../../drivers/mysql/mysql.ts";
import { migrate as migrateMysql } from "../../../drivers/mysql/schema.ts";
import { Statements } from "../../../drivers/mysql/statements.ts";
import { postgres, type PostgresQuery } from "../../../drivers/postgres/postgres.ts";
import { migrate as migratePostgres, schema } from "../../../drivers/postgres/schema.ts";
import { type MysqlKind, startMysql } from "../../servers/mysql.ts";
import { queryThrough } from "../../servers/mysql_query.ts";
import { type PostgresServer, startPostgres } from "../../servers/postgres.ts";

const HOUR = 3_600_000;
/** A number of ours far above the clock, and far below what is not safe any more. */
const FUTURE = 64 * 10 ** 12;

function acquire(resource: string, seat = ""): Acquire {
  return { op: "acquire", resource, seat, id: `${resource}/${seat}`, ttl: 60_000, value: "v" };
}

/** One database under test. */
interface Database {
  driver(): Driver;
  sql(text: string): Promise<readonly Record<string, unknown>[]>;
  /** Puts rows there: `seats` of a resource, ended so many ms ago, with a token so many ms old. */
  put(resource: string, seats: number, ended: number, age: number): Promise<void>;
  /** How many rows one grant in 64 deletes. */
  readonly most: number;
  readonly table: string;
}

async function count({ sql, table }: Database, resource: string): Promise<number> {
  const [row] = await sql(`select count(*) as n from ${table} where resource = '${resource}'`);
  return Number(row?.["n"]);
}

/** A grant whose token is a multiple of 64, or one whose is not. */
async function grant(database: Database, driver: Driver, cleans: boolean): Promise<void> {
  const { sql, table } = database;
  await sql(`delete from ${table} where resource = 'trigger'`);
  await database.put("trigger", 1, 1_000, 0);
  await sql(
    `update ${table} set token = ${FUTURE + (cleans ? 63 : 62)} where resource = 'trigger'`,
  );
  const [outcome] = await driver.apply([acquire("trigger", "1")]);
  assert.equal(outcome?.leases[0]?.token, FUTURE + (cleans ? 64 : 63));
}

async function onPostgres(
  test: (database: Database, server: PostgresServer) => Promise<void>,
): Promise<void> {
  const server = await startPostgres();
  try {
    const client = await server.client();
    const query: PostgresQuery = async (text, params) =>
      (await client.query(text, [...params])).rows;
    await migratePostgres(query);
    await test({
      driver: () => postgres(query),
      sql: (text) => server.query(text),
      async put(resource, seats, ended, age) {
        await server.query(
          `insert into baton.leases select $1, n, '', extract(epoch from clock_timestamp()) * 1000
          - $4::float8, '', clock_timestamp() - $3::float8 * interval '1 ms'
          from generate_series(1, $2::int) n`,
          [resource, seats, ended, age],
        );
      },
      most: 128,
      table: "baton.leases",
    }, server);
  } finally {
    await server.stop();
  }
}

async function onMysql(
  kind: MysqlKind,
  test: (database: Database, query: MysqlQuery) => Promise<void>,
): Promise<void> {
  const server = await startMysql(kind);
  try {
    const client = await server.client();
    const query = queryThrough(client);
    await migrateMysql(query);
    await test({
      driver: () => mysql(query),
      sql: (text) => server.query(text),
      async put(resource, seats, ended, age) {
        const rows = Array.from({ length: seats }, (_, n) =>
          `('${resource}', '${n + 1}', '',
          timestampdiff(microsecond, '1970-01-01', utc_timestamp(6)) div 1000 - ${age}, '',
          utc_timestamp(6) - interval ${ended * 1_000} microsecond)`);
        await server.query(
          `insert into baton_leases (resource, seat, id, token, value, expires)
          values ${rows.join()}`,
        );
      },
      most: 100,
      table: "baton_leases",
    }, query);
  } finally {
    await server.stop();
  }
}

const DATABASES = [
  { name: "PostgreSQL", on: onPostgres },
  { name: "MySQL", on: onMysql.bind(null, "mysql") },
  { name: "MariaDB", on: onMysql.bind(null, "mariadb") },
] as const;

for (const { name, on } of DATABASES) {
  Deno.test(`${name}: one grant in 64 deletes some rows that died hours ago, and no others`, () =>
    on(async (database: Database) => {
      const driver = database.driver();
      const kept = ["lives", "died just now", "died an hour ago", "has a high token"];
      await database.put("old", 2 * database.most + 7, 4 * HOUR, 5 * HOUR);
      await database.put("lives", 3, -HOUR, 5 * HOUR);
      await database.put("died just now", 3, 1, 5 * HOUR);
      await database.put("died an hour ago", 3, HOUR - 60_000, 5 * HOUR);
      // As after a clock that was set back: the next token would not be above it.
      await database.put("has a high token", 3, 4 * HOUR, HOUR - 60_000);
      const left: number[] = [];
      for (const cleans of [false, true, false, true, true, true]) {
        await grant(database, driver, cleans);
        left.push(await count(database, "old"));
      }
      const { most } = database;
      assert.deepEqual(left, [2 * most + 7, most + 7, most + 7, 7, 0, 0]);
      for (const resource of kept) assert.equal(await count(database, resource), 3, resource);
    }));

  Deno.test(`${name}: the token of a seat that was swept grows all the same`, () =>
    on(async (database: Database) => {
      await database.put("old", 1, 4 * HOUR, 2 * HOUR);
      const [row] = await database.sql(
        `select token as t from ${database.table} where resource = 'old'`,
      );
      await grant(database, database.driver(), true);
      assert.equal(await count(database, "old"), 0);
      const [outcome] = await database.driver().apply([acquire("old", "1")]);
      const token = outcome?.leases[0]?.token ?? 0;
      assert(token > Number(row?.["t"]) + HOUR, `${token} after ${row?.["t"]}`);
    }));
}

Deno.test("PostgreSQL: an index serves the search for the dead among many that live, and who is locked is skipped without a wait", () =>
  onPostgres(async (database, server) => {
    await database.put("lives", 20_000, -HOUR, 5 * HOUR);
    await database.put("old", 50, 4 * HOUR, 5 * HOUR);
    await database.sql("analyze baton.leases");
    const text = schema().find((sql) => sql.includes(".sweep_1()")) ?? "";
    const [, statement = ""] = /\$baton\$([^]*)\$baton\$/.exec(text) ?? [];
    const plan = JSON.stringify(await database.sql(`explain ${statement}`));
    assert.match(plan, /leases_by_hour/);
    assert.doesNotMatch(plan, /Seq Scan/);

    const other = await server.client();
    await other.query("begin");
    await other.query(
      "select 1 from baton.leases where resource = 'old' and seat = '7' for update",
    );
    await grant(database, database.driver(), true);
    assert.equal(await count(database, "old"), 1);
    await other.query("rollback");
    await grant(database, database.driver(), true);
    assert.equal(await count(database, "old"), 0);
    assert.equal(await count(database, "lives"), 20_000);
  }));

for (const kind of ["mysql", "mariadb"] as const) {
  Deno.test(`${kind}: an index serves the search for the dead among many that live`, () =>
    onMysql(kind, async (database) => {
      for (let n = 0; n < 10; n++) await database.put(`lives ${n}`, 1_000, -HOUR, 5 * HOUR);
      await database.put("old", 130, 4 * HOUR, 5 * HOUR);
      await database.sql("analyze table baton_leases");
      const statements = new Statements("baton_leases");
      const [plan] = await database.sql(`explain format=traditional ${statements.findDead()}`);
      assert.equal(plan?.["key"], "leases_by_hour", Deno.inspect(plan));
    }));

  Deno.test(`${kind}: a clean-up that may not be sent is skipped, and the grant stands`, () =>
    onMysql(kind, async (database, query) => {
      await database.put("old", 3, 4 * HOUR, 5 * HOUR);
      for (const [allowed, left] of [[1, 3], [2, 3], [3, 0]] as const) {
        let [requests, sent] = [0, 0];
        const driver = mysql((sql) => (sent++, query(sql)));
        await database.sql(`delete from ${database.table} where resource = 'trigger'`);
        await database.put("trigger", 1, 1_000, 0);
        await database.sql(
          `update ${database.table} set token = ${FUTURE + 63} where resource = 'trigger'`,
        );
        const [outcome] = await driver.apply([acquire("trigger", "1")], {
          beforeRequest() {
            if (++requests > allowed) throw new Error("no more");
          },
        });
        assert.equal(outcome?.leases[0]?.token, FUTURE + 64);
        assert.deepEqual([sent, await count(database, "old")], [allowed, left]);
      }
    }));

  Deno.test(`${kind}: a clean-up that fails does no harm to the grant, and is the next one's`, () =>
    onMysql(kind, async (database, query) => {
      await database.put("old", 3, 4 * HOUR, 5 * HOUR);
      const driver = mysql((sql) =>
        /^(delete|select)/.test(sql) ? Promise.reject(new Error("lost")) : query(sql)
      );
      await grant(database, driver, true);
      assert.equal(await count(database, "old"), 3);
      await grant(database, database.driver(), true);
      assert.equal(await count(database, "old"), 0);
    }));
}

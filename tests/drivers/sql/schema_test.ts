/**
 * What the databases are given: their tables, made by hand or by `migrate()`, and what is refused.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError, InvalidArgument, UnknownOutcome } from "../../../mod.ts";
import type { Driver } from "../../../drivers/driver.ts";
import { mysql, type MysqlQuery } from "../../../drivers/mysql/mysql.ts";
import { migrate as migrateMysql, schema as mysqlSchema } from "../../../drivers/mysql/schema.ts";
import { postgres, type PostgresQuery } from "../../../drivers/postgres/postgres.ts";
import {
  migrate as migratePostgres,
  schema as pgSchema,
} from "../../../drivers/postgres/schema.ts";
import { connectTo } from "../../servers/pg_client.ts";
import { answerOf } from "../../servers/mysql_query.ts";
import { type MysqlKind, type MysqlServer, startMysql } from "../../servers/mysql.ts";
import { type PostgresServer, startPostgres } from "../../servers/postgres.ts";
import { described } from "../postgres/described.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { acquire } from "../acquire.ts";

/** One database under test; its places are schemas or tables. */
interface Database {
  /** On a new connection each time. */
  sql(text: string): Promise<readonly Record<string, unknown>[]>;
  statements(place?: string): readonly string[];
  migrate(place?: string): Promise<void>;
  driver(place?: string): Driver;
  /** All that describes a place: columns, keys, and the text of functions. */
  describe(place: string): Promise<unknown>;
}

async function onPostgres(test: (database: Database) => Promise<void>): Promise<void> {
  const server = await startPostgres();
  const query = queryPostgres(server);
  try {
    await test({
      sql: (text) => server.query(text),
      statements: (schema) => pgSchema(schema === undefined ? {} : { schema }),
      migrate: (schema) => migratePostgres(query, schema === undefined ? {} : { schema }),
      driver: (schema) => postgres(query, schema === undefined ? {} : { schema }),
      describe: async (schema) => JSON.stringify(await described(server, schema)),
    });
  } finally {
    await server.stop();
  }
}

function queryPostgres(server: PostgresServer, user?: string): PostgresQuery {
  return async (text, params) => {
    const link = await connectTo(server.port, { ...server.login, ...(user && { user }) });
    try {
      return (await link.client.query(text, [...params])).rows;
    } finally {
      await link.close();
    }
  };
}

function queryMysql(server: MysqlServer): MysqlQuery {
  return async (sql) => {
    const client = await server.client();
    const answer = answerOf(await client.query(sql));
    await client.end();
    return answer;
  };
}

async function onMysql(
  kind: MysqlKind,
  test: (database: Database, query: MysqlQuery) => Promise<void>,
): Promise<void> {
  const server = await startMysql(kind);
  const query = queryMysql(server);
  try {
    await test({
      sql: (text) => server.query(text),
      statements: (table) => mysqlSchema(table === undefined ? {} : { table }),
      migrate: (table) => migrateMysql(query, table === undefined ? {} : { table }),
      driver: (table) => mysql(query, table === undefined ? {} : { table }),
      describe: async (table) =>
        JSON.stringify(await server.query(`show create table ${table}`)).replaceAll(table, "…"),
    }, query);
  } finally {
    await server.stop();
  }
}

const DATABASES = [
  { name: "PostgreSQL", on: onPostgres, place: "baton" },
  { name: "MySQL", on: onMysql.bind(null, "mysql"), place: "baton_leases" },
  { name: "MariaDB", on: onMysql.bind(null, "mariadb"), place: "baton_leases" },
] as const;

for (const { name, on, place } of DATABASES) {
  Deno.test(`${name}: the statements run by hand make what migrate() makes, again and at once too, and places are apart`, () =>
    on(async (database: Database) => {
      for (let twice = 0; twice < 2; twice++) {
        for (const sql of database.statements()) await database.sql(sql);
      }
      await Promise.all(Array.from({ length: 4 }, () => database.migrate("other_1")));
      const made = await database.describe(place);
      assert.equal(made, await database.describe("other_1"));

      const drivers = [database.driver(), database.driver("other_1")];
      const tokens = await Promise.all(drivers.map(async (driver, n) => {
        const [granted, refused] = await driver.apply([acquire(`${n}`), acquire("x")]);
        assert.deepEqual([granted?.ok, refused?.leases[0]?.id], [true, `${n}`]);
        return granted?.leases[0]?.token;
      }));
      await Promise.all([database.migrate(), database.migrate("other_1")]);
      assert.equal(await database.describe(place), made);
      for (const [n, driver] of drivers.entries()) {
        const [outcome] = await driver.apply([{ op: "inspect", resource: "lock:x" }]);
        assert.deepEqual(outcome?.leases.map(({ id, token }) => [id, token]), [[
          `${n}`,
          tokens[n],
        ]]);
      }
    }));

  Deno.test(`${name}: a table, column or function that is missing is a definite error that says what to run`, () =>
    on(async (database: Database) => {
      const missing = async (op = acquire("a")) => {
        const error = await batonErrorOf(database.driver().apply([op]));
        assert(error instanceof ConnectionError && !error.retryable, `${error.stack}`);
        assert.match(
          error.message,
          /nothing was written .*run migrate\(\) of @baton\/baton\/schema\/(postgres|mysql)/,
        );
      };
      await missing();
      await database.migrate();
      const table = name === "PostgreSQL" ? "baton.leases" : "baton_leases";
      await database.sql(`alter table ${table} rename column value to text`);
      if (name === "PostgreSQL") {
        await missing();
        await database.sql("alter table baton.leases rename column text to value");
        await database.sql("drop procedure baton.apply_3");
        await missing();
        await database.migrate();
        await database.sql("drop function baton.acquire_3");
        await missing();
        await database.sql("drop table baton.leases");
        await missing();
        await database.migrate();
        assert.equal((await database.driver().apply([acquire("a")]))[0]?.ok, true);
      } else {
        await missing();
        // What is there is not Baton's, and to make it again would not change it.
        const error = await batonErrorOf(database.migrate());
        assert(error instanceof ConnectionError && !error.retryable, `${error}`);
        assert.match(error.message, /not version 1 of Baton's/);
      }
    }));
}

for (const kind of ["mysql", "mariadb"] as const) {
  Deno.test(`${kind}: migrate() refuses an isolation level under which guards are overtaken`, () =>
    onMysql(kind, async ({ sql, migrate }) => {
      const variable = kind === "mysql" ? "transaction_isolation" : "tx_isolation";
      for (const level of ["READ-COMMITTED", "READ-UNCOMMITTED"]) {
        await sql(`set global ${variable} = '${level}'`);
        const error = await batonErrorOf(migrate());
        assert(error instanceof ConnectionError && !error.retryable, `${error.stack}`);
        assert.match(error.message, new RegExp(`is ${level}, .*set .*REPEATABLE-READ`));
      }
      for (const level of ["SERIALIZABLE", "REPEATABLE-READ"]) {
        await sql(`set global ${variable} = '${level}'`);
        await migrate();
      }
    }));
}

Deno.test("where DDL is not taken directly, migrate() says what to deploy; once it is there, it is content", async () => {
  const sent: string[] = [];
  let there = false;
  const query: MysqlQuery = (sql) => {
    sent.push(sql);
    if (sql.includes("isolation")) return Promise.resolve({ rows: [{ level: "REPEATABLE-READ" }] });
    const error = sql.startsWith("create")
      ? new Error('direct DDL is disabled (CallerID: x): Sql: "create canary"')
      : new Error("Table 'x.baton_leases' doesn't exist (errno 1146) (sqlstate 42S02)");
    return there ? Promise.resolve({ rows: [] }) : Promise.reject(error);
  };
  const error = await batonErrorOf(migrateMysql(query));
  assert(error instanceof ConnectionError && !error.retryable, `${error}`);
  assert.match(error.message, /not created; make a deploy request with what schema\(\) returns/);
  assert.doesNotMatch(Deno.inspect(error), /canary/);
  [there, sent.length] = [true, 0];
  await migrateMysql(query);
  assert(!sent.some((sql) => sql.startsWith("create")), sent.join("\n"));
});

Deno.test("a role that may not create is refused, and nothing is made", async () => {
  await onPostgresServer(async (server) => {
    await server.query(
      `create role poor login password '${server.login.password}'`,
    );
    const error = await batonErrorOf(migratePostgres(queryPostgres(server, "poor")));
    assert(error instanceof ConnectionError && error.code === "unauthorized", `${error}`);
    assert.match(error.message, /nothing was written \(SQLSTATE 42501/);
    const made = await server.query("select 1 from pg_namespace where nspname = 'baton'");
    assert.deepEqual(made, []);
  });
  const denied = Object.assign(new Error("CREATE command denied"), { errno: 1142 });
  const missing = Object.assign(new Error("no table"), { errno: 1146 });
  const error = await batonErrorOf(
    migrateMysql((sql) => Promise.reject(sql.startsWith("create") ? denied : missing)),
  );
  assert(error instanceof ConnectionError && error.code === "unauthorized", `${error}`);
});

async function onPostgresServer(test: (server: PostgresServer) => Promise<void>): Promise<void> {
  const server = await startPostgres();
  try {
    await test(server);
  } finally {
    await server.stop();
  }
}

Deno.test("a name that is not plain, or an answer that is lost, is no schema", async () => {
  for (const name of ["", "a b", "a;drop table x", 'a"b', "a`b", "1a", "a.b", "é", "a\n"]) {
    assert.throws(() => pgSchema({ schema: name }), InvalidArgument);
    assert.throws(() => mysqlSchema({ table: name }), InvalidArgument);
    const never = () => assert.fail("it was sent");
    await assert.rejects(migratePostgres(never, { schema: name }), InvalidArgument);
    await assert.rejects(migrateMysql(never, { table: name }), InvalidArgument);
  }
  const lost = () => Promise.reject(new Error("socket hang up"));
  assert(await batonErrorOf(migratePostgres(lost)) instanceof UnknownOutcome);
  assert(await batonErrorOf(migrateMysql(lost)) instanceof UnknownOutcome);
});

/**
 * Where in a statement the fence may stand: when PostgreSQL calls it, and when it skips it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isStale, migratePostgresFences } from "../../fencing/mod.ts";
import type { Client } from "../servers/pg_client.ts";
import { startPostgres } from "../servers/postgres.ts";

const FENCE = "baton.fence_1('r', $1)";
const PAY = "update accounts set balance = balance - 1";

/** Forms that refuse a stale token, and record a new one, whatever rows there are. */
const SAFE: Readonly<Record<string, string>> = {
  "an update": `${PAY} where id = 42 and (select ${FENCE})`,
  "an update, fence first": `${PAY} where (select ${FENCE}) and id = 42`,
  "an update of many rows": `${PAY} where (select ${FENCE})`,
  "an update of no row": `${PAY} where id = 99 and (select ${FENCE})`,
  "an update of no row, without an index": `${PAY} where (select ${FENCE}) and status = 'none'`,
  "an update beside a dear condition": `${PAY} where dear(id) and (select ${FENCE})`,
  "an update of a join of no row":
    `update accounts a set balance = a.balance - 1 from accounts b where a.id = b.id and b.status = 'none' and (select ${FENCE})`,
  "an insert": `insert into charges select 42 where (select ${FENCE})`,
  "an insert of many rows": `insert into charges select id from accounts where (select ${FENCE})`,
  "a delete": `delete from accounts where id = 42 and (select ${FENCE})`,
  "an upsert":
    `insert into accounts select 42, 1 where (select ${FENCE}) on conflict (id) do update set balance = accounts.balance - 1`,
  "two writes, each fenced":
    `with w as (${PAY} where id = 42 and (select ${FENCE}) returning id) insert into charges select id from w where (select ${FENCE})`,
  "two writes, the last fenced":
    `with w as (${PAY} where id = 42) insert into charges select 42 where (select ${FENCE})`,
  "two writes, the first fenced":
    `with w as (${PAY} where id = 42 and (select ${FENCE})) insert into charges values (42)`,
  "true in (select)": `${PAY} where id = 42 and true in (select ${FENCE})`,
};

/** Forms that refuse a stale token where a row is to be written; without one they say nothing. */
const SAFE_WITH_ROWS: Readonly<Record<string, string>> = {
  "a call in WHERE": `${PAY} where id = :id and ${FENCE}`,
  "a call in WHERE, first": `${PAY} where ${FENCE} and id = :id`,
  "a materialized CTE that is read":
    `with fence as materialized (select ${FENCE} as ok) ${PAY} from fence where fence.ok and id = :id`,
  "a CTE that is read":
    `with fence as (select ${FENCE} as ok) ${PAY} from fence where fence.ok and id = :id`,
  "RETURNING": `${PAY} where id = :id returning ${FENCE}`,
};

/** Forms in which PostgreSQL has no need of the answer, and does not ask. */
const UNSAFE: Readonly<Record<string, string>> = {
  "EXISTS, which needs no columns": `${PAY} where id = 42 and exists (select ${FENCE})`,
  "OR, which may know already": `${PAY} where id = 42 and (balance > 0 or ${FENCE})`,
  "a CTE that nothing reads": `with fence as (select ${FENCE}) ${PAY} where id = 42`,
  "a materialized CTE that nothing reads":
    `with fence as materialized (select ${FENCE}) ${PAY} where id = 42`,
};

interface Scene {
  readonly client: Client;
  /** Whether a statement with token 3 is refused, after 5 was seen, and all as it was. */
  refuses(sql: string): Promise<boolean>;
  /** Which token is the highest seen after a statement with token 7. */
  records(sql: string): Promise<string>;
}

async function onScene(test: (scene: Scene) => Promise<void>): Promise<void> {
  const server = await startPostgres();
  try {
    const client = await server.client();
    await migratePostgresFences((text, params) => client.query(text, params));
    await client.query(`
create table accounts (id int primary key, balance int not null, status text not null default 'x');
create table charges (id int);
create function dear(id int) returns boolean language sql cost 1000000 as 'select id = 42'`);
    const reset = () =>
      client.query(`truncate accounts, charges, baton.fences;
insert into accounts select id, 100 from generate_series(40, 44) id;
insert into baton.fences values ('r', 5)`);
    const state = async () =>
      JSON.stringify([
        (await client.query("select * from accounts order by id")).rows,
        (await client.query("select * from charges")).rows,
        (await client.query("select * from baton.fences")).rows,
      ]);
    await test({
      client,
      async refuses(sql) {
        await reset();
        const before = await state();
        const error = await client.query(sql, ["3"]).then(() => undefined, (error) => error);
        if (error && !isStale(error)) throw error;
        assert(!error || await state() === before, `${sql} was refused, and changed something`);
        return error !== undefined;
      },
      async records(sql) {
        await reset();
        await client.query(sql, ["7"]);
        const { rows: [row] } = await client.query("select token from baton.fences");
        return String(row?.["token"]);
      },
    });
  } finally {
    await server.stop();
  }
}

Deno.test("a sub-select in WHERE is asked first and once, whatever rows there are", () =>
  onScene(async ({ client, refuses, records }) => {
    for (const [form, sql] of Object.entries(SAFE)) {
      assert.equal(await refuses(sql), true, form);
      assert.equal(await records(sql), "7", form);
    }
    const { rows } = await client.query<{ "QUERY PLAN": string }>(
      `explain (costs off) ${SAFE["an update"]?.replace("$1", "7")}`,
    );
    const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
    assert.match(plan, /InitPlan[^]*One-Time Filter/, "as a filter above the scan of the rows");
  }));

Deno.test("other forms are asked for each row, so they are safe, but without a row record nothing", () =>
  onScene(async ({ refuses, records }) => {
    for (const [form, sql] of Object.entries(SAFE_WITH_ROWS)) {
      assert.equal(await refuses(sql.replace(":id", "42")), true, form);
      assert.equal(await records(sql.replace(":id", "42")), "7", form);
      assert.equal(await refuses(sql.replace(":id", "99")), false, form);
      assert.equal(await records(sql.replace(":id", "99")), "5", form);
    }
  }));

Deno.test("the forms that the docs warn of are not asked at all, so a stale write goes through", () =>
  onScene(async ({ refuses, records }) => {
    for (const [form, sql] of Object.entries(UNSAFE)) {
      assert.equal(await refuses(sql), false, form);
      assert.equal(await records(sql), "5", form);
    }
  }));

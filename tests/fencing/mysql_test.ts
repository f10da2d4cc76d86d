/**
 * Fences in a real MySQL and a real MariaDB: writers at once, waits, and what is refused.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Connection, ResultSetHeader, RowDataPacket } from "mysql2/promise";
import { ConnectionError } from "../../mod.ts";
import { fenceMysql, isStale, migrateMysqlFences, StaleToken } from "../../fencing/mod.ts";
import { type MysqlServer, startMysql } from "../servers/mysql.ts";
import { until } from "../servers/process.ts";
import { withPlanetscale } from "../servers/with_planetscale.ts";
import { errorOf, interleave, RESOURCES, type Write } from "./writers.ts";

const KINDS = ["mysql", "mariadb"] as const;

async function onMysql(
  kind: typeof KINDS[number],
  test: (server: MysqlServer) => Promise<void>,
): Promise<void> {
  const server = await startMysql(kind);
  try {
    await migrateMysqlFences((sql) => server.query(sql));
    await server.query(`create table accounts (id varbinary(512) primary key, owner int not null,
      balance int not null default 100, fence bigint not null default 0, history mediumtext)`);
    await server.query("create table charges (invoice int not null)");
    for (const [n, id] of RESOURCES.entries()) {
      await server.query("insert into accounts (id, owner, history) values (?, ?, '')", [id, n]);
    }
    await test(server);
  } finally {
    await server.stop();
  }
}

function fence(client: Connection, token: number, resource = "account:42"): Promise<void> {
  return fenceMysql((sql) => client.query(sql), { resource, token });
}

async function rows(client: Connection, sql: string): Promise<RowDataPacket[]> {
  return (await client.query<RowDataPacket[]>(sql))[0];
}

function inTransaction(client: Connection): Write {
  return async (resource, token, entry, random) => {
    await client.query("begin");
    try {
      await fence(client, token, resource);
      for (let steps = Math.floor(random() * 4); steps > 0; steps--) await client.query("select 1");
      await client.query("update accounts set history = concat(history, ?, ' ') where id = ?", [
        entry,
        resource,
      ]);
      await client.query("commit");
    } catch (error) {
      await client.query("rollback");
      throw error;
    }
  };
}

/** The column of one's own, and the one look that tells why nothing was changed. */
function inItsOwnColumn(client: Connection): Write {
  return async (resource, token, entry) => {
    const [{ affectedRows }] = await client.query<ResultSetHeader>(
      `update accounts set history = concat(history, ?, ' '), fence = ?
      where id = ? and fence <= ?`,
      [entry, token, resource, token],
    );
    if (affectedRows > 0) return;
    const [row] = await client.query<RowDataPacket[]>("select fence from accounts where id = ?", [
      resource,
    ]).then(([rows]) => rows);
    assert(Number(row?.["fence"]) > token, "it was not refused, and not done");
    throw new StaleToken({ resource, token });
  };
}

function inAJoin(client: Connection): Write {
  const known = new Set<string>();
  return async (resource, token, entry) => {
    if (!known.has(resource)) await fence(client, token, resource);
    known.add(resource);
    const [{ affectedRows }] = await client.query<ResultSetHeader>(
      `update baton_fences f left join accounts a on a.owner = ?
      set a.history = concat(a.history, ?, ' '), f.token = greatest(f.token, ?), f.asked = ?
      where f.resource = ?`,
      [RESOURCES.indexOf(resource), entry, token, token, resource],
    );
    assert(affectedRows > 0);
  };
}

const WAYS = { "a transaction": inTransaction, "a column": inItsOwnColumn, "a join": inAJoin };

for (const kind of KINDS) {
  Deno.test(`${kind}: of eight writers at once no stale one's write stays, and no other's is lost`, async (t) => {
    await onMysql(kind, async (server) => {
      for (const [name, writer] of Object.entries(WAYS)) {
        await t.step(name, async () => {
          await server.query("truncate table baton_fences");
          await server.query("update accounts set history = '', fence = 0");
          const clients = await Promise.all(Array.from({ length: 8 }, () => server.client()));
          const tally = await interleave({
            writers: clients.map(writer),
            history: async (resource) => {
              const [row] = await server.query("select history from accounts where id = ?", [
                resource,
              ]);
              return String(row?.["history"]).split(" ").slice(0, -1);
            },
            // The first writers of a resource may lock the gap where its row will be.
            isUndone: (error) => Object(error).errno === 1213,
          });
          assert(tally.undone < tally.applied, JSON.stringify(tally));
        });
      }
    });
  });

  Deno.test(`${kind}: a writer waits for the one before it, and after the fence sees what that has left`, () =>
    onMysql(kind, async (server) => {
      const [older, newer] = [await server.client(), await server.client()];
      await fence(older, 1);
      await older.query("begin");
      await fence(older, 1);
      await older.query("insert into charges values (7)");
      await newer.query("begin");
      const waits = fence(newer, 2);
      await until("it waits", () => server.waits());
      await older.query("commit");
      await waits;
      assert.equal((await rows(newer, "select * from charges")).length, 1);
      await newer.query("commit");
      assert(await errorOf(fence(older, 1)) instanceof StaleToken);
    }));

  Deno.test(`${kind}: what is refused changes nothing, whatever the sql_mode; an equal token passes`, () =>
    onMysql(kind, async (server) => {
      const client = await server.client();
      const { MAX_SAFE_INTEGER: max } = Number;
      for (const mode of ["", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES,NO_UNSIGNED_SUBTRACTION"]) {
        await client.query("set sql_mode = ?", [mode]);
        await client.query("truncate table baton_fences");
        for (const resource of RESOURCES) {
          await fence(client, max - 1, resource);
          const state = async () =>
            JSON.stringify([
              await rows(client, "select * from accounts order by id"),
              await rows(client, "select resource, token from baton_fences order by resource"),
            ]);
          const before = await state();
          const stale = await errorOf(fence(client, max - 2, resource));
          assert(stale instanceof StaleToken && stale.code === "stale-token", `${stale}`);
          assert.deepEqual([stale.resource, stale.token], [resource, max - 2]);
          const join = (token: number) =>
            client.query(
              `update baton_fences f left join accounts a on a.owner >= 0
              set a.balance = a.balance - 10, f.token = greatest(f.token, ?), f.asked = ?
              where f.resource = ?`,
              // As bytes: the client quotes text in a way that not every sql_mode reads.
              [token, token, new TextEncoder().encode(resource)],
            );
          const refused = await errorOf(join(max - 2));
          assert(isStale(refused), `${refused}`);
          assert.equal(await state(), before);
          for (const token of [max - 1, max, max]) await fence(client, token, resource);
          await join(max);
          assert.notEqual(await state(), before);
        }
      }
      const found = await rows(
        client,
        "select convert(resource using utf8mb4) as resource from baton_fences",
      );
      assert.deepEqual(found.map((row) => row["resource"]).sort(), [...RESOURCES].sort());
      const [account] = await rows(client, "select balance from accounts");
      assert.equal(account?.["balance"], 0, "ten times, for ten tokens that were not stale");
    }));

  Deno.test(`${kind}: without its table a fence is a clear error; to make it again changes nothing`, () =>
    onMysql(kind, async (server) => {
      const client = await server.client();
      const query = (sql: string) => client.query(sql);
      await fence(client, 5);
      await migrateMysqlFences(query);
      assert.equal((await rows(client, "select * from baton_fences")).length, 1);

      const options = { table: "x".repeat(64) };
      const there = { resource: "a", token: 1 };
      const missing = await errorOf(fenceMysql(query, there, options));
      assert(missing instanceof ConnectionError && !missing.retryable, `${missing}`);
      assert.match(
        missing.message,
        /no table x+ of Baton's, so nothing was written\. Run migrateMy/,
      );
      await migrateMysqlFences(query, options);
      await fenceMysql(query, there, options);
      const other = await errorOf(migrateMysqlFences(query, { table: "accounts" }));
      assert(other instanceof ConnectionError && /not Baton's/.test(other.message), `${other}`);

      await client.query("create table lax (resource varbinary(9), token int, asked int)");
      const lax = await errorOf(migrateMysqlFences(query, { table: "lax" }));
      assert(lax instanceof ConnectionError, `${lax}`);
      assert.match(lax.message, /does not refuse stale tokens.* MySQL 8\.0\.16 or MariaDB 10\.2/);
      assert.deepEqual(await rows(client, "select * from lax"), []);
    }));

  Deno.test(`${kind}: PlanetScale's transaction is undone by a stale token`, () =>
    withPlanetscale(kind, async ({ client, mysql }) => {
      await migrateMysqlFences((sql) => client.execute(sql));
      await mysql.query("create table accounts (id int primary key, balance int)");
      await mysql.query("insert into accounts values (42, 100)");
      const charge = (token: number) =>
        client.transaction(async (tx) => {
          await tx.execute("update accounts set balance = balance - 10 where id = 42");
          await fenceMysql((sql) => tx.execute(sql), { resource: "account:42", token });
        });
      await charge(7);
      await charge(7);
      assert(await errorOf(charge(6)) instanceof StaleToken);
      assert.deepEqual({ ...(await mysql.query("select balance from accounts"))[0] }, {
        balance: 80,
      });
      const raw = await errorOf(
        client.execute("update baton_fences set asked = 6 where resource = 'account:42'"),
      );
      assert(isStale(raw), `${raw}`);
    }));
}

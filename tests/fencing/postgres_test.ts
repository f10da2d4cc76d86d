/**
 * Fences in a real PostgreSQL: writers at once, waits at every isolation level, and what is refused.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError, InvalidArgument } from "../../mod.ts";
import {
  fencePostgres,
  isStale,
  migratePostgresFences,
  postgresFences,
  StaleToken,
} from "../../fencing/mod.ts";
import type { Client } from "../servers/pg_client.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { until } from "../servers/process.ts";
import { withNeon } from "../servers/with_neon.ts";
import { errorOf, interleave, RESOURCES, type Write } from "./writers.ts";

const SHOP = `
create table accounts (id text primary key, balance int not null default 100,
  history text[] not null default '{}');
create table charges (invoice int not null, payer text not null)`;

async function onPostgres(test: (server: PostgresServer) => Promise<void>): Promise<void> {
  const server = await startPostgres();
  try {
    await migratePostgresFences((text) => server.query(text));
    await server.query(SHOP);
    await server.query("insert into accounts select unnest($1::text[])", [RESOURCES]);
    await test(server);
  } finally {
    await server.stop();
  }
}

function fence(client: Client, token: number, resource = "account:42"): Promise<void> {
  return fencePostgres((text, params) => client.query(text, params), { resource, token });
}

/** A transaction that writes after its fence, with some steps in between. */
function inTransaction(client: Client, begin: string): Write {
  return async (resource, token, entry, random) => {
    await client.query(begin);
    try {
      await fence(client, token, resource);
      for (let steps = Math.floor(random() * 4); steps > 0; steps--) await client.query("select 1");
      await client.query("update accounts set history = history || $1::text where id = $2", [
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

function inOneStatement(client: Client, condition: string): Write {
  return async (resource, token, entry) => {
    await client.query(
      `update accounts set history = history || $1::text where id = $2 and ${condition}`,
      [entry, resource, token],
    );
  };
}

const WAYS: readonly {
  name: string;
  writer(client: Client): Write;
  /** Whether PostgreSQL may say that a transaction is to be run again. */
  again?: true;
}[] = [
  { name: "a transaction", writer: (client) => inTransaction(client, "begin") },
  {
    name: "one statement",
    writer: (client) => inOneStatement(client, "(select baton.fence_1($2, $3))"),
  },
  {
    name: "one statement without sub-select",
    writer: (client) => inOneStatement(client, "baton.fence_1($2, $3)"),
  },
  ...["repeatable read", "serializable"].map((level) => ({
    name: `a ${level} transaction`,
    writer: (client: Client) => inTransaction(client, `begin isolation level ${level}`),
    again: true as const,
  })),
];

Deno.test("PostgreSQL: of eight writers at once no stale one's write stays, and no other's is lost", async (t) => {
  await onPostgres(async (server) => {
    for (const { name, writer, again } of WAYS) {
      await t.step(name, async () => {
        await server.query("truncate baton.fences");
        await server.query("update accounts set history = '{}'");
        const clients = await Promise.all(Array.from({ length: 8 }, () => server.client()));
        const tally = await interleave({
          writers: clients.map(writer),
          history: async (resource) => {
            const [row] = await server.query("select history from accounts where id = $1", [
              resource,
            ]);
            return row?.["history"] as string[];
          },
          isUndone: (error) => again === true && Object(error).code === "40001",
        });
        if (!again) assert.equal(tally.undone, 0);
        await Promise.all(clients.map((client) => client.end()));
      });
    }
  });
});

/** Two connections, and a wait until the second's statement waits for the first's commit. */
async function onTwo(
  test: (first: Client, second: Client, waiting: () => Promise<void>) => Promise<void>,
): Promise<void> {
  await onPostgres(async (server) => {
    const waiting = () =>
      until("a statement waits", 20_000, async () => {
        const rows = await server.query("select 1 from pg_locks where not granted");
        return rows.length > 0;
      });
    await test(await server.client(), await server.client(), waiting);
  });
}

const PAY = `update accounts set balance = balance - 10
where id = 'account:42' and (select baton.fence_1('account:42', $1))`;

Deno.test("PostgreSQL: the stale one waits for the newer one's commit and is refused, but passes if that rolls back", () =>
  onTwo(async (newer, stale, waiting) => {
    for (const [end, refused] of [["rollback", false], ["commit", true]] as const) {
      await newer.query("begin");
      await newer.query(PAY, [2]);
      const late = stale.query(PAY, [1]).then(() => false, isStale);
      await waiting();
      await newer.query(end);
      assert.equal(await late, refused, end);
    }
    const { rows } = await stale.query("select balance from accounts where id = 'account:42'");
    assert.equal(rows[0]?.["balance"], 80);
  }));

Deno.test("PostgreSQL: the newer one waits for an older one's commit, and writes on top of it", () =>
  onTwo(async (older, newer, waiting) => {
    await older.query("begin");
    await older.query(PAY, [1]);
    const write = newer.query(PAY, [2]);
    await waiting();
    await older.query("commit");
    await write;
    const { rows } = await newer.query("select balance from accounts where id = 'account:42'");
    assert.equal(rows[0]?.["balance"], 80);
    assert(isStale(await errorOf(older.query(PAY, [1]))));
  }));

const ONCE = `insert into charges select 7, 'newer'
where not exists (select 1 from charges where invoice = 7)`;

Deno.test("PostgreSQL: after the fence a transaction sees what it waited for; a single statement does not look again", () =>
  onTwo(async (older, newer, waiting) => {
    const charges = async () => Number((await newer.query("select 1 from charges")).rowCount);
    const race = async (write: () => Promise<unknown>): Promise<void> => {
      await newer.query("truncate charges, baton.fences");
      await older.query("begin");
      await fence(older, 1);
      await older.query("insert into charges values (7, 'older')");
      const done = write();
      await waiting();
      await older.query("commit");
      await done;
    };
    await race(async () => {
      await newer.query("begin");
      await fence(newer, 2);
      await newer.query(ONCE);
      await newer.query("commit");
    });
    assert.equal(await charges(), 1);
    // The limit that the docs tell of; a unique index, or the transaction, is what helps.
    await race(() => newer.query(`${ONCE} and (select baton.fence_1('account:42', $1))`, [2]));
    assert.equal(await charges(), 2);
  }));

Deno.test("PostgreSQL: a stricter transaction that waited fails with 40001 rather than go on with what it saw", () =>
  onTwo(async (older, newer, waiting) => {
    let token = 1;
    for (const level of ["repeatable read", "serializable"]) {
      for (const step of [0, 1]) { // The same holder's other connection, and a newer holder's.
        await older.query("begin");
        await fence(older, token);
        await newer.query(`begin isolation level ${level}`);
        const late = errorOf(fence(newer, token += step));
        await waiting();
        await older.query("commit");
        assert.equal((await late as { code?: string }).code, "40001", level);
        await newer.query("rollback");
      }
    }
  }));

Deno.test("PostgreSQL: what is refused changes nothing, not one of many rows; an equal token passes", () =>
  onPostgres(async (server) => {
    const client = await server.client();
    const { MAX_SAFE_INTEGER: max } = Number;
    for (const resource of RESOURCES) {
      const pay = (token: number) =>
        client.query(
          "update accounts set balance = balance - 10 where (select baton.fence_1($1, $2))",
          [resource, token],
        );
      await pay(max - 1);
      const { rows: before } = await client.query("select * from accounts order by id");
      const error = await errorOf(pay(max - 2));
      assert(isStale(error) && /stale fencing token 9007199254740989 for/.test(error.message));
      const stale = await errorOf(fence(client, max - 2, resource));
      assert(stale instanceof StaleToken && stale.code === "stale-token" && !stale.retryable);
      assert.deepEqual([stale.resource, stale.token], [resource, max - 2]);
      assert.deepEqual((await client.query("select * from accounts order by id")).rows, before);
      for (const token of [max - 1, max, max]) await pay(token);
    }
    const { rows } = await client.query("select resource from baton.fences");
    assert.deepEqual(rows.map((row) => row["resource"]).sort(), [...RESOURCES].sort());
    for (const [resource, token] of [[null, 1], ["a", null], ["a", 0], ["a", -1]]) {
      const error = await errorOf(
        client.query("update accounts set balance = 0 where (select baton.fence_1($1, $2))", [
          resource,
          token,
        ]),
      );
      assert.equal((error as { code?: string }).code, "22023", `${error}`);
    }
  }));

Deno.test("PostgreSQL: without its schema a fence is a clear error, and to make it again changes nothing", async () => {
  const server = await startPostgres();
  try {
    const client = await server.client();
    const raw = await errorOf(client.query("select 1 where (select baton.fence_1('a', 1))"));
    assert.match(raw.message, /schema "baton" does not exist/);
    for (const step of ["create schema baton", ...postgresFences(), "drop table baton.fences"]) {
      if (step.startsWith("create or")) continue;
      const error = await errorOf(fence(client, 1));
      assert(error instanceof ConnectionError && !error.retryable, `${error}`);
      assert.match(error.message, /no baton\.fence_1 .*nothing was written: run migratePostgresF/);
      await client.query(step);
    }
    const clients = await Promise.all([0, 1, 2].map(() => server.client()));
    await Promise.all(clients.map((each) => migratePostgresFences((text) => each.query(text))));
    await fence(client, 5);
    await migratePostgresFences((text) => client.query(text));
    assert(isStale(await errorOf(fence(client, 4))));

    const options = { schema: "other" };
    await migratePostgresFences((text) => client.query(text), options);
    const send = (text: string, params: string[]) => client.query(text, params);
    await fencePostgres(send, { resource: "account:42", token: 1 }, options);
    await client.query(`create role poor;
grant usage on schema baton to poor; grant select, insert, update on baton.fences to poor`);
    await client.query("set role poor");
    await fence(client, 6);
    const refused = await errorOf(migratePostgresFences((text) => client.query(text), {
      schema: "third",
    }));
    assert(refused instanceof ConnectionError && refused.code === "unauthorized", `${refused}`);
  } finally {
    await server.stop();
  }
});

Deno.test("a name or a token that cannot be a lease's is refused before anything is sent", async () => {
  const never = () => assert.fail("it was sent");
  for (const token of [0, -1, 1.5, NaN, Infinity, 2 ** 53, "7" as unknown as number]) {
    await assert.rejects(fencePostgres(never, { resource: "a", token }), InvalidArgument);
  }
  for (const resource of ["", "a\0", "\ud800", "x".repeat(513), undefined as unknown as string]) {
    await assert.rejects(fencePostgres(never, { resource, token: 1 }), InvalidArgument);
  }
  for (const schema of ["", "a b", 'a"', "A", "a;drop table x"]) {
    assert.throws(() => postgresFences({ schema }), InvalidArgument);
    const there = { resource: "a", token: 1 };
    await assert.rejects(fencePostgres(never, there, { schema }), InvalidArgument);
    await assert.rejects(migratePostgresFences(never, { schema }), InvalidArgument);
  }
});

Deno.test("Neon: one request carries fence and writes, as a statement or as a transaction, and a stale one is told", () =>
  withNeon(async ({ sql, server, postgres }) => {
    await migratePostgresFences((text, params) => sql.query(text, params));
    await postgres.query(`${SHOP}; insert into accounts (id) values ('account:42')`);
    const one = (token: number) =>
      sql`update accounts set balance = balance - 10
        where id = 'account:42' and (select baton.fence_1('account:42', ${token}))`;
    const several = (token: number) =>
      sql.transaction([
        sql`select baton.fence_1('account:42', ${token})`,
        sql`insert into charges values (7, 'neon')`,
        sql`update accounts set balance = balance - 10 where id = 'account:42'`,
      ]);
    for (const write of [one, several]) {
      await write(7);
      const before = server.requests;
      assert(isStale(await errorOf(write(6))));
      assert.equal(server.requests - before, 1);
    }
    const [row] = await postgres.query(
      "select balance, (select count(*)::int from charges) as charges from accounts",
    );
    assert.deepEqual({ ...row }, { balance: 80, charges: 1 });
  }));

/**
 * Fences in a real PostgreSQL: writers at once at every isolation level, and what is refused.
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
import { startPostgres } from "../servers/postgres.ts";
import { withNeon } from "../servers/with_neon.ts";
import { fence, onPostgres, SHOP } from "./postgres_shop.ts";
import { errorOf, interleave, RESOURCES, type Write } from "./writers.ts";

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
      const { code, message } = error as { code?: string; message?: string };
      assert.deepEqual(
        [code, message],
        ["22023", "a fence needs the name of a resource, and a token from 1 on"],
      );
    }
  }));

Deno.test("PostgreSQL: without its schema a fence is a clear error, and to make it again changes nothing", async () => {
  const server = await startPostgres();
  try {
    const client = await server.client();
    const raw = await errorOf(client.query("select 1 where (select baton.fence_1('a', 1))"));
    assert.match(raw.message, /schema "baton" does not exist/);
    const missing = async () => {
      const error = await errorOf(fence(client, 1));
      assert(error instanceof ConnectionError && !error.retryable, `${error}`);
      assert.match(error.message, /no baton\.fence_1 .*nothing was written\. Run migratePostgresF/);
    };
    await missing();
    await client.query("create schema baton");
    await missing();
    await migratePostgresFences((text) => client.query(text));
    await client.query("drop table baton.fences");
    await missing();
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

/**
 * What only the Postgres driver must hold: what errors and odd answers mean, how a database may be
 * set up, and when a commit is on disk.
 *
 * @module
 */

import assert from "node:assert/strict";
// @ts-types="@types/pg"
import { Pool } from "pg";
import { ConnectionError, InvalidArgument, UnknownOutcome } from "../../../mod.ts";
import { postgres, type PostgresQuery } from "../../../drivers/postgres/postgres.ts";
import { rowsOf } from "../../../drivers/postgres/send.ts";
import { migrate } from "../../../drivers/postgres/schema.ts";
import { connectTo } from "../../servers/pg_client.ts";
import { type PostgresServer, startPostgres } from "../../servers/postgres.ts";
import { until } from "../../servers/process.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { acquire } from "../acquire.ts";

async function withPostgres(
  test: (server: PostgresServer) => Promise<void>,
  settings: Record<string, string> = {},
): Promise<void> {
  const server = await startPostgres({ settings });
  try {
    await test(server);
  } finally {
    await server.stop();
  }
}

/** A new connection to a database. */
async function withQuery(
  { port, login }: PostgresServer,
  database: string,
  test: (query: PostgresQuery) => Promise<void>,
): Promise<void> {
  const { client, close } = await connectTo(port, { ...login, database });
  try {
    await test(async (text, params) => (await client.query(text, [...params])).rows);
  } finally {
    await close();
  }
}

Deno.test("the pg package is one line", async () => {
  await withPostgres(async (server) => {
    const pool = new Pool({ connectionString: server.url, max: 4 });
    const query: PostgresQuery = async (text, params) => (await pool.query(text, [...params])).rows;
    await migrate(query);
    const driver = postgres(query);
    const calls = Array.from({ length: 16 }, (_, i) => driver.apply([acquire(`${i}`)]));
    const granted = (await Promise.all(calls)).filter(([outcome]) => outcome?.ok);
    assert.equal(granted.length, 1);
    await pool.end();
    const closed = await batonErrorOf(driver.apply([acquire("late")]));
    assert(closed instanceof UnknownOutcome);
    // The pool does not wait for its connections to close, and nobody hears one's error any more.
    const others = `select from pg_stat_activity
      where backend_type = 'client backend' and pid <> pg_backend_pid()`;
    await until("they are closed", async () => (await server.query(others)).length === 0);
  });
});

Deno.test("a database at another isolation level is refused, and nothing is written", async () => {
  await withPostgres(async (server) => {
    for (const level of ["serializable", "repeatable read"]) {
      const database = level.replace(" ", "_");
      await server.query(`create database ${database}`);
      await server.query(
        `alter database ${database} set default_transaction_isolation = '${level}'`,
      );
      await withQuery(server, database, async (query) => {
        await migrate(query);
        for (const op of [acquire("a"), { op: "inspect", resource: "lock:x" } as const]) {
          const error = await batonErrorOf(postgres(query).apply([op]));
          assert(error instanceof ConnectionError && !error.retryable, `${error}`);
          assert.match(error.message, /nothing was written .*needs the isolation level read comm/);
        }
        assert.deepEqual(await query("select * from baton.leases", []), []);
      });
    }
    await withQuery(server, "postgres", async (query) => {
      await migrate(query);
      await query("set default_transaction_isolation = 'read uncommitted'", []);
      const error = await batonErrorOf(postgres(query).apply([acquire("a")]));
      assert.match(error.message, /isolation level/);
    });
  });
});

Deno.test("a database that takes no writes is a definite error, and still answers who holds", async () => {
  await withPostgres(async (server) => {
    await withQuery(server, "postgres", async (query) => {
      await migrate(query);
      const driver = postgres(query);
      await driver.apply([acquire("a")]);
      await query("set default_transaction_read_only = on", []);
      const error = await batonErrorOf(driver.apply([acquire("b", { resource: "lock:y" })]));
      assert(error instanceof ConnectionError && error.retryable, `${error}`);
      assert.match(error.message, /nothing was written \(SQLSTATE 25006/);
      const [outcome] = await driver.apply([{ op: "inspect", resource: "lock:x" }]);
      assert.equal(outcome?.leases[0]?.id, "a");
    });
  });
});

Deno.test("an acknowledged lease is on disk, even where commits are set up not to wait for it", async () => {
  await withPostgres(async (server) => {
    await withQuery(server, "postgres", async (query) => {
      await migrate(query);
      // How far the log had been written by when the row was: its commit comes after that.
      await query("create table seen (lsn pg_lsn)", []);
      await query(
        `create function see() returns trigger language plpgsql as $$ begin
        insert into seen values (pg_current_wal_insert_lsn()); return null; end $$`,
        [],
      );
      await query(
        `create trigger see after insert or update on baton.leases
        for each row execute function see()`,
        [],
      );
      await query("alter database postgres set synchronous_commit = off", []);
    });
    await withQuery(server, "postgres", async (query) => {
      const setting = async () => rowsOf(await query("show synchronous_commit", []))[0];
      assert.deepEqual({ ...await setting() }, { synchronous_commit: "off" });
      const driver = postgres(query);
      for (let i = 0; i < 5; i++) {
        for (
          const op of [
            acquire(`${i}`),
            { op: "renew", resource: "lock:x", seat: "", id: `${i}`, ttl: 60_000 },
            { op: "release", resource: "lock:x", seat: "", id: `${i}` },
          ] as const
        ) {
          const [outcome] = await driver.apply([op]);
          const [row] = rowsOf(
            await query("select pg_current_wal_flush_lsn() > max(lsn) as flushed from seen", []),
          );
          assert.deepEqual([outcome?.ok, row?.["flushed"]], [true, true], `${i} ${op.op}`);
        }
      }
      // For this request only: what else goes over the connection is as it was.
      assert.deepEqual({ ...await setting() }, { synchronous_commit: "off" });
    });
    // So that only a commit that waits has its part of the log on disk.
  }, { wal_writer_delay: "10s" });
});

Deno.test("a schema's name that is not plain is refused, and the options stay as they were", () => {
  const query: PostgresQuery = () => Promise.resolve([]);
  for (const schema of ["", "a b", "a;drop table x", 'a"b', "Baton", "1a", "a.b", "é", "a\n"]) {
    assert.throws(() => postgres(query, { schema }), InvalidArgument, schema);
  }
  assert.equal(postgres(query, Object.freeze({ schema: "x_1", name: undefined })).name, "postgres");
});

Deno.test("no lease lives longer than the time that a look says is left", async () => {
  await withPostgres(async (server) => {
    await withQuery(server, "postgres", async (query) => {
      await migrate(query);
      const driver = postgres(query);
      await driver.apply([acquire("a")]);
      // Milliseconds are rounded up, and a look takes less than one: a few of fifty show it.
      for (let look = 0; look < 50; look++) {
        const [found] = await driver.apply([{ op: "inspect", resource: "lock:x" }]);
        const [later] = rowsOf(
          await query(
            `select extract(epoch from expires - clock_timestamp())::float8 * 1000 as ms
            from baton.leases`,
            [],
          ),
        );
        assert(Number(found?.leases[0]?.left) >= Number(later?.["ms"]));
      }
    });
  });
});

/** The vendor's client on PGlite, where there is no PostgreSQL. */
import assert from "node:assert/strict";
import { neon } from "@neondatabase/serverless";
import { type NeonServer, serveNeon } from "./neon.ts";
import { openPglite } from "./pglite.ts";
import { clientOf, post } from "./with_neon.ts";

/** Shared, because PGlite takes seconds to start; each step has names of its own. */
Deno.test("the vendor's client works on PGlite", async (test) => {
  const { backend, login } = await openPglite();
  const server: NeonServer = await serveNeon(backend, login);
  const sql = clientOf(server);

  await test.step("types, parameters and full results", async () => {
    const [row] = await sql`SELECT ${1}::int AS i, ${"2"}::int8 AS l, ${true}::bool AS b,
      ${{ a: [1] }}::jsonb AS j, ${[1, 2]}::int[] AS a, ${null}::text AS n, ${"ü"}::text AS t`;
    assert.deepEqual(row, { i: 1, l: "2", b: true, j: { a: [1] }, a: [1, 2], n: null, t: "ü" });
    await sql`CREATE TABLE t (a int CONSTRAINT once UNIQUE)`;
    const { command, rowCount } = await sql.query("INSERT INTO t VALUES (1), (2)", [], {
      fullResults: true,
    });
    assert.deepEqual([command, rowCount], ["INSERT", 2]);
    const raw = await post(server, { query: "SELECT a FROM t", arrayMode: true });
    assert.deepEqual(JSON.parse(raw.text).rows, [["1"], ["2"]]);
  });

  await test.step("errors carry their fields, and the next query is not disturbed", async () => {
    await assert.rejects(sql`INSERT INTO t VALUES (1)`, {
      message: 'duplicate key value violates unique constraint "once"',
      code: "23505",
      constraint: "once",
      detail: "Key (a)=(1) already exists.",
    });
    await assert.rejects(sql.query("SELECT 1; SELECT 2"), { code: "42601" });
    await assert.rejects(sql.query("SELECT $1::int", ["x"]), { code: "22P02" });
    assert.deepEqual(await sql.query(""), []);
    assert.deepEqual(await sql`SELECT 1 AS one`, [{ one: 1 }]);
  });

  await test.step("a batch is a transaction, and requests at the same time take turns", async () => {
    const failing = sql.transaction([sql`INSERT INTO t VALUES (3)`, sql`INSERT INTO t VALUES (3)`]);
    await assert.rejects(failing, { code: "23505" });
    const isolation = sql`SHOW transaction_isolation`;
    const [[level]] = await sql.transaction([isolation], { isolationLevel: "Serializable" }) as [
      [unknown],
    ];
    assert.deepEqual(level, { transaction_isolation: "serializable" });
    await Promise.all(Array.from({ length: 20 }, () => {
      return sql.transaction([sql`UPDATE t SET a = a + 1 WHERE a >= 2`, sql`SELECT 1`]);
    }));
    assert.deepEqual(await sql`SELECT max(a), count(*)::int FROM t`, [{ max: 22, count: 2 }]);
  });

  await test.step("session state is gone, and a stranger is refused", async () => {
    await sql`SET search_path TO elsewhere`;
    await sql`SELECT pg_advisory_lock(1)`;
    const [state] = await sql`SELECT current_setting('search_path') AS path,
      (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory') AS locks`;
    assert.deepEqual(state, { path: "public", locks: 0 });
    const wrong = neon(server.connectionString.replace(/:[^:@]+@/, ":wrong@"));
    await assert.rejects(wrong`SELECT 1`, /password authentication failed for user 'postgres'/);
    await assert.rejects(neon(`${server.connectionString}x`)`SELECT 1`, { code: "3D000" });
  });

  await server.stop();
});

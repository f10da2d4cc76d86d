/** The vendor's own client, as it comes, cannot tell the front end from the service. */
import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { neon, neonConfig, NeonDbError } from "@neondatabase/serverless";
import { until } from "./process.ts";
import { clientOf, withNeon } from "./with_neon.ts";

Deno.test("parameters and results of each type come back", () =>
  withNeon(async ({ sql, server }) => {
    const date = new Date("2026-01-02T03:04:05.678Z");
    const [row] = await sql`SELECT ${1}::int AS int4, ${"9007199254740993"}::int8 AS int8,
      ${1.5}::float8 AS float8, ${"1.10"}::numeric AS numeric, ${true}::bool AS bool,
      ${"grüße 👋 '\\\n"}::text AS text, ${null}::text AS null, ${date}::timestamptz AS date,
      ${{ a: [1, null] }}::jsonb AS json, ${[1, 2]}::int[] AS array,
      ${Buffer.from([0, 255])}::bytea AS bytes, ${""}::text AS empty`;
    assert.deepEqual(row, {
      int4: 1,
      int8: "9007199254740993",
      float8: 1.5,
      numeric: "1.10",
      bool: true,
      text: "grüße 👋 '\\\n",
      null: null,
      date,
      json: { a: [1, null] },
      array: [1, 2],
      bytes: Buffer.from([0, 255]),
      empty: "",
    });
    assert.equal(server.requests, 1);
    assert.deepEqual(await sql`SELECT 1 AS a WHERE false`, []);
    assert.deepEqual(await sql.query(""), []);
  }));

Deno.test("array mode and full results, of a query and of a batch", () =>
  withNeon(async ({ sql }) => {
    const text = "SELECT 1 AS a, 'x' AS a UNION ALL SELECT 2, 'y'";
    assert.deepEqual(await sql.query(text, [], { arrayMode: true }), [[1, "x"], [2, "y"]]);
    const full = await sql.query(text, [], { fullResults: true });
    const { command, rowCount, rowAsArray } = full;
    assert.deepEqual({ command, rowCount, rowAsArray }, {
      command: "SELECT",
      rowCount: 2,
      rowAsArray: false,
    });
    assert.deepEqual(full.fields.map(({ name, dataTypeID }) => [name, dataTypeID]), [
      ["a", 23],
      ["a", 25],
    ]);
    const batch = await sql.transaction(
      [
        sql`CREATE TABLE t (a int)`,
        sql`INSERT INTO t VALUES (1), (2)`,
        sql`UPDATE t SET a = a + 1 RETURNING a`,
      ],
      { arrayMode: true, fullResults: true },
    );
    assert.deepEqual(
      batch.map((each) => [each.command, each.rowCount, each.rows]),
      [["CREATE", null, []], ["INSERT", 2, []], ["UPDATE", 2, [[2], [3]]]],
    );
  }));

Deno.test("a batch is one transaction, in one request, with the modes asked for", () =>
  withNeon(async ({ sql, server, postgres }) => {
    await postgres.query("CREATE TABLE t (a int PRIMARY KEY)");
    const before = server.requests;
    const modes = () => [
      sql`SELECT current_setting('transaction_isolation') || ' ' ||
        current_setting('transaction_read_only') || ' ' ||
        current_setting('transaction_deferrable') AS modes`,
      sql`SELECT txid_current() = txid_current_if_assigned() AS same`,
    ];
    const [[first], [second]] = await sql.transaction(modes()) as [[unknown], [unknown]];
    assert.deepEqual(first, { modes: "read committed off off" });
    assert.deepEqual(second, { same: true });
    assert.equal(server.requests, before + 1);
    for (
      const [isolationLevel, expected] of [
        ["Serializable", "serializable on on"],
        ["RepeatableRead", "repeatable read on on"],
        ["ReadCommitted", "read committed on on"],
        ["ReadUncommitted", "read uncommitted on on"],
      ] as const
    ) {
      const options = { isolationLevel, readOnly: true, deferrable: true };
      const [result] = await sql.transaction([modes()[0] ?? sql``], options);
      assert.deepEqual(result, [{ modes: expected }]);
    }
    await assert.rejects(sql.transaction([sql`INSERT INTO t VALUES (1)`], { readOnly: true }), {
      code: "25006",
    });
    const failing = [sql`INSERT INTO t VALUES (1)`, sql`INSERT INTO t VALUES (1)`];
    await assert.rejects(sql.transaction(failing), { code: "23505" });
    assert.deepEqual(await postgres.query("SELECT a FROM t"), []);
    await sql.transaction([sql`INSERT INTO t VALUES (1)`, sql`INSERT INTO t VALUES (2)`]);
    assert.equal((await postgres.query("SELECT a FROM t")).length, 2);
  }));

Deno.test("errors carry PostgreSQL's fields", () =>
  withNeon(async ({ sql, postgres }) => {
    await postgres.query("CREATE TABLE t (a int CONSTRAINT once UNIQUE, b int NOT NULL DEFAULT 0)");
    await sql`INSERT INTO t VALUES (1)`;
    const unique = await rejection(sql`INSERT INTO t VALUES (1)`);
    assert.match(unique.message, /^duplicate key value violates unique constraint "once"$/);
    const { code, severity, detail, schema, table, constraint } = unique;
    assert.deepEqual([code, severity, detail], ["23505", "ERROR", "Key (a)=(1) already exists."]);
    assert.deepEqual([schema, table, constraint], ["public", "t", "once"]);
    assert.equal((await rejection(sql`UPDATE t SET b = NULL`)).column, "b");
    const typo = await rejection(sql`SELECT t.aa FROM t`);
    assert.deepEqual([typo.code, typo.position], ["42703", "8"]);
    assert.match(typo.hint ?? "", /t\.a/);
    assert.equal((await rejection(sql.query("SELECT 1; SELECT 2"))).code, "42601");
    assert.equal((await rejection(sql.query("SELECT $1::int", ["x"]))).code, "22P02");
    assert.equal((await rejection(sql.query("SELECT $1::int", []))).code, "08P01");
  }));

Deno.test("a wrong password, a wrong database, and too much of either direction", () =>
  withNeon(async ({ sql, server, postgres }) => {
    await postgres.query("CREATE TABLE t (a text)");
    const wrong = neon(server.connectionString.replace(/:[^:@]+@/, ":wrong@"));
    const refused = await rejection(wrong`INSERT INTO t VALUES ('never')`);
    assert.equal(refused.message, "password authentication failed for user 'baton'");
    assert.equal(refused.code, undefined);
    const absent = await rejection(neon(`${server.connectionString}x`)`SELECT 1`);
    assert.deepEqual([absent.code, absent.severity], ["3D000", "FATAL"]);

    const mebibyte = "x".repeat(1024 * 1024);
    const large = await rejection(sql`INSERT INTO t VALUES (${mebibyte.repeat(10)})`);
    assert.match(large.message, /^Server error \(HTTP status 413\): .*max is 10485760 bytes/);
    assert.equal(large.code, undefined);
    assert.deepEqual(await postgres.query("SELECT a FROM t"), []);
    // The statement has been executed by the time its answer turns out to be too long.
    const many = sql`INSERT INTO t SELECT ${mebibyte} FROM generate_series(1, 12) RETURNING a`;
    assert.match((await rejection(many)).message, /^Server error \(HTTP status 507\): /);
    assert.deepEqual(await postgres.query("SELECT count(*)::int FROM t"), [{ count: 12 }]);
    const batch = sql.transaction([sql`DELETE FROM t RETURNING a`, sql`SELECT 1`]);
    assert.match((await rejection(batch)).message, /^Server error \(HTTP status 507\): /);
    assert.deepEqual(await postgres.query("SELECT count(*)::int FROM t"), [{ count: 12 }]);
  }));

Deno.test("a client that leaves does not stop its query", () =>
  withNeon(async ({ sql, postgres }) => {
    await postgres.query("CREATE TABLE t (a int); INSERT INTO t VALUES (0)");
    const client = await postgres.client();
    await client.query("BEGIN; SELECT a FROM t FOR UPDATE");
    const leaving = new AbortController();
    const left = rejection(
      sql.query("UPDATE t SET a = a + 1", [], { fetchOptions: { signal: leaving.signal } }),
    );
    await until("the query waits for the lock", async () => {
      const waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
      return (await postgres.query(waiting)).length === 1;
    });
    leaving.abort();
    assert.match((await left).message, /^Error connecting to database: /);
    await client.query("COMMIT");
    await until("the query ends", async () => {
      return (await postgres.query("SELECT a FROM t"))[0]?.["a"] === 1;
    });
  }));

Deno.test("only loopback hosts are pointed at a front end", () =>
  withNeon(({ server }) => {
    clientOf(server);
    const { fetchEndpoint } = neonConfig;
    assert.ok(typeof fetchEndpoint === "function");
    assert.equal(fetchEndpoint("127.0.0.1", 1234), "http://127.0.0.1:1234/sql");
    assert.equal(fetchEndpoint("localhost", "1234"), "http://127.0.0.1:1234/sql");
    const host = "ep-x-1.us-east-2.aws.neon.tech";
    assert.equal(fetchEndpoint(host, 5432), "https://api.us-east-2.aws.neon.tech/sql");
    assert.equal(
      fetchEndpoint(host, 5432, { jwtAuth: true }),
      "https://apiauth.us-east-2.aws.neon.tech/sql",
    );
    return Promise.resolve();
  }));

async function rejection(query: PromiseLike<unknown>): Promise<NeonDbError> {
  try {
    await query;
  } catch (error) {
    assert.ok(error instanceof NeonDbError);
    return error;
  }
  throw new Error("the query was answered");
}

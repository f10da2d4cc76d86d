/** Statuses, bodies and session state, with no client in between, and what faults and crashes do. */
import assert from "node:assert/strict";
import type { PostgresServer } from "./postgres.ts";
import { until } from "./process.ts";
import { post, withNeon } from "./with_neon.ts";

const NOTHING = {
  ...{ code: null, detail: null, hint: null, position: null, internalPosition: null },
  ...{ internalQuery: null, severity: null, where: null, table: null, column: null, schema: null },
  ...{ dataType: null, constraint: null, file: null, line: null, routine: null },
};

const LOST = { message: "connection closed", ...NOTHING };
const UNREACHABLE = { message: "Couldn't connect to compute node", ...NOTHING };

async function sleeping(postgres: PostgresServer, expected: number): Promise<void> {
  const query = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
  await until("they sleep", async () => (await postgres.query(query)).length === expected);
}

Deno.test("one query, and a batch", () =>
  withNeon(async ({ server }) => {
    const query = { query: "SELECT $1::int4 AS a, true AS b, NULL AS c", params: ["7"] };
    const type = { tableID: 0, columnID: 0, dataTypeModifier: -1, format: "text" };
    const answer = {
      fields: [
        { name: "a", dataTypeID: 23, dataTypeSize: 4, ...type },
        { name: "b", dataTypeID: 16, dataTypeSize: 1, ...type },
        { name: "c", dataTypeID: 25, dataTypeSize: -1, ...type },
      ],
      rows: [{ a: "7", b: "t", c: null }],
      command: "SELECT",
      rowCount: 1,
      rowAsArray: false,
    };
    const single = await post(server, query);
    assert.equal(single.status, 200);
    assert.deepEqual(JSON.parse(single.text), answer);
    assert.equal(single.headers.get("content-type"), "application/json");
    assert.match(single.headers.get("neon-request-id") ?? "", /^[0-9a-f-]{36}$/);
    const batch = await post(server, { queries: [query, { ...query, arrayMode: true }] }, {
      "neon-batch-isolation-level": "Serializable",
      "neon-batch-read-only": "true",
      "neon-batch-deferrable": "false",
    });
    const arrays = { ...answer, rows: [["7", "t", null]], rowAsArray: true };
    assert.deepEqual(JSON.parse(batch.text), { results: [answer, arrays] });
    assert.equal(batch.headers.get("neon-batch-isolation-level"), "Serializable");
    assert.equal(batch.headers.get("neon-batch-read-only"), "true");
    assert.equal(batch.headers.get("neon-batch-deferrable"), null);
    const empty = await post(server, { queries: [] });
    assert.deepEqual([empty.status, empty.text], [200, '{"results":[]}']);
  }));

Deno.test("array mode by header, values of JSON's own types, and parameters of any", () =>
  withNeon(async ({ server }) => {
    const texts = "SELECT $1::text, $2::text, $3::text, $4::text, $5::text, $6::text";
    const params = [1.5, true, null, { a: 1 }, [1, null, "a b", [{ b: 2 }]], "x"];
    const text = await post(server, { query: texts, params }, { "neon-array-mode": "true" });
    assert.deepEqual(JSON.parse(text.text).rows, [
      ["1.5", "true", null, '{"a":1}', '{1,NULL,"a b",{"{\\"b\\":2}"}}', "x"],
    ]);
    const query = `SELECT 1 AS i, 1.5::float8 AS f, 'NaN'::float8 AS n, true AS b, '{"a":1}'::json
      AS j, 1::int8 AS l, 'x' AS t`;
    const parsed = await post(server, { query }, { "neon-raw-text-output": "false" });
    assert.deepEqual(JSON.parse(parsed.text).rows, [
      { i: 1, f: 1.5, n: "NaN", b: true, j: { a: 1 }, l: "1", t: "x" },
    ]);
  }));

Deno.test("requests the proxy refuses by itself", () =>
  withNeon(async ({ server }) => {
    const { host } = new URL(server.url);
    const strings = [
      ["http://u:p@h/d", "incorrect scheme"],
      ["nonsense", "invalid connection string: not a URL"],
      [`postgresql://u:p@${host}`, "missing database name"],
      [`postgresql://${host}/d`, "missing username"],
      [`postgresql://u@${host}/d`, "missing authentication credentials: required password"],
    ] as const;
    for (const [string, message] of strings) {
      const reply = await post(server, { query: "SELECT 1" }, { "neon-connection-string": string });
      assert.equal(reply.status, 400);
      assert.deepEqual(JSON.parse(reply.text), { message, ...NOTHING });
    }
    const without = await fetch(server.endpoint, { method: "POST", body: "{}" });
    assert.equal(without.status, 400);
    assert.equal((await without.json()).message, "invalid header: neon-connection-string");
    for (
      const body of ["{", "[]", "1", '{"query":1}', '{"query":"","params":1}', '{"queries":[1]}']
    ) {
      const reply = await post(server, body);
      assert.equal(reply.status, 400, body);
      assert.match(JSON.parse(reply.text).message, /^could not parse the HTTP request body: /);
    }
    const level = { "neon-batch-isolation-level": "serializable" };
    const wrong = await post(server, { query: "SELECT 1" }, level);
    assert.equal(JSON.parse(wrong.text).message, "invalid isolation level");
    for (const [method, path] of [["GET", "/sql"], ["POST", "/"], ["POST", "/sql/x"]] as const) {
      const reply = await fetch(server.url + path, { method });
      assert.deepEqual([reply.status, await reply.text()], [400, '"query is not supported"']);
    }
  }));

Deno.test("no session state survives a request, and a transaction's lock ends with its batch", () =>
  withNeon(async ({ sql, server, postgres }) => {
    await sql`CREATE SEQUENCE s`;
    const pids = new Set<unknown>();
    // Of many requests some get a connection that another one has left its traces on.
    for (let round = 0; round < 20; round++) {
      const [{ pid, path, locks } = {}] = await sql`SELECT pg_backend_pid() AS pid,
        current_setting('search_path') AS path,
        (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory') AS locks`;
      pids.add(pid);
      assert.deepEqual({ path, locks }, { path: '"$user", public', locks: 0 });
      await assert.rejects(sql`SELECT currval('s')`, { code: "55000" });
      await sql`CREATE TEMPORARY TABLE temporary (a int)`;
      const left = [sql`SET search_path TO elsewhere`, sql`SELECT pg_advisory_lock(1)`];
      await sql.transaction([...left, sql`SELECT nextval('public.s')`]);
      await until("the lock is gone", async () => {
        return (await postgres.query("SELECT pg_try_advisory_xact_lock(1) AS free"))[0]
          ?.["free"] ===
          true;
      });
    }
    assert.ok(pids.size < 20);
    const [[held], [got]] = await sql.transaction([
      sql`SELECT pg_try_advisory_xact_lock(2) AS got`,
      sql`SELECT count(*)::int AS held FROM pg_locks WHERE locktype = 'advisory'`,
    ]) as [[unknown], [unknown]];
    assert.deepEqual([held, got], [{ got: true }, { held: 1 }]);
    const again = await post(server, { query: "SELECT pg_try_advisory_xact_lock(2) AS got" });
    assert.deepEqual(JSON.parse(again.text).rows, [{ got: "t" }]);
  }));

Deno.test("many requests at once, more of them than connections", () =>
  withNeon(async ({ sql, postgres }) => {
    await postgres.query("CREATE TABLE t (a int); INSERT INTO t VALUES (0)");
    const holder = await postgres.client();
    await holder.query("BEGIN; LOCK TABLE t");
    const requests = Array.from({ length: 100 }, () => sql`UPDATE t SET a = a + 1`);
    const all = Promise.all(requests);
    await until("40 of them wait at once", async () => {
      const waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
      return (await postgres.query(waiting)).length >= 40;
    });
    await holder.query("COMMIT");
    await all;
    assert.deepEqual(await postgres.query("SELECT a FROM t"), [{ a: 100 }]);
  }));

Deno.test("faults: what was executed, and what the client is told", () =>
  withNeon(async ({ sql, server, postgres }) => {
    await postgres.query("CREATE SEQUENCE s");
    const next = () => sql`SELECT nextval('s')`.then(([row]) => row?.["nextval"]);
    // First, over new connections: over one already used Deno's fetch by itself sends once more.
    server.faults.next("drop-request", "drop-reply");
    for (const _ of [1, 2]) await assert.rejects(next(), /Error connecting to database/);
    assert.equal(await next(), "2");
    server.faults.next("truncate", { status: 503, body: "busy" }, {
      statusAfter: 502,
      body: "late",
    });
    await assert.rejects(next(), SyntaxError);
    await assert.rejects(next(), /Server error \(HTTP status 503\): busy/);
    await assert.rejects(next(), /Server error \(HTTP status 502\): late/);
    assert.equal(await next(), "5");
    server.faults.next("duplicate");
    assert.equal(await next(), "7");
    assert.deepEqual(server.faults.seen.map(({ executed }) => executed), [0, 1, 1, 1, 0, 1, 1, 2]);
    assert.equal(server.requests, 8);
  }));

Deno.test("a crash during a query is told with no code, and afterwards all is well again", () =>
  withNeon(async ({ sql, server, postgres }) => {
    await postgres.query("CREATE TABLE t (a int)");
    const query = "SELECT pg_sleep(60)";
    const single = post(server, { query });
    const batch = post(server, { queries: [{ query: "INSERT INTO t VALUES (1)" }, { query }] });
    const vendors = assert.rejects(sql.query(query), {
      message: "connection closed",
      code: undefined,
    });
    await sleeping(postgres, 3);
    await postgres.kill();
    for (const { status, text } of await Promise.all([single, batch])) {
      assert.deepEqual([status, JSON.parse(text)], [400, LOST]);
    }
    await vendors;
    const down = await post(server, { query: "SELECT 1" });
    assert.deepEqual([down.status, JSON.parse(down.text)], [500, UNREACHABLE]);
    await postgres.restart();
    assert.deepEqual(await sql`SELECT a FROM t`, []);
  }));

Deno.test("a connection that PostgreSQL ends is told with its code, and replaced", () =>
  withNeon(async ({ sql, postgres }) => {
    const ended = assert.rejects(sql`SELECT pg_sleep(60)`, { code: "57P01", severity: "FATAL" });
    await sleeping(postgres, 1);
    const others = "FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <>";
    await postgres.query(`SELECT pg_terminate_backend(pid) ${others} pg_backend_pid()`);
    await ended;
    assert.deepEqual(await sql`SELECT 1 AS one`, [{ one: 1 }]);
    await postgres.restart();
    assert.deepEqual(await sql`SELECT 1 AS one`, [{ one: 1 }]);
  }));

Deno.test("a front end whose PostgreSQL is frozen can be stopped", () =>
  withNeon(async ({ sql, server, postgres }) => {
    await sql`SELECT 1`;
    postgres.pause();
    const requests = [sql`SELECT 2`, sql`SELECT 3`, sql`SELECT 4`].map((query) => {
      return assert.rejects(query, /Error connecting to database/);
    });
    await until("they have arrived", () => server.requests === 4);
    await server.stop();
    await Promise.all(requests);
  }));

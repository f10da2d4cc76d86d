/** What the vendor's client does not show of the PlanetScale front end. */
import assert from "node:assert/strict";
import { connect, DatabaseError, UnknownError } from "@planetscale/database";
import type { MysqlKind } from "./mysql.ts";
import { until } from "./process.ts";
import { raw, withPlanetscale } from "./with_planetscale.ts";

const KINDS: readonly MysqlKind[] = ["mysql", "mariadb"];
const UNAUTHENTICATED = {
  error: { code: "unauthenticated", message: "invalid auth credentials" },
};

Deno.test("only the right user and password get in, each of them decoded", () =>
  withPlanetscale("mariadb", async ({ server, mysql }) => {
    const { username, password, databaseUrl } = server;
    const pairs = [["", ""], [username, ""], [username, encodeURIComponent(password)], [
      "x",
      password,
    ]];
    for (const pair of pairs) {
      const authorization = `Basic ${btoa(pair.join(":"))}`;
      const { status, text } = await raw(server, "Execute", { query: "CREATE TABLE t (id INT)" }, {
        headers: { authorization },
      });
      assert.deepEqual([status, JSON.parse(text)], [401, UNAUTHENTICATED]);
    }
    assert.deepEqual(await mysql.query("SHOW TABLES"), []);
    assert.equal(decodeURIComponent(new URL(databaseUrl).password), password);
    assert.equal((await raw(server, "Execute", { query: "SELECT 1" })).status, 200);
    // The vendor's client does not decode what it finds in a URL.
    const failing = connect({ url: databaseUrl }).execute("SELECT 1");
    await assert.rejects(
      failing,
      new DatabaseError("invalid auth credentials", 401, {
        code: "unauthenticated",
        message: "invalid auth credentials",
      }),
    );
  }, { password: "p@ss/w:rd%1" }));

Deno.test("other calls, methods, bodies and sessions are refused", () =>
  withPlanetscale("mariadb", async ({ server }) => {
    const { session } = JSON.parse((await raw(server, "CreateSession", {})).text);
    assert.equal((await raw(server, "Execute", { query: "SELECT 1", session })).status, 200);
    session.vitessSession.autocommit = false;
    const bodies = [{ query: "SELECT 1", session }, { query: 1 }, {}, null];
    for (const body of bodies) assert.equal((await raw(server, "Execute", body)).status, 400);
    const broken = await raw(server, "Execute", undefined, { body: "{" });
    assert.equal(broken.status, 400);
    assert.equal((await raw(server, "Prepare", {})).status, 404);
    assert.equal((await raw(server, "Execute", undefined, { method: "PUT" })).status, 405);
  }));

for (const kind of KINDS) {
  Deno.test(`${kind}: what Vitess does not take is refused, and nothing of it runs`, () =>
    withPlanetscale(kind, async ({ server, mysql }) => {
      await mysql.query("CREATE TABLE t (id INT PRIMARY KEY, value INT)");
      const statements: readonly (readonly [sql: string, message: string])[] = [
        [
          "INSERT INTO t VALUES (1, 1) RETURNING id",
          "syntax error at position 38 near 'RETURNING'",
        ],
        [
          "INSERT INTO t VALUES (1, 1) AS new ON DUPLICATE KEY UPDATE value = new.value",
          "syntax error at position 31 near 'AS'",
        ],
        ["INSERT INTO t VALUES (1, 1); SELECT 1", "syntax error at position 36 near 'SELECT'"],
        ["SELECT @a := 1", "syntax error at position 13 near ':='"],
        ["SELECT GET_LOCK('a', 1)", "VT12001: unsupported: get_lock()"],
        ["CALL anything()", "VT12001: unsupported: CALL"],
        ["SET autocommit = 0", "VT12001: unsupported: SET"],
        ["CREATE TRIGGER x BEFORE INSERT ON t", "VT12001: unsupported: CREATE TRIGGER"],
        ["-- nothing", "query was empty"],
      ];
      for (const [query, message] of statements) {
        const { status, text } = await raw(server, "Execute", { query });
        assert.equal(status, 200);
        assert.deepEqual(JSON.parse(text).error, { code: "UNKNOWN", message }, query);
      }
      assert.deepEqual(await mysql.query("SELECT id FROM t"), []);
      const fine = [
        "SELECT 'a := 1; RETURNING', \"GET_LOCK(\", 1 AS `call` -- ; CALL",
        "INSERT INTO t (id, value) VALUES (1, LAST_INSERT_ID()); ",
        "INSERT INTO t SELECT COUNT(*) + 1 AS n, (SELECT 1) AS m FROM t",
      ];
      for (const query of fine) {
        const { text } = await raw(server, "Execute", { query });
        assert.equal(JSON.parse(text).error, undefined, text);
      }
    }));

  Deno.test(`${kind}: too many rows are none`, () =>
    withPlanetscale(kind, async ({ client, mysql }) => {
      await mysql.query("CREATE TABLE t (id INT)");
      const ten = Array.from({ length: 10 }, (_, id) => `(${id})`).join(", ");
      await mysql.query(`INSERT INTO t VALUES ${ten}`);
      const all = (tables: number) =>
        `SELECT a.id FROM t a${Array.from({ length: tables - 1 }, (_, n) => `, t t${n}`).join("")}`;
      assert.equal((await client.execute(all(5))).size, 100_000);
      const more = client.execute(`${all(5)} UNION ALL SELECT 1`);
      await assert.rejects(more, /Row count exceeded 100000 \(errno 10001\)/);
    }));

  Deno.test(`${kind}: faults decide about execution and answer`, () =>
    withPlanetscale(kind, async ({ client, server, mysql }) => {
      await mysql.query("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT)");
      const insert = () => client.execute("INSERT INTO t VALUES (NULL)");
      const count = async () => (await mysql.query("SELECT id FROM t")).length;
      // First, over new connections: over one already used Deno's fetch by itself sends once more.
      server.faults.next("drop-request", "drop-reply", "pass", "truncate");
      await assert.rejects(insert(), TypeError);
      assert.equal(await count(), 0);
      await assert.rejects(insert(), TypeError);
      assert.equal(await count(), 1);
      assert.equal((await insert()).insertId, "2");
      await assert.rejects(insert(), SyntaxError);
      assert.equal(await count(), 3);
      server.faults.next({ status: 503, body: "<html>" }, { statusAfter: 502, body: "" });
      await assert.rejects(insert(), (error) => error instanceof UnknownError);
      assert.equal(await count(), 3);
      await assert.rejects(insert(), (error) => error instanceof UnknownError);
      assert.equal(await count(), 4);
      server.faults.next("duplicate");
      assert.equal((await insert()).insertId, "6");
      assert.deepEqual(server.faults.seen.map((record) => record.executed), [0, 1, 1, 1, 0, 1, 2]);
    }));
}

Deno.test("a client that leaves does not stop its statement", () =>
  withPlanetscale("mysql", async ({ server, mysql, client }) => {
    await mysql.query("CREATE TABLE t (id INT PRIMARY KEY)");
    await mysql.query("INSERT INTO t VALUES (1)");
    const holder = client.connection();
    await holder.execute("BEGIN");
    await holder.execute("SELECT id FROM t FOR UPDATE");
    const leaving = new AbortController();
    const before = server.requests;
    const left = raw(server, "Execute", { query: "UPDATE t SET id = 2" }, {
      signal: leaving.signal,
    });
    await until("it has arrived", () => server.requests > before);
    leaving.abort();
    await assert.rejects(left, { name: "AbortError" });
    await holder.execute("COMMIT");
    const changed = async () => (await mysql.query("SELECT id FROM t WHERE id = 2")).length === 1;
    await until("it has been executed", changed);
  }));

Deno.test("stop ends even when the server does not answer", () =>
  withPlanetscale("mysql", async ({ server, mysql, client }) => {
    await client.execute("SELECT 1");
    mysql.pause();
    const hanging = client.execute("SELECT 1");
    const refused = assert.rejects(hanging, TypeError);
    await until("it has arrived", () => server.requests === 2);
    await server.stop();
    await refused;
  }));

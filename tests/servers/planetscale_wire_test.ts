/** The vendor's own client, as it comes, cannot tell the front end from the service. */
import assert from "node:assert/strict";
import { type Client, connect, DatabaseError } from "@planetscale/database";
import type { MysqlKind } from "./mysql.ts";
import { until } from "./process.ts";
import { startPlanetscale } from "./planetscale.ts";
import { withPlanetscale } from "./with_planetscale.ts";

const KINDS: readonly MysqlKind[] = ["mysql", "mariadb"];

/** The error a promise ends with. */
async function errorOf(promise: Promise<unknown>): Promise<DatabaseError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof DatabaseError);
    return error;
  }
  assert.fail("it succeeded");
}

async function one(client: Pick<Client, "execute">, sql: string): Promise<unknown> {
  const { rows } = await client.execute(sql, null, { as: "array" });
  return (rows as unknown[][])[0]?.[0];
}

for (const kind of KINDS) {
  Deno.test(`${kind}: types, NULLs and bytes come back`, () =>
    withPlanetscale(kind, async ({ client, mysql }) => {
      const columns = [
        ["tiny TINYINT", -7, "INT8", -7],
        ["small SMALLINT", 300, "INT16", 300],
        ["middle MEDIUMINT", 70_000, "INT24", 70_000],
        ["whole INT UNSIGNED", 4_000_000_000, "UINT32", 4_000_000_000],
        ["big BIGINT", "-9007199254740993", "INT64", "-9007199254740993"],
        ["huge BIGINT UNSIGNED", "18446744073709551615", "UINT64", "18446744073709551615"],
        ["exact DECIMAL(5,2)", "1.50", "DECIMAL", "1.50"],
        ["near DOUBLE", 0.25, "FLOAT64", 0.25],
        ["at DATETIME(6)", "2024-02-29 12:34:56.000001", "DATETIME", "2024-02-29 12:34:56.000001"],
        ["text VARCHAR(50)", `'"\\%_\n\0 grüße 👋`, "VARCHAR", `'"\\%_\n\0 grüße 👋`],
        ["blank VARCHAR(50)", "", "VARCHAR", ""],
        ["long_text TEXT", "ü".repeat(9_999), "TEXT", "ü".repeat(9_999)],
        ["bytes VARBINARY(9)", "a\u007f", "VARBINARY", new Uint8Array([97, 127])],
        ["blob_bytes BLOB", "b", "BLOB", new Uint8Array([98])],
        ["absent INT", null, "INT32", null],
      ] as const;
      const names = columns.map(([definition]) => definition.split(" ")[0]);
      const definitions = columns.map(([definition]) => definition).join(", ");
      await mysql.query(`CREATE TABLE t (${definitions}) DEFAULT CHARSET utf8mb4`);
      const marks = columns.map(() => "?").join(", ");
      await client.execute(`INSERT INTO t VALUES (${marks})`, columns.map(([, value]) => value));
      const { types, rows } = await client.execute("SELECT *, NULL AS nothing FROM t");
      for (const [index, [, , type, value]] of columns.entries()) {
        const name = names[index] ?? "";
        assert.equal(types[name], type, name);
        assert.deepEqual((rows as Record<string, unknown>[])[0]?.[name], value, name);
      }
      assert.equal(types["nothing"], "NULL");
      const [direct] = await mysql.query("SELECT text, bytes FROM t");
      assert.equal(direct?.["text"], `'"\\%_\n\0 grüße 👋`);
      const binary = await one(client, "SELECT CAST(x'00ff80' AS BINARY)");
      assert.deepEqual(binary, new Uint8Array([0, 255, 128]));
      const { rows: none } = await client.execute("SELECT tiny FROM t WHERE tiny = 1");
      assert.deepEqual(none, []);
      assert.equal(await one(client, "SELECT @@session.time_zone"), "+00:00");
    }));

  Deno.test(`${kind}: a field is described as the service does`, () =>
    withPlanetscale(kind, async ({ client, mysql }) => {
      await mysql.query("CREATE TABLE test (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY)");
      const { fields } = await client.execute("SELECT id AS called FROM test");
      assert.deepEqual(fields, [{
        name: "called",
        type: "INT64",
        table: "test",
        orgTable: "test",
        database: mysql.database,
        orgName: "id",
        columnLength: 20,
        charset: 63,
        flags: 49_667,
      }]);
    }));

  Deno.test(`${kind}: a value through LAST_INSERT_ID(expr)`, () =>
    withPlanetscale(kind, async ({ client, mysql }) => {
      await mysql.query("CREATE TABLE t (name VARBINARY(9) PRIMARY KEY, token BIGINT UNSIGNED)");
      const upsert = `INSERT INTO t VALUES ('a', LAST_INSERT_ID(5)) ON DUPLICATE KEY UPDATE
        token = LAST_INSERT_ID(token * 2 + 1)`;
      assert.equal((await client.execute(upsert)).insertId, "5");
      assert.equal((await client.execute(upsert)).insertId, "11");
      const huge = "18446744073709551614";
      const update = await client.execute(`UPDATE t SET token = LAST_INSERT_ID(${huge})`);
      assert.deepEqual([update.insertId, update.rowsAffected], [huge, 1]);
      const connection = client.connection();
      await connection.execute(upsert.replace("token * 2", "6 * 2"));
      assert.equal(await one(connection, "SELECT LAST_INSERT_ID()"), kind === "mysql" ? "13" : 13);
    }));

  Deno.test(`${kind}: rows are affected when found, unless that is switched off`, () =>
    withPlanetscale(kind, async ({ client, mysql }) => {
      const off = await startPlanetscale(mysql, { foundRows: false });
      const changed = connect({ url: off.databaseUrl });
      await mysql.query("CREATE TABLE t (id INT PRIMARY KEY, value INT)");
      const affected = async (sql: string) => (await client.execute(sql)).rowsAffected;
      const upsert = "INSERT INTO t VALUES (1, 1) ON DUPLICATE KEY UPDATE value = ";
      assert.equal(await affected(upsert + 1), 1);
      assert.equal(await affected(upsert + 1), 1);
      assert.equal((await changed.execute(upsert + 1)).rowsAffected, 0);
      assert.equal(await affected(upsert + 2), 2);
      assert.equal((await changed.execute(upsert + 3)).rowsAffected, 2);
      assert.equal(await affected("UPDATE t SET value = 3"), 1);
      assert.equal((await changed.execute("UPDATE t SET value = 3")).rowsAffected, 0);
      assert.equal(await affected("UPDATE t SET value = 4"), 1);
      assert.equal(await affected("UPDATE t SET value = 4 WHERE id = 2"), 0);
      assert.equal(await affected("DELETE FROM t"), 1);
      await off.stop();
    }));

  Deno.test(`${kind}: errors carry what is known, and the statement`, () =>
    withPlanetscale(kind, async ({ client, mysql, server }) => {
      await mysql.query("CREATE TABLE t (id VARBINARY(9) PRIMARY KEY)");
      const insert = "INSERT INTO t VALUES ('secret')";
      await client.execute(insert);
      const duplicate = await errorOf(client.execute(insert));
      assert.equal(duplicate.status, 400);
      assert.equal(duplicate.body.code, "UNKNOWN");
      assert.equal(duplicate.body.message, duplicate.message);
      const key = kind === "mysql" ? "t.PRIMARY" : "PRIMARY";
      assert.equal(
        duplicate.message,
        `target: baton.-.primary: vttablet: rpc error: code = AlreadyExists desc = Duplicate entry 'secret' for key '${key}' (errno 1062) (sqlstate 23000) (CallerID: ${server.username}): Sql: "INSERT INTO t VALUES (:vtg1)", BindVars: {vtg1: "type:VARCHAR value:\\"secret\\""}`,
      );
      const missing = await errorOf(client.execute("SELECT 1 FROM absent"));
      assert.match(missing.message, /code = NotFound desc = Table 'baton\.absent' doesn't exist/);
      assert.match(missing.message, /\(errno 1146\) \(sqlstate 42S02\)/);

      const coded = await startPlanetscale(mysql, { errorCodes: true });
      const other = connect({ url: coded.databaseUrl });
      assert.equal((await errorOf(other.execute(insert))).body.code, "ALREADY_EXISTS");
      await coded.stop();
    }));

  Deno.test(`${kind}: one of two that wait for each other is told so`, () =>
    withPlanetscale(kind, async ({ client, mysql }) => {
      await mysql.query("CREATE TABLE t (id INT PRIMARY KEY, value INT)");
      await mysql.query("INSERT INTO t VALUES (1, 0), (2, 0)");
      const [left, right] = [client.connection(), client.connection()];
      await Promise.all([left.execute("BEGIN"), right.execute("BEGIN")]);
      const update = "UPDATE t SET value = value + 1 WHERE id = ";
      await Promise.all([left.execute(update + 1), right.execute(update + 2)]);
      const crossed = await Promise.allSettled([
        left.execute(update + 2),
        right.execute(update + 1),
      ]);
      const failed = crossed.filter((each) => each.status === "rejected");
      assert.equal(failed.length, 1);
      const { message } = failed[0]?.reason as DatabaseError;
      assert.match(
        message,
        /code = Aborted desc = Deadlock found .* \(errno 1213\) \(sqlstate 40001\)/,
      );
      await Promise.all([left.execute("COMMIT"), right.execute("COMMIT")]);
      assert.deepEqual(await mysql.query("SELECT value FROM t"), [{ value: 1 }, { value: 1 }]);
    }));

  Deno.test(`${kind}: transactions happen as a whole or not at all`, () =>
    withPlanetscale(kind, async ({ client, mysql, server }) => {
      await mysql.query("CREATE TABLE t (id INT PRIMARY KEY)");
      const count = async () => (await mysql.query("SELECT id FROM t")).length;
      const before = server.requests;
      await client.transaction(async (tx) => {
        await tx.execute("INSERT INTO t VALUES (1)");
        assert.equal(await count(), 0);
      });
      assert.equal(server.requests, before + 3);
      assert.equal(await count(), 1);
      const failing = client.transaction(async (tx) => {
        await tx.execute("INSERT INTO t VALUES (2)");
        await tx.execute("INSERT INTO t VALUES (1)");
      });
      assert.match((await errorOf(failing)).message, /errno 1062/);
      assert.equal(await count(), 1);
      const connection = client.connection();
      await connection.refresh();
      await connection.execute("BEGIN");
      await connection.execute("INSERT INTO t VALUES (3)");
      await connection.execute("BEGIN"); // Commits what came before.
      assert.equal(await count(), 2);
      await connection.execute("ROLLBACK");
    }));

  Deno.test(`${kind}: what was open when the server died is gone, and later requests go on`, () =>
    withPlanetscale(kind, async ({ client, mysql, server }) => {
      await mysql.query("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, value INT)");
      await client.execute("INSERT INTO t (value) VALUES (1)");
      const connection = client.connection();
      await connection.execute("BEGIN");
      const before = server.requests;
      mysql.pause();
      const cut = errorOf(client.execute("INSERT INTO t (value) VALUES (2)"));
      const within = errorOf(connection.execute("INSERT INTO t (value) VALUES (3)"));
      await until("both have arrived", () => server.requests === before + 2);
      await mysql.kill();
      assert.match((await cut).message, /code = Unavailable desc = .* \(errno 20(02|13)\)/);
      assert.match((await within).message, /\(errno 2013\) \(sqlstate HY000\)/);
      const down = await errorOf(client.execute("SELECT 1"));
      assert.match(down.message, /\(errno 2002\) \(sqlstate HY000\)/);
      await mysql.restart();
      const gone = await errorOf(connection.execute("SELECT 1"));
      assert.match(gone.message, /code = Aborted desc = transaction \d+: not found/);
      await connection.execute("ROLLBACK");
      assert.equal((await connection.execute("SELECT id FROM t")).size, 1);
      await client.execute("INSERT INTO t (value) VALUES (4)");
      assert.equal((await mysql.query("SELECT id FROM t")).length, 2);
    }));

  Deno.test(`${kind}: many requests are executed at the same time`, () =>
    withPlanetscale(kind, async ({ client, mysql }) => {
      await mysql.query("CREATE TABLE t (id INT PRIMARY KEY, value INT)");
      await mysql.query("INSERT INTO t VALUES (1, 0)");
      // Nobody gets past the row until the transaction ends: so all of them are inside at once.
      const holder = client.connection();
      await holder.execute("BEGIN");
      await holder.execute("SELECT value FROM t FOR UPDATE");
      const many = Array.from(
        { length: 60 },
        () => client.execute("UPDATE t SET value = value + 1"),
      );
      const waiting = `SELECT COUNT(*) AS n FROM information_schema.processlist
        WHERE info LIKE 'UPDATE t%'`;
      await until("all wait", async () => {
        const [row] = await mysql.query(waiting);
        return row?.["n"] === many.length;
      });
      await holder.execute("COMMIT");
      await Promise.all(many);
      assert.equal(await one(client, "SELECT value FROM t"), many.length);
    }));
}

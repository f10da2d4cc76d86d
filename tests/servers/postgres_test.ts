import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { connectTo, DatabaseError, loginOf } from "./pg_client.ts";
import { type PostgresServer, startPostgres } from "./postgres.ts";
import { until } from "./process.ts";
import { familyOf } from "./process_family.ts";

interface Place {
  readonly data: string;
  readonly mark: string;
}

async function placeOf(postgres: Pick<PostgresServer, "query">): Promise<Place> {
  const [place] = await postgres.query(
    `SELECT current_setting('data_directory') AS data, current_setting('cluster_name') AS mark`,
  );
  return place as unknown as Place;
}

Deno.test("a started PostgreSQL answers, and stop leaves neither process nor folder", async () => {
  const postgres = await startPostgres({ settings: { work_mem: "5MB" } });
  const settings = ["fsync", "synchronous_commit", "server_encoding", "lc_collate", "work_mem"];
  const values = settings.map((name) => `current_setting('${name}')`).join(" || ' ' || ");
  assert.deepEqual(await postgres.query(`SELECT ${values} AS all`), [{ all: "on on UTF8 C 5MB" }]);
  assert.deepEqual(await postgres.query("SELECT $1::int + 1 AS sum", [1]), [{ sum: 2 }]);
  const several = "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2); SELECT a FROM t";
  assert.deepEqual(await postgres.query(several), [{ a: 1 }, { a: 2 }]);
  const { data, mark } = await placeOf(postgres);
  const family = familyOf(mark);
  assert.ok(existsSync(data) && family.includes(postgres.pid) && family.length > 1);
  await postgres.client();
  await postgres.stop();
  assert.ok(!existsSync(dirname(data)));
  assert.deepEqual(familyOf(mark), []);
});

Deno.test("the connection string lets in, and a wrong password does not", async () => {
  const postgres = await startPostgres();
  const login = loginOf(postgres.url);
  assert.deepEqual(login, postgres.login);
  await (await connectTo(postgres.port, login)).close();
  for (const wrong of [{ password: "wrong" }, { user: "nobody" }]) {
    await assert.rejects(connectTo(postgres.port, { ...login, ...wrong }), { code: "28P01" });
  }
  await assert.rejects(connectTo(postgres.port, { ...login, database: "no" }), { code: "3D000" });
  await postgres.stop();
});

Deno.test("a crash loses what was not committed, and only that", async () => {
  const postgres = await startPostgres();
  await postgres.query("CREATE TABLE t (a text)");
  await postgres.query("INSERT INTO t VALUES ($1)", ["committed"]);
  const client = await postgres.client();
  await client.query("BEGIN; INSERT INTO t VALUES ('open')");
  const { mark } = await placeOf(postgres);
  const { pid, port } = postgres;
  const lost = assert.rejects(client.query("SELECT pg_sleep(60)"), (error) => {
    return !(error instanceof DatabaseError);
  });
  await postgres.kill();
  await lost;
  assert.deepEqual(familyOf(mark), []);
  await assert.rejects(postgres.query("SELECT 1"), { code: "ECONNREFUSED" });
  await postgres.restart();
  assert.equal(postgres.port, port);
  assert.notEqual(postgres.pid, pid);
  assert.deepEqual(await postgres.query("SELECT a FROM t"), [{ a: "committed" }]);
  await postgres.restart();
  assert.deepEqual(await postgres.query("SELECT a FROM t"), [{ a: "committed" }]);
  await postgres.stop();
});

Deno.test("a paused PostgreSQL answers nothing until it is resumed, and can be stopped", async () => {
  const postgres = await startPostgres();
  await postgres.query("CREATE SEQUENCE s");
  const client = await postgres.client();
  postgres.pause();
  let answered = false;
  const late = Promise.all([client.query("SELECT nextval('s')"), postgres.client()]).then(() => {
    answered = true;
  });
  // Another server's answers show that there was time for one.
  const other = await startPostgres();
  assert.equal(answered, false);
  postgres.resume();
  await late;
  assert.deepEqual(await postgres.query("SELECT nextval('s')"), [{ nextval: "2" }]);
  for (const server of [postgres, other]) {
    server.pause();
    await server.stop();
  }
});

Deno.test("a paused PostgreSQL can be killed and restarted", async () => {
  const postgres = await startPostgres();
  await postgres.client();
  postgres.pause();
  await postgres.kill();
  await postgres.restart();
  assert.deepEqual(await postgres.query("SELECT 1 AS one"), [{ one: 1 }]);
  await postgres.kill();
  await postgres.stop();
});

Deno.test("a PostgreSQL that cannot start says why", async () => {
  await assert.rejects(startPostgres({ settings: { no_such: "1" } }), /no_such/);
  const other = await startPostgres();
  const taken = { port: String(other.port) };
  await assert.rejects(startPostgres({ settings: taken }), /Address already in use/);
  await other.stop();
});

/** Runs the stand-alone front end and waits for its one line. */
async function runMain() {
  const main = fileURLToPath(new URL("./neon_main.ts", import.meta.url));
  const child = spawn(process.execPath, ["run", "-A", main], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const [line] = await once(child.stdout, "data");
  const { url, connectionString } = JSON.parse(String(line)) as Record<string, string>;
  const { data, mark } = await placeOf({
    async query(query) {
      const response = await fetch(`${url}/sql`, {
        method: "POST",
        headers: { "neon-connection-string": connectionString ?? "" },
        body: JSON.stringify({ query }),
      });
      return (await response.json() as { rows: Record<string, unknown>[] }).rows;
    },
  });
  assert.ok(familyOf(mark).length > 1 && existsSync(data));
  const gone = () => familyOf(mark).length === 0 && !existsSync(dirname(data));
  return { child, exited, mark, gone };
}

Deno.test("neon_main ends when its input closes and on SIGTERM", async () => {
  const byInput = await runMain();
  byInput.child.stdin.end();
  assert.deepEqual(await byInput.exited, [0, null]);
  assert.ok(byInput.gone());

  const bySignal = await runMain();
  // Not `child.kill`: under Deno that makes the exit event name the signal, handled or not.
  assert.ok(bySignal.child.pid);
  process.kill(bySignal.child.pid, "SIGTERM");
  assert.deepEqual(await bySignal.exited, [0, null]);
  assert.ok(bySignal.gone());
});

Deno.test("a parent killed by SIGKILL leaves nothing behind, not even a frozen process", async () => {
  const { child, exited, mark, gone } = await runMain();
  for (const pid of familyOf(mark)) process.kill(pid, "SIGSTOP");
  child.kill("SIGKILL");
  await exited;
  await until("PostgreSQL is gone", gone);
});

Deno.test("PostgreSQL recovers by itself when one of its processes is killed", async () => {
  const postgres = await startPostgres();
  await postgres.query("CREATE TABLE t (a int)");
  const client = await postgres.client();
  const { rows: [row] } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  const lost = assert.rejects(client.query("SELECT pg_sleep(60)"));
  assert.ok(row);
  process.kill(row.pid, "SIGKILL");
  await lost;
  await until("it answers again", async () => {
    return await postgres.query("SELECT a FROM t").then(() => true, () => false);
  });
  await postgres.stop();
});

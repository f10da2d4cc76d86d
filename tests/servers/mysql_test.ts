import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { connect } from "@planetscale/database";
import { type MysqlKind, type MysqlServer, startMysql } from "./mysql.ts";
import { linkTo } from "./mysql_link.ts";
import { until } from "./process.ts";

const KINDS: readonly MysqlKind[] = ["mysql", "mariadb"];

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function folderOf(server: MysqlServer): Promise<string> {
  const [row] = await server.query("SELECT @@datadir AS data");
  return dirname(String(row?.["data"]));
}

for (const kind of KINDS) {
  Deno.test(`a started ${kind} is what it says, and stop leaves nothing`, async () => {
    const server = await startMysql(kind);
    const [row] = await server.query(
      `SELECT VERSION() AS version, DATABASE() AS base, @@innodb_flush_log_at_trx_commit AS flush,
        @@max_connections >= 150 AS enough, @@sql_mode = @@GLOBAL.sql_mode AS mode`,
    );
    assert.match(String(row?.["version"]), kind === "mysql" ? /^9\.\d+\.\d+/ : /MariaDB/);
    assert.deepEqual([row?.["base"], row?.["flush"], row?.["enough"], row?.["mode"]], [
      server.database,
      1,
      1,
      1,
    ]);
    const folder = await folderOf(server);
    const { pid } = server;
    assert.ok(existsSync(folder) && alive(pid));
    await server.client(); // Left open.
    await server.stop();
    assert.ok(!existsSync(folder) && !alive(pid));
  });

  Deno.test(`${kind} refuses a wrong password`, async () => {
    const server = await startMysql(kind);
    assert.notEqual(encodeURIComponent(server.password), server.password);
    for (const password of ["", encodeURIComponent(server.password)]) {
      const stranger = linkTo({ ...server, password });
      await assert.rejects(stranger.connection, { errno: 1045 });
      await stranger.cut();
    }
    await server.stop();
  });

  Deno.test(`a restart of ${kind} after a crash keeps what was committed`, async () => {
    const server = await startMysql(kind);
    await server.query("CREATE TABLE kept (id INT PRIMARY KEY)");
    const client = await server.client();
    await client.query("INSERT INTO kept VALUES (1)");
    await client.query("BEGIN");
    await client.query("INSERT INTO kept VALUES (2)");
    const { pid, port } = server;
    await server.kill();
    assert.ok(!alive(pid));
    await assert.rejects(client.query("COMMIT"));
    await server.restart();
    assert.equal(server.port, port);
    assert.notEqual(server.pid, pid);
    assert.deepEqual(await server.query("SELECT id FROM kept"), [{ id: 1 }]);
    await server.restart();
    assert.deepEqual(await server.query("SELECT id FROM kept"), [{ id: 1 }]);
    await server.stop();
  });

  Deno.test(`a paused ${kind} answers nothing until it is resumed, and can be stopped`, async () => {
    const server = await startMysql(kind);
    const client = await server.client();
    await client.query("CREATE TABLE counted (id INT PRIMARY KEY)");
    server.pause();
    let answered = false;
    const late = client.query("INSERT INTO counted VALUES (1)").then(() => {
      answered = true;
    });
    const other = linkTo(server);
    await once(other.socket, "connect"); // The kernel still accepts; only the process is frozen.
    assert.equal(answered, false);
    await other.cut();
    server.resume();
    await late;
    server.pause();
    await server.stop();
  });

  Deno.test(`a ${kind} that cannot start says why`, async () => {
    await assert.rejects(startMysql(kind, { settings: ["--no-such-option=1"] }), /no-such-option/);
  });
}

Deno.test("a port that is taken every time is an error in the end", async () => {
  const other = await startMysql("mysql");
  const taken = [`--port=${other.port}`];
  await assert.rejects(startMysql("mariadb", { settings: taken }), /Address already in use/);
  await other.stop();
});

Deno.test("servers started at the same time do not meet", async () => {
  const kinds = [...KINDS, ...KINDS];
  const servers = await Promise.all(kinds.map((kind) => startMysql(kind)));
  assert.equal(new Set(servers.map((server) => server.port)).size, servers.length);
  const folders = await Promise.all(servers.map(folderOf));
  assert.equal(new Set(folders).size, servers.length);
  await Promise.all(servers.map((server) => server.stop()));
});

/** Runs the stand-alone front end and waits for its one line. */
async function runMain(kind: MysqlKind) {
  const main = fileURLToPath(new URL("./planetscale_main.ts", import.meta.url));
  const child = spawn(process.execPath, ["run", "-A", main, "--server", kind], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const [line] = await once(child.stdout, "data");
  const { databaseUrl } = JSON.parse(String(line)) as { databaseUrl: string };
  const reply = await connect({ url: databaseUrl }).execute("SELECT @@datadir AS data");
  const [row] = reply.rows as { data: string }[];
  const folder = dirname(row?.data ?? "");
  assert.ok(existsSync(folder));
  return { child, exited, folder };
}

for (const kind of KINDS) {
  Deno.test(`planetscale_main over ${kind} ends when its input closes and on SIGTERM`, async () => {
    const byInput = await runMain(kind);
    byInput.child.stdin.end();
    assert.deepEqual(await byInput.exited, [0, null]);
    assert.ok(!existsSync(byInput.folder));

    const bySignal = await runMain(kind);
    // Not `child.kill`: under Deno that makes the exit event name the signal, handled or not.
    assert.ok(bySignal.child.pid);
    process.kill(bySignal.child.pid, "SIGTERM");
    assert.deepEqual(await bySignal.exited, [0, null]);
    assert.ok(!existsSync(bySignal.folder));
  });

  Deno.test(`a parent killed by SIGKILL leaves nothing of ${kind} behind`, async () => {
    const { child, exited, folder } = await runMain(kind);
    child.kill("SIGKILL");
    await exited;
    await until(`${kind} is gone`, () => !existsSync(folder));
  });
}

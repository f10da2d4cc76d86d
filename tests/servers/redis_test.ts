import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { until } from "./process.ts";
import { startRedis } from "./redis.ts";

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

Deno.test("a started Redis answers, and stop leaves neither process nor folder", async () => {
  const redis = await startRedis();
  const client = redis.client();
  assert.equal(await client.ping(), "PONG");
  assert.deepEqual(await client.config("GET", "maxmemory-policy"), [
    "maxmemory-policy",
    "noeviction",
  ]);
  const [, folder = ""] = await client.config("GET", "dir") as string[];
  const { pid } = redis;
  assert.ok(existsSync(folder) && alive(pid));
  await redis.stop();
  assert.ok(!existsSync(folder) && !alive(pid));
});

Deno.test("a restart keeps what was flushed, on the same port, and clients find it again", async () => {
  const redis = await startRedis({ appendOnly: "always" });
  const client = redis.client();
  await client.set("kept", "yes");
  const { pid, port } = redis;
  await redis.kill();
  assert.ok(!alive(pid));
  await redis.restart();
  assert.equal(redis.port, port);
  assert.notEqual(redis.pid, pid);
  assert.equal(await client.get("kept"), "yes");
  await redis.stop();
});

Deno.test("without an append-only file a restart forgets", async () => {
  const redis = await startRedis();
  const client = redis.client();
  await client.set("lost", "soon");
  await redis.restart();
  assert.equal(await client.get("lost"), null);
  await redis.stop();
});

Deno.test("a paused Redis answers nothing until it is resumed, and can be stopped", async () => {
  const redis = await startRedis();
  const client = redis.client();
  await client.ping();
  redis.pause();
  let answered = false;
  const late = client.incr("counter").then(() => {
    answered = true;
  });
  const other = redis.client();
  await once(other, "connect"); // The kernel still accepts; only the process is frozen.
  assert.equal(answered, false);
  redis.resume();
  await late;
  redis.pause();
  await redis.stop();
});

Deno.test("a client still looking for a dead Redis does not outlive stop", async () => {
  const redis = await startRedis();
  const client = redis.client();
  await client.ping();
  await redis.kill();
  await until("the client reconnects", () => client.status === "reconnecting");
  await redis.stop();
  assert.equal(client.status, "end");
});

Deno.test("a Redis that cannot start says why", async () => {
  await assert.rejects(startRedis({ extra: ["--no-such-option", "1"] }), /no-such-option/);
  const other = await startRedis();
  const taken = ["--port", String(other.port)];
  await assert.rejects(startRedis({ extra: taken }), /Address already in use/);
  await other.stop();
});

Deno.test("servers started at the same time do not meet", async () => {
  const servers = await Promise.all(Array.from({ length: 8 }, () => startRedis()));
  assert.equal(new Set(servers.map((server) => server.port)).size, servers.length);
  await Promise.all(servers.map((server) => server.stop()));
});

/** Runs the stand-alone front end and waits for its one line. */
async function runMain() {
  const main = fileURLToPath(new URL("./upstash_main.ts", import.meta.url));
  const child = spawn(process.execPath, ["run", "-A", main], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const [line] = await once(child.stdout, "data");
  const { url, token } = JSON.parse(String(line)) as { url: string; token: string };
  const response = await fetch(`${url}/pipeline`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify([["INFO", "server"], ["CONFIG", "GET", "dir"]]),
  });
  const [{ result: info }, { result: [, folder] }] = await response.json() as [
    { result: string },
    { result: [string, string] },
  ];
  const pid = Number(/process_id:(\d+)/.exec(info)?.[1]);
  assert.ok(alive(pid) && existsSync(folder));
  return { child, exited, pid, folder };
}

Deno.test("upstash_main ends when its input closes and on SIGTERM", async () => {
  const byInput = await runMain();
  byInput.child.stdin.end();
  assert.deepEqual(await byInput.exited, [0, null]);
  assert.ok(!alive(byInput.pid) && !existsSync(byInput.folder));

  const bySignal = await runMain();
  // Not `child.kill`: under Deno that makes the exit event name the signal, handled or not.
  assert.ok(bySignal.child.pid);
  process.kill(bySignal.child.pid, "SIGTERM");
  assert.deepEqual(await bySignal.exited, [0, null]);
  assert.ok(!alive(bySignal.pid) && !existsSync(bySignal.folder));
});

Deno.test("a parent killed by SIGKILL leaves nothing behind", async () => {
  const { child, exited, pid, folder } = await runMain();
  child.kill("SIGKILL");
  await exited;
  await until("Redis is gone", () => !alive(pid) && !existsSync(folder));
});

import assert from "node:assert/strict";
import { startConsul } from "./consul.ts";
import { startConsulFront } from "./consul_front.ts";
import { until } from "./process.ts";

async function text(url: string, init?: RequestInit): Promise<string> {
  return await (await fetch(url, init)).text();
}

Deno.test("a restart keeps what was acknowledged, on the same port; a stop ends the server", async () => {
  const consul = await startConsul();
  const key = `${consul.url}/v1/kv/kept`;
  assert.equal(await text(key, { method: "PUT", body: "yes" }), "true");
  await consul.kill();
  await assert.rejects(text(key));
  await consul.restart();
  assert.equal(await text(`${key}?raw`), "yes");
  await consul.stop();
  await assert.rejects(text(key));
});

Deno.test("a paused Consul answers nothing until it is resumed", async () => {
  const consul = await startConsul();
  const key = `${consul.url}/v1/kv/late`;
  consul.pause();
  let answered = false;
  const late = text(key, { method: "PUT", body: "yes" }).then(() => answered = true);
  assert.equal(answered, false);
  consul.resume();
  await late;
  await consul.stop();
});

Deno.test("its proxy passes status, clock and index on, and ends while Consul holds a request", async () => {
  const consul = await startConsul();
  const front = await startConsulFront(consul.url);
  const missing = await fetch(`${front.url}/v1/kv/missing`);
  assert.equal(missing.status, 404);
  assert.ok(Number(missing.headers.get("x-consul-index")) > 0);
  assert.ok(Date.parse(missing.headers.get("date") ?? "") > 0);
  await missing.body?.cancel();
  const index = missing.headers.get("x-consul-index");
  const held = assert.rejects(text(`${front.url}/v1/kv/missing?index=${index}&wait=60s`));
  await until("Consul holds it", () => front.requests === 2);
  await front.stop();
  await held;
  await consul.stop();
});

import assert from "node:assert/strict";
import { startEtcd } from "./etcd.ts";
import { anotherLeads } from "./cluster.ts";
import { startEtcdCluster } from "./etcd_cluster.ts";
import { startEtcdFront } from "./etcd_front.ts";
import { until } from "./process.ts";

async function ask(url: string, path: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/v3${path}`, { method: "POST", body: JSON.stringify(body) });
  return await response.json();
}

async function valueOf(url: string, key: string): Promise<string | undefined> {
  const { kvs } = await ask(url, "/kv/range", { key: btoa(key) }) as { kvs?: { value: string }[] };
  return kvs?.[0] && atob(kvs[0].value);
}

Deno.test("an etcd keeps what it acknowledged over a kill and a restart, and stands still when frozen", async () => {
  const server = await startEtcd();
  try {
    await ask(server.url, "/kv/put", { key: btoa("a"), value: btoa("1") });
    const { pid } = server;
    await server.kill();
    await assert.rejects(ask(server.url, "/kv/range", { key: btoa("a") }));
    await server.restart();
    assert.notEqual(server.pid, pid);
    assert.equal(await valueOf(server.url, "a"), "1");
    server.pause();
    let answered = false;
    const late = valueOf(server.url, "a").then((value) => {
      answered = true;
      return value;
    });
    const timeout = { method: "POST", body: "{}", signal: AbortSignal.timeout(300) };
    await assert.rejects(fetch(`${server.url}/v3/kv/range`, timeout));
    assert.equal(answered, false);
    server.resume();
    assert.equal(await late, "1");
  } finally {
    await server.stop();
  }
});

Deno.test("a front end passes a watch on as it comes, and ends it with its client", async () => {
  const server = await startEtcd();
  const front = await startEtcdFront(server);
  try {
    const stop = new AbortController();
    const body = JSON.stringify({ create_request: { key: btoa("a") } });
    const response = await fetch(`${front.url}/v3/watch`, {
      method: "POST",
      body,
      signal: stop.signal,
    });
    const reader = response.body!.getReader();
    const decoder = new TextDecoder();
    let text = "";
    const says = async (words: string) => {
      while (!text.includes(words)) text += decoder.decode((await reader.read()).value);
    };
    await says("created");
    await ask(front.url, "/kv/put", { key: btoa("a"), value: btoa("one") });
    await says(btoa("one"));
    stop.abort();
    await assert.rejects(reader.read());
    assert.equal(front.requests, 2);
  } finally {
    await front.stop();
    await server.stop();
  }
});

Deno.test("in a cluster a member that is cut off is deposed, answers no more, and comes back", async () => {
  const cluster = await startEtcdCluster();
  try {
    const first = await cluster.leader();
    const urls = cluster.members.map(({ url }) => url);
    await ask(urls[first]!, "/kv/put", { key: btoa("a"), value: btoa("1") });
    cluster.cutOff(first);
    const second = await anotherLeads(cluster, first);
    await ask(urls[second]!, "/kv/put", { key: btoa("a"), value: btoa("2") });
    const alone = await ask(urls[first]!, "/kv/range", { key: btoa("a") });
    assert.equal(alone["kvs"], undefined, "it must not answer what it cannot know");
    cluster.mend();
    await until("it is back", async () => await valueOf(urls[first]!, "a") === "2");
    await cluster.members[second]!.kill();
    await anotherLeads(cluster, second);
    await cluster.members[second]!.restart();
    await until("it is back", async () => await valueOf(urls[second]!, "a") === "2");
  } finally {
    await cluster.stop();
  }
});

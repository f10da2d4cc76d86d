/** The vendor's own client, as it comes, cannot tell the front end from the service. */
import assert from "node:assert/strict";
import { Redis as Upstash } from "@upstash/redis";
import { withUpstash } from "./with_upstash.ts";
import { whileFetchIs } from "../tools/fake_fetch.ts";

Deno.test("strings, numbers, objects, unicode and large values come back", () =>
  withUpstash(async ({ client, direct }) => {
    assert.equal(await client.set("greeting", "grüße 👋 \u0000 \n 漢字"), "OK");
    assert.equal(await client.get("greeting"), "grüße 👋 \u0000 \n 漢字");
    assert.equal(await direct.get("greeting"), "grüße 👋 \u0000 \n 漢字");
    await client.set("empty", "");
    assert.equal(await client.get("empty"), "");
    const large = "ü".repeat(32 * 1024);
    await client.set("large", large);
    assert.equal(await client.get("large"), large);
    assert.equal(await client.get("absent"), null);
    await client.set("number", 42);
    assert.equal(await client.get("number"), 42);
    await client.set("flag", true);
    assert.equal(await direct.get("flag"), "true");
    await client.set("object", { a: [1, null] });
    assert.deepEqual(await client.get("object"), { a: [1, null] });
    assert.equal(await direct.get("object"), '{"a":[1,null]}');
    await client.set("okay", "OK");
    assert.equal(await client.get("okay"), "OK");
    assert.deepEqual(await client.mget("okay", "absent", "empty"), ["OK", null, ""]);
    assert.equal(await client.incr("counter"), 1);
    assert.equal(await client.del("counter", "absent"), 1);
  }));

Deno.test("SET NX answers null to the loser, and expiry is the server's", () =>
  withUpstash(async ({ client, direct }) => {
    assert.equal(await client.set("lock", "me", { nx: true, px: 60_000 }), "OK");
    assert.equal(await client.set("lock", "you", { nx: true, px: 60_000 }), null);
    const left = await direct.pttl("lock");
    assert.ok(left > 50_000 && left <= 60_000);
  }));

Deno.test("scripts: nested replies, NOSCRIPT, and the client's own way around it", () =>
  withUpstash(async ({ client, server }) => {
    const script = "return {KEYS[1], ARGV[1], 7, false, {'OK', redis.status_reply('OK'), ''}}";
    const expected = ["key", "value", 7, null, ["OK", "OK", ""]];
    assert.deepEqual(await client.eval(script, ["key"], ["value"]), expected);
    const failing = client.eval("return redis.error_reply('NOPE not today')", [], []);
    await assert.rejects(failing, /^UpstashError: Command failed: NOPE not today$/);
    await assert.rejects(
      client.evalsha("0".repeat(40), ["key"], ["value"]),
      /Command failed: NOSCRIPT No matching script/,
    );
    await server.resetCommandStats();
    const twice = client.createScript<string>("return redis.call('INCR', KEYS[1]) .. 'th'");
    assert.equal(await twice.exec(["count"], []), "1th");
    assert.equal(await twice.exec(["count"], []), "2th");
    assert.deepEqual(await server.commandStats(), { evalsha: 2, eval: 1, incr: 2 });
  }));

Deno.test("pipelines carry an error beside the results", () =>
  withUpstash(async ({ client, server }) => {
    const before = server.requests;
    const mixed = client.pipeline().set("a", 1).lpush("a", 2).get("a").get("absent");
    assert.deepEqual(await mixed.exec({ keepErrors: true }), [
      { result: "OK", error: undefined },
      {
        result: undefined,
        error: "WRONGTYPE Operation against a key holding the wrong kind of value",
      },
      { result: 1, error: undefined },
      { result: null, error: undefined },
    ]);
    assert.equal(server.requests, before + 1);
    // Commands of one turn share a request: the client's automatic pipeline.
    assert.deepEqual(await Promise.all([client.get("a"), client.get("absent")]), [1, null]);
    assert.equal(server.requests, before + 2);
  }));

Deno.test("transactions run as one, and are discarded as one", () =>
  withUpstash(async ({ client, direct, server }) => {
    await server.resetCommandStats();
    assert.deepEqual(await client.multi().set("t", "1").incr("t").get("t").exec(), ["OK", 2, 2]);
    assert.deepEqual(await server.commandStats(), { multi: 1, set: 1, incr: 1, get: 1, exec: 1 });
    const failing = client.multi().set("t", "text").incr("t").set("u", "1");
    await assert.rejects(failing.exec(), /ERR value is not an integer/);
    assert.equal(await direct.get("u"), "1");
    const discarded = client.multi().set("t", "never");
    // The types rightly forbid a command without its argument; Redis refuses it while it is queued.
    (discarded as unknown as { incr(): void }).incr();
    await assert.rejects(discarded.exec(), /^UpstashError: EXECABORT/);
    assert.equal(await direct.get("t"), "text");
  }));

Deno.test("hashes, lists, sets and sorted sets keep their shapes", () =>
  withUpstash(async ({ client }) => {
    assert.equal(await client.hset("hash", { a: 1, b: "zwei" }), 2);
    assert.deepEqual(await client.hgetall("hash"), { a: 1, b: "zwei" });
    assert.equal(await client.hgetall("absent"), null);
    assert.equal(await client.rpush("list", "x", "y", "z"), 3);
    assert.deepEqual(await client.lrange("list", 0, -1), ["x", "y", "z"]);
    assert.equal(await client.sadd("set", "m", "n", "m"), 2);
    assert.deepEqual((await client.smembers("set")).sort(), ["m", "n"]);
    await client.zadd("sorted", { score: 1.5, member: "low" }, { score: 3, member: "high" });
    assert.deepEqual(await client.zrange("sorted", 0, -1, { withScores: true }), [
      "low",
      1.5,
      "high",
      3,
    ]);
    assert.equal(await client.zscore("sorted", "low"), 1.5);
    assert.deepEqual(await client.scan(0, { match: "list" }), ["0", ["list"]]);
    assert.equal(await client.type("hash"), "hash");
  }));

Deno.test("a wrong token is refused as the service refuses it", () =>
  withUpstash(async ({ server, direct }) => {
    const stranger = new Upstash({ url: server.url, token: "wrong" });
    await assert.rejects(stranger.set("a", "b"), /WRONGPASS invalid or missing auth token/);
    assert.equal(await direct.exists("a"), 0);
  }));

Deno.test("the client hands back the sync token it was given", () =>
  withUpstash(async ({ server, direct }) => {
    const sent: (string | undefined)[] = [];
    const client = new Upstash({
      url: server.url,
      token: server.token,
      enableAutoPipelining: false,
    });
    const realFetch = fetch;
    await whileFetchIs((input, init) => {
      sent.push(new Headers(init?.headers).get("upstash-sync-token") ?? undefined);
      return realFetch(input, init);
    }, async () => {
      await client.set("a", 1);
      await client.get("a");
    });
    assert.equal(sent.length, 2);
    assert.ok(!sent[0] && sent[1]);
    assert.equal(await direct.get("a"), "1");
  }));

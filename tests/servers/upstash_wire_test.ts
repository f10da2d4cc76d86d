/** Statuses and bodies, byte for byte, with no client in between. */
import assert from "node:assert/strict";
import { until } from "./process.ts";
import { post, raw, withUpstash } from "./with_upstash.ts";

const WRONG_PASS =
  '{"error":"WRONGPASS invalid or missing auth token. See https://docs.upstash.com/redis/troubleshooting/http_unauthorized for details."}';

Deno.test("one command: results, errors, and the types of arguments", () =>
  withUpstash(async ({ server, direct }) => {
    const set = await post(server, "/", ["SET", "k", "v", "PX", 60000]);
    assert.deepEqual([set.status, set.text], [200, '{"result":"OK"}']);
    assert.equal(set.headers.get("content-type"), "application/json");
    assert.ok(set.headers.get("upstash-sync-token"));
    assert.equal((await post(server, "/", ["get", "k"])).text, '{"result":"v"}');
    assert.equal((await post(server, "/", ["get", "absent"])).text, '{"result":null}');
    await post(server, "/", ["rpush", "typed", 1, 2.5, true, null, { a: 1 }, ["x"], "ü"]);
    const typed = ["1", "2.5", "true", "null", '{"a":1}', '["x"]', "ü"];
    assert.deepEqual(await direct.lrange("typed", 0, -1), typed);

    const failed = await post(server, "/", ["GET"]);
    assert.equal(failed.status, 400);
    assert.equal(failed.text, `{"error":"ERR wrong number of arguments for 'get' command"}`);
    const unknown = await post(server, "/", ["nope"]);
    assert.equal(unknown.status, 400);
    assert.match(unknown.text, /ERR Command is not available: 'NOPE'/);
  }));

Deno.test("base64 encodes every string, and neither numbers, nor null, nor OK", () =>
  withUpstash(async ({ server }) => {
    const headers = { authorization: `Bearer ${server.token}`, "upstash-encoding": "base64" };
    const encoded = async (path: string, body: unknown) =>
      (await post(server, path, body, { headers })).text;
    assert.equal(await encoded("/", ["SET", "k", "ü"]), '{"result":"OK"}');
    assert.equal(await encoded("/", ["GET", "k"]), '{"result":"w7w="}');
    assert.equal(await encoded("/", ["PING"]), '{"result":"UE9ORw=="}');
    assert.equal(await encoded("/", ["STRLEN", "k"]), '{"result":2}');
    const nested = "return {'a', 1, false, {'b', {''}}}";
    assert.equal(
      await encoded("/", ["EVAL", nested, 0]),
      '{"result":["YQ==",1,null,["Yg==",[""]]]}',
    );
    const pipeline = await encoded("/pipeline", [["GET", "k"], ["LPUSH", "k", 1]]);
    assert.match(pipeline, /^\[\{"result":"w7w="\},\{"error":"WRONGTYPE .*"\}\]$/);
    assert.equal(await encoded("/multi-exec", [["GET", "k"]]), '[{"result":"w7w="}]');
  }));

Deno.test("pipelines and transactions: an error per item, or one for all", () =>
  withUpstash(async ({ server, direct }) => {
    const commands = [["SET", "n", "x"], ["INCR", "n"], ["STRLEN", "n"]];
    const expected = [
      { result: "OK" },
      { error: "ERR value is not an integer or out of range" },
      { result: 1 },
    ];
    for (const path of ["/pipeline", "/multi-exec", "/pipeline/"]) {
      const { status, text } = await post(server, path, commands);
      assert.equal(status, 200);
      assert.deepEqual(JSON.parse(text), expected);
    }
    const partly = await post(server, "/pipeline", [["SET", "p", 1], ["BLPOP", "q", 0], []]);
    assert.equal(partly.status, 200);
    assert.deepEqual(JSON.parse(partly.text), [
      { result: "OK" },
      { error: 'ERR Command "BLPOP" is not allowed in REST or it has a special context path' },
      { error: "ERR empty pipeline command" },
    ]);
    const discarded = await post(server, "/multi-exec", [["SET", "m", 1], ["INCR"]]);
    assert.equal(discarded.status, 400);
    assert.equal(
      discarded.text,
      '{"error":"EXECABORT Transaction discarded because of previous errors."}',
    );
    const refused = await post(server, "/multi-exec", [["SET", "m", 1], ["WATCH", "m"]]);
    assert.equal(refused.status, 400);
    assert.match(refused.text, /^\{"error":"ERR Command \\"WATCH\\"/);
    assert.equal(await direct.exists("m"), 0);
  }));

Deno.test("transactions of many clients do not mix", () =>
  withUpstash(async ({ server }) => {
    const rounds = Array.from({ length: 50 }, async () => {
      const { text } = await post(server, "/multi-exec", [["INCR", "c"], ["DECR", "c"]]);
      assert.equal(text, '[{"result":1},{"result":0}]');
      assert.equal((await post(server, "/", ["ECHO", "hi"])).text, '{"result":"hi"}');
    });
    await Promise.all(rounds);
  }));

Deno.test("a command in the path, with a body and a query after it", () =>
  withUpstash(async ({ server, direct }) => {
    assert.equal((await raw(server, "/set/foo/b%C3%A4r%2Fbaz")).text, '{"result":"OK"}');
    assert.equal((await raw(server, "/get/foo")).text, '{"result":"bär/baz"}');
    const body = new Uint8Array([0xff, 0x00, 0x41]);
    assert.equal((await raw(server, "/set/bytes?EX=100", { method: "POST", body })).status, 200);
    assert.deepEqual([...await direct.getBuffer("bytes") ?? []], [...body]);
    assert.ok(await direct.ttl("bytes") > 50);
    assert.equal((await raw(server, "/get/bytes")).text, '{"result":"\ufffd\\u0000A"}');
    const put = await raw(server, "/set/put?NX", { method: "PUT", body: '{"a":1}' });
    assert.equal(put.text, '{"result":"OK"}');
    assert.equal(await direct.get("put"), '{"a":1}');
    const head = await raw(server, "/incr/head", { method: "HEAD" });
    assert.deepEqual([head.status, head.text], [200, ""]);
    assert.equal(await direct.get("head"), "1");
    assert.equal((await raw(server, "/nope/x")).status, 400);
    assert.equal((await raw(server, "/get/%zz")).status, 400);
  }));

Deno.test("the token is asked for on every path, in the header or in the query", () =>
  withUpstash(async ({ server, direct }) => {
    for (const path of ["/", "/pipeline", "/multi-exec", "/set/a/b", "/set/a/b?_token=wrong"]) {
      for (const authorization of ["", "Bearer wrong", `Basic ${server.token}`]) {
        const init = { headers: { authorization }, body: "[]", method: "POST" };
        const { status, text } = await raw(server, path, init);
        assert.deepEqual([status, text], [401, WRONG_PASS]);
      }
    }
    assert.equal(await direct.exists("a"), 0);
    const query = await fetch(`${server.url}/set/a/b?_token=${server.token}`);
    assert.deepEqual([query.status, await query.text()], [200, '{"result":"OK"}']);
  }));

Deno.test("bad bodies, methods and commands are refused, and nothing runs", () =>
  withUpstash(async ({ server }) => {
    await server.resetCommandStats();
    const bodies: readonly (readonly [path: string, body: string, error: string])[] = [
      ["/", "not json", "ERR failed to parse command"],
      ["/", '{"a":1}', "ERR failed to parse command"],
      ["/", "", "ERR failed to parse command"],
      ["/", "[]", "ERR empty command"],
      ["/pipeline", '["SET","a","b"]', "ERR failed to parse pipeline request"],
      ["/pipeline", "[[", "ERR failed to parse pipeline request"],
      ["/pipeline", "[]", "ERR empty pipeline request"],
      ["/multi-exec", "1", "ERR failed to parse transaction request"],
    ];
    for (const [path, body, error] of bodies) {
      const reply = await raw(server, path, { method: "POST", body });
      assert.deepEqual([reply.status, JSON.parse(reply.text)], [400, { error }], path + body);
    }
    for (const method of ["DELETE", "PATCH", "OPTIONS"]) {
      assert.equal((await raw(server, "/get/a", { method })).status, 405);
    }
    const commands = ["blpop a 0", "brpop a 0", "bzpopmin a 0", "xread BLOCK 0 STREAMS s $"];
    commands.push(
      "watch a",
      "subscribe c",
      "monitor",
      "multi",
      "client list",
      "select 1",
      "shutdown",
    );
    for (const command of commands) {
      const reply = await post(server, "/", command.split(" "));
      assert.equal(reply.status, 400, command);
      assert.match(reply.text, /^\{"error":"ERR Command .*(not allowed in REST|not available)/);
    }
    assert.equal((await raw(server, "/monitor")).status, 400);
    assert.deepEqual(await server.commandStats(), {});
  }));

Deno.test("a dead Redis is a quick 500, and a restarted one is found again", () =>
  withUpstash(async ({ server, redis }) => {
    assert.equal((await post(server, "/", ["SET", "a", 1])).status, 200);
    await redis.kill();
    for (const [path, body] of [["/", ["GET", "a"]], ["/multi-exec", [["GET", "a"]]]] as const) {
      const reply = await post(server, path, body);
      assert.equal(reply.status, 500);
      assert.match(reply.text, /^\{"error":"ERR Redis cannot be reached/);
    }
    await redis.restart();
    assert.equal((await post(server, "/", ["GET", "a"])).text, '{"result":null}');
  }));

Deno.test("a command cut off by a crash is answered as unknown and never sent again", () =>
  withUpstash(async ({ server, redis }) => {
    await post(server, "/", ["PING"]);
    redis.pause();
    const reply = post(server, "/", ["INCR", "a"]);
    await until("the command was sent", () => server.requests === 2);
    await redis.kill();
    assert.equal((await reply).status, 500);
    await redis.restart();
    assert.equal((await post(server, "/", ["EXISTS", "a"])).text, '{"result":0}');
  }));

/** Each fault does to the request and to the reply what its name says; Redis tells what really ran. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { until } from "./process.ts";
import { post, withUpstash } from "./with_upstash.ts";

const INCR = ["INCR", "n"];

Deno.test("a connection that breaks before or after the command", () =>
  withUpstash(async ({ server, direct }) => {
    server.faults.next("drop-request", "drop-reply", "pass");
    await assert.rejects(post(server, "/", INCR), TypeError);
    assert.equal(await direct.get("n"), null);
    await assert.rejects(post(server, "/", INCR), TypeError);
    assert.equal(await direct.get("n"), "1");
    assert.equal((await post(server, "/", INCR)).text, '{"result":2}');
    assert.equal((await post(server, "/", INCR)).text, '{"result":3}');
    assert.deepEqual(server.faults.seen.map(({ kind, executed }) => [kind, executed]), [
      ["drop-request", 0],
      ["drop-reply", 1],
      ["pass", 1],
      ["pass", 1],
    ]);
    assert.equal(server.requests, 4);
    assert.equal(server.faults.count("pass"), 2);
  }));

Deno.test("silence, with and without the command having run", async () => {
  let cut: Promise<void> | undefined;
  await withUpstash(async ({ server, direct }) => {
    server.faults.next("black-hole", "hang-reply");
    for (const [index, ran] of [[0, 0], [1, 1]] as const) {
      const abort = new AbortController();
      const asked = post(server, "/", INCR, { signal: abort.signal });
      const refused = assert.rejects(asked, { name: "AbortError" });
      await until("the request has had its effect", () => {
        return server.faults.seen[index]?.executed === ran;
      });
      abort.abort();
      await refused;
    }
    assert.equal(await direct.get("n"), "1");
    // A request that is never answered does not keep the server from stopping.
    server.faults.next("black-hole");
    cut = assert.rejects(post(server, "/", INCR), TypeError);
    await until("it has arrived", () => server.faults.seen.length === 3);
  });
  await cut;
});

Deno.test("a request that arrives twice, and one that arrives late", () =>
  withUpstash(async ({ server, direct }) => {
    server.faults.next("duplicate");
    assert.equal((await post(server, "/", INCR)).text, '{"result":2}');
    assert.equal(server.faults.seen[0]?.executed, 2);

    const gate = Promise.withResolvers<void>();
    server.faults.next({ hold: gate.promise });
    const abort = new AbortController();
    const late = post(server, "/", ["SET", "n", "late"], { signal: abort.signal });
    const refused = assert.rejects(late, { name: "AbortError" });
    await until("it is held", () => server.faults.seen.length === 2);
    abort.abort();
    await refused;
    assert.equal((await post(server, "/", INCR)).text, '{"result":3}');
    assert.equal(await direct.get("n"), "3");
    gate.resolve(); // The client has long given up; the request is executed all the same.
    await until("it was executed", () => server.faults.seen[1]?.executed === 1);
    assert.equal(await direct.get("n"), "late");
  }));

Deno.test("a delayed answer to a command that ran at once", async () => {
  let cut: Promise<void> | undefined;
  await withUpstash(async ({ server, direct }) => {
    server.faults.next({ delay: 100 }, { delay: 60_000 });
    const start = performance.now();
    const slow = post(server, "/", INCR);
    await until("it was executed", () => server.faults.seen[0]?.executed === 1);
    assert.equal(await direct.get("n"), "1");
    assert.equal((await slow).text, '{"result":1}');
    assert.ok(performance.now() - start >= 99);
    // The second one is still being delayed when the server stops, and does not hold it up.
    cut = assert.rejects(post(server, "/", INCR), TypeError);
    await until("it was executed", () => server.faults.seen[1]?.executed === 1);
  });
  await cut;
});

Deno.test("made-up answers, before and after the command", () =>
  withUpstash(async ({ server, direct }) => {
    const headers = { "content-type": "text/html" };
    server.faults.next(
      { status: 502, body: "<html>bad gateway</html>", headers },
      { statusAfter: 503, body: "{}" },
      "truncate",
    );
    const proxy = await post(server, "/", INCR);
    assert.deepEqual([proxy.status, proxy.text], [502, "<html>bad gateway</html>"]);
    assert.equal(proxy.headers.get("content-type"), "text/html");
    assert.equal(await direct.get("n"), null);
    const after = await post(server, "/", INCR);
    assert.deepEqual([after.status, after.text], [503, "{}"]);
    assert.equal(await direct.get("n"), "1");
    const half = await post(server, "/", INCR);
    assert.deepEqual([half.status, half.text], [200, '{"resu']);
    assert.equal(await direct.get("n"), "2");
  }));

Deno.test("a redirect to another origin", async () => {
  let body = "";
  const other = createServer((request, response) => {
    request.on("data", (chunk) => body += String(chunk));
    request.on("end", () => response.end(`elsewhere ${request.method} ${request.url}`));
  });
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const address = other.address();
  assert.ok(typeof address === "object" && address !== null);
  await withUpstash(async ({ server, direct }) => {
    server.faults.next("redirect", "redirect");
    const kept = await post(server, "/pipeline?x=1", [INCR], { redirect: "manual" });
    assert.equal(kept.status, 307);
    assert.equal(
      kept.headers.get("location"),
      `http://127.0.0.1:${address.port}/pipeline?x=1`,
    );
    const followed = await post(server, "/pipeline", [INCR]);
    assert.equal(followed.text, "elsewhere POST /pipeline");
    assert.equal(body, '[["INCR","n"]]');
    assert.equal(await direct.get("n"), null);
  }, { redirectTo: `http://127.0.0.1:${address.port}` });
  const closed = new Promise<void>((resolve) => other.close(() => resolve()));
  other.closeAllConnections();
  await closed;
});

Deno.test("a rule for every request, a queue before it, and an end to both", () =>
  withUpstash(async ({ server, direct }) => {
    server.faults.always((index) => index % 2 === 0 ? { statusAfter: 500, body: "" } : "pass");
    server.faults.next({ status: 429, body: "" });
    const statuses = [];
    for (let index = 0; index < 5; index++) statuses.push((await post(server, "/", INCR)).status);
    assert.deepEqual(statuses, [429, 200, 500, 200, 500]);
    server.faults.next("drop-request");
    server.faults.clear();
    assert.equal((await post(server, "/", INCR)).status, 200);
    assert.equal(await direct.get("n"), "5");
  }));

Deno.test("a cache on the way answers equal requests from memory, and no others", () =>
  withUpstash(async ({ server, direct }) => {
    server.faults.cacheAnswers();
    const asked = async (body: unknown) => (await post(server, "/", body)).text;
    assert.equal(await asked(INCR), '{"result":1}');
    assert.equal(await asked(INCR), '{"result":1}');
    assert.equal(await direct.get("n"), "1");
    assert.equal(await asked(["INCRBY", "n", "1"]), '{"result":2}');
    assert.equal((await post(server, "/", ["INCR"])).status, 400);
    assert.equal((await post(server, "/", ["INCR"])).status, 400);
    assert.equal(server.faults.cache?.hits, 1);
  }));

Deno.test("a proxy that renames keys does so with those that a command declares", () =>
  withUpstash(async ({ server, direct }) => {
    assert.equal((await post(server, "/", INCR)).text, '{"result":1}');
    const script = ["EVAL", "return {redis.call('incr', KEYS[1]), ARGV[1]}", "1", "n", "n"];
    assert.equal((await post(server, "/", script)).text, '{"result":[2,"n"]}');
    assert.equal(
      (await post(server, "/multi-exec", [INCR, ["PING"]])).text,
      '[{"result":3},{"result":"PONG"}]',
    );
    assert.deepEqual(await direct.keys("*"), ["app:n"]);
    assert.equal((await post(server, "/", ["MSET", "a", "1", "b", "2"])).status, 500);
  }, { keyPrefix: "app:" }));

/**
 * What only the transport for Upstash must hold: what it sends, and what it takes for an answer.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError, InvalidArgument, UnknownOutcome } from "../../../mod.ts";
import type { Driver } from "../../../drivers/driver.ts";
import { upstash } from "../../../drivers/redis/upstash.ts";
import type { Fault } from "../../servers/faults.ts";
import { freePort } from "../../servers/ports.ts";
import { until } from "../../servers/process.ts";
import { type UpstashFixture, withUpstash } from "../../servers/with_upstash.ts";
import { shown } from "../../tools/shown.ts";
import { acquire, TRICKY } from "../acquire.ts";
import { whileFetchIs } from "../../tools/fake_fetch.ts";

function driverOf({ server }: UpstashFixture): Driver {
  return upstash({ url: server.url, token: server.token });
}

/** Each fault that lets nothing true be said, and whether the operation was executed. */
const UNKNOWN: ReadonlyArray<readonly [name: string, fault: Fault]> = [
  ["a request lost on the way", "drop-request"],
  ["a reply lost on the way", "drop-reply"],
  ["a reply cut in half", "truncate"],
  ["a proxy's HTML page with 200", { status: 200, body: "<html>hello</html>" }],
  ["a proxy's HTML page with 502", { status: 502, body: "<html>bad gateway</html>" }],
  ["a 503 in JSON", { status: 503, body: '{"error":"ERR try later"}' }],
  ["a 500 after it was done", { statusAfter: 500, body: '{"error":"ERR internal"}' }],
  ["a reply of null", { status: 200, body: '{"result":null}' }],
  ["a reply of a lone OK", { status: 200, body: '{"result":"OK"}' }],
  ["a reply for another number of operations", { status: 200, body: '{"result":[]}' }],
  ["a reply of another shape", { status: 200, body: '{"result":[[1,"a b",5]]}' }],
  ["a reply without result", { status: 200, body: "{}" }],
  ["an error inside the script", {
    status: 400,
    body: '{"error":"ERR user_script:1: oops script: x"}',
  }],
];

Deno.test("whatever is not the script's own reply is unknown, sent once, and resolved by a replay", async (t) => {
  await withUpstash(async (fixture) => {
    const driver = driverOf(fixture);
    await driver.apply([acquire("warm", { resource: "lock:warm" })]);
    for (const [name, fault] of UNKNOWN) {
      await t.step(name, async () => {
        const resource = `lock:${name}`;
        const before = fixture.server.requests;
        // Deno's own fetch sends a POST again, once, when a connection that it had used before is
        // cut: nothing above it can tell, and nothing needs to.
        const cut = fault === "drop-request" || fault === "drop-reply";
        fixture.server.faults.next(...(cut ? [fault, fault] : [fault]));
        await assert.rejects(driver.apply([acquire("a", { resource })]), (error: Error) => {
          assert(error instanceof UnknownOutcome, `${error.stack}`);
          return true;
        });
        const sends = fixture.server.requests - before;
        assert(sends === 1 || (cut && sends === 2), `${sends} sends`);
        fixture.server.faults.clear();
        const [outcome] = await driver.apply([acquire("a", { resource })]);
        assert.equal(outcome?.ok, true);
        assert.equal(outcome?.leases[0]?.value, TRICKY);
        const [again] = await driver.apply([acquire("a", { resource })]);
        assert.equal(again?.leases[0]?.token, outcome?.leases[0]?.token);
      });
    }
  });
});

Deno.test("an aborted call is never a made-up answer: before the send its reason, after it unknown", async () => {
  await withUpstash(async (fixture) => {
    const driver = driverOf(fixture);
    const reason = new Error("OK");
    const before = fixture.server.requests;
    await assert.rejects(
      driver.apply([acquire("a")], { signal: AbortSignal.abort(reason) }),
      (error) => error === reason,
    );
    assert.equal(fixture.server.requests, before);
    for (const why of [undefined, "OK", "mytimeout", new DOMException("late", "TimeoutError")]) {
      const stop = new AbortController();
      fixture.server.faults.next("hang-reply");
      const call = driver.apply([acquire("a")], { signal: stop.signal });
      const unknown = assert.rejects(call, UnknownOutcome);
      await until("the request arrives", () => fixture.server.faults.seen.length > 0);
      // Another call of the same driver goes on while this one is cut.
      const [other] = await driver.apply([acquire("b", { resource: "lock:other" })], {
        signal: new AbortController().signal,
      });
      assert.equal(other?.ok, true);
      stop.abort(why);
      await unknown;
      fixture.server.faults.seen.length = 0;
    }
  });
});

Deno.test("a server that forgot the script gets its text, with the same id, in one more request", async () => {
  await withUpstash(async (fixture) => {
    const driver = driverOf(fixture);
    for (let i = 0; i < 2; i++) {
      await fixture.direct.script("FLUSH");
      const before = fixture.server.requests;
      const [outcome] = await driver.apply([acquire("a")]);
      assert.equal(outcome?.ok, true);
      assert.equal(fixture.server.requests - before, 2);
    }
    const before = fixture.server.requests;
    await driver.apply([acquire("a")]);
    assert.equal(fixture.server.requests - before, 1);
  });
});

Deno.test("definite refusals say what to do, show no secret, and write nothing", async () => {
  await withUpstash(async (fixture) => {
    const { server, direct } = fixture;
    const secret = "wrong-token-canary";
    const wrong = upstash({ url: server.url, token: secret });
    await assert.rejects(wrong.apply([acquire("id-canary")]), (error: Error) => {
      assert(error instanceof ConnectionError);
      assert.equal(error.code, "unauthorized");
      assert.equal(error.retryable, false);
      assert.match(error.message, /nothing was written .*check the token/);
      return true;
    });
    const driver = driverOf(fixture);
    for (
      const [body, retryable] of [
        ["ERR max requests limit exceeded. Limit: 500000, Usage: 500001.", false],
        ["NOPERM this user has no permissions to run the 'evalsha' command", false],
        ["LOADING Redis is loading the dataset in memory", true],
        [`echo ${secret}`, true],
      ] as const
    ) {
      server.faults.next({ status: 400, body: JSON.stringify({ error: body }) });
      await assert.rejects(
        driver.apply([acquire("id-canary")]),
        (error: Error & { retryable: boolean }) => {
          assert.equal(error.retryable, retryable, body);
          const text = shown(error);
          assert.doesNotMatch(text, /id-canary|command was|evalsha","/);
          return true;
        },
      );
    }
    assert.deepEqual(await direct.keys("*"), []);
  });
});

Deno.test("no error, inspection or JSON of the driver shows the token", async () => {
  await withUpstash(async ({ server }) => {
    const driver = upstash({ url: server.url, token: server.token });
    server.faults.next({ status: 400, body: JSON.stringify({ error: `bad ${server.token}` }) });
    const error = await driver.apply([acquire("a")]).catch((error: Error) => error);
    for (const each of [driver, error]) {
      assert(!(Deno.inspect(each, { depth: 9 }) + JSON.stringify(each)).includes(server.token));
    }
  });
});

Deno.test("a host that is not there is a definite error that may pass", async () => {
  const driver = upstash({ url: `http://127.0.0.1:${await freePort()}`, token: "token-canary" });
  await assert.rejects(driver.apply([acquire("a")]), (error: Error) => {
    assert(error instanceof ConnectionError && error.retryable, `${error.stack}`);
    assert.match(error.message, /not reached, so nothing was written/);
    return true;
  });
});

Deno.test("a URL or token that cannot be right is refused before any request, and not repeated", () => {
  const token = "secret-token";
  const bad: [url: string, token: string][] = [
    ["", token],
    ["not a url", token],
    ["redis://default:PASSWORD@eu1-x.upstash.io:6379", token],
    ["rediss://default:PASSWORD@eu1-x.upstash.io:6379", token],
    ["http://eu1-x.upstash.io", token],
    ["http://10.0.0.1", token],
    ["http://localhost.example.com", token],
    ["https://user:PASSWORD@eu1-x.upstash.io", token],
    ["https://eu1-x.upstash.io?_token=PASSWORD", token],
    ["mysql://eu1-x.upstash.io", token],
    ["xhttps://eu1-x.upstash.io", token],
    ["https://eu1-x.upstash.io", ""],
    ["https://eu1-x.upstash.io", " "],
    ["https://eu1-x.upstash.io", "PASSWORD\n"],
    ["https://eu1-x.upstash.io", undefined as unknown as string],
  ];
  for (const [url, each] of bad) {
    assert.throws(() => upstash({ url, token: each }), (error: Error) => {
      assert(error instanceof InvalidArgument, `${url} ${error}`);
      assert(!error.message.includes("PASSWORD"), error.message);
      return true;
    });
  }
  assert.doesNotThrow(() => upstash({ url: "https://eu1-x.upstash.io/", token }));
  assert.doesNotThrow(() => upstash({ url: "http://[::1]:8079", token }));
});

Deno.test("a token that is a plain word is not repeated either, whatever a server says", async () => {
  const token = "swordfish";
  await whileFetchIs(() =>
    Promise.resolve(
      new Response(JSON.stringify({ error: `NOAUTH nobody is let in by ${token} here` }), {
        status: 401,
      }),
    ), async () => {
    const driver = upstash({ url: "https://x.upstash.io", token });
    const call = driver.apply([{ op: "inspect", resource: "r" }]);
    const error = await call.then(() => assert.fail("it succeeded"), (error: unknown) => error);
    assert(error instanceof ConnectionError && error.code === "unauthorized");
    assert.match(error.message, /nobody is let in/);
    assert(!shown(error).includes(token), shown(error));
  });
});

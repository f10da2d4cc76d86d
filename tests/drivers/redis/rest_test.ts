/**
 * Upstash's REST protocol byte by byte: what goes out, and which answers count.
 *
 * @module
 */

import assert from "node:assert/strict";
import { inspect } from "node:util";
import { gzipSync } from "node:zlib";
import { ConnectionError, type CoordinationError, UnknownOutcome } from "../../../errors.ts";
import { upstashCommand } from "../../../drivers/redis/upstash.ts";
import type { SendCommand } from "../../../drivers/redis/redis.ts";
import { upstash } from "../../../drivers/redis/upstash.ts";
import { type BadServer, type Behaviour, startBadServer } from "../../security/bad_server.ts";
import { withUpstash } from "../../servers/with_upstash.ts";
import { acquire, TRICKY } from "../acquire.ts";
import { whileFetchIs } from "../../tools/fake_fetch.ts";

const TOKEN = "a+token/of==64";

/** Runs a test with a server that answers as it is asked to. */
async function withServer(
  test: (server: BadServer, send: SendCommand) => Promise<void>,
): Promise<void> {
  const server = await startBadServer();
  try {
    await test(server, upstashCommand({ url: `http://${server.host}`, token: TOKEN }));
  } finally {
    await server.stop();
  }
}

/** Answers with a text. */
function says(status: number, body: string | Uint8Array, headers = {}): Behaviour {
  return (_received, response) => void response.writeHead(status, headers).end(body);
}

async function errorOf(answer: Promise<unknown>): Promise<CoordinationError> {
  return await answer.then(
    (answer) => assert.fail(`it answered ${JSON.stringify(answer)}`.slice(0, 200)),
    (error) => error,
  );
}

Deno.test("a command is one POST of its words, with the token and nothing else of ours", () =>
  withServer(async (server, send) => {
    server.behave(says(200, '{"result":[1,"x",null]}'));
    assert.deepEqual(await send(["EVAL", "return 'ü'", "0", TRICKY]), [1, "x", null]);
    const [{ method, url, headers, body }] = server.received as [typeof server.received[0]];
    assert.deepEqual([method, url], ["POST", "/"]);
    assert.deepEqual(JSON.parse(body), ["EVAL", "return 'ü'", "0", TRICKY]);
    assert.equal(headers["authorization"], `Bearer ${TOKEN}`);
    // SRH takes this very text for JSON, and no other.
    assert.equal(headers["content-type"], "application/json");
    const ours = Object.keys(headers).filter((name) => name.startsWith("upstash"));
    assert.deepEqual(ours, []);
    assert.equal(server.received.length, 1);
  }));

Deno.test("a path in front of the API is kept", () =>
  withServer(async (server) => {
    server.behave(says(200, '{"result":"PONG"}'));
    const send = upstashCommand({ url: `http://${server.host}/redis`, token: TOKEN });
    assert.equal(await send(["PING"]), "PONG");
    assert.equal(server.received[0]?.url, "/redis");
  }));

Deno.test("an answer that comes byte by byte is read as it was sent", () =>
  withServer(async (server, send) => {
    const bytes = new TextEncoder().encode(JSON.stringify({ result: [TRICKY, "\uFEFF"] }));
    server.behave(async (_received, response) => {
      response.writeHead(200);
      for (const byte of bytes) {
        await new Promise((sent) => response.write(new Uint8Array([byte]), sent));
      }
      response.end();
    });
    assert.deepEqual(await send(["GET", "k"]), [TRICKY, "\uFEFF"]);
  }));

/** Of a mebibyte of spaces, so many. */
function large(mebibytes: number): string {
  return `{"result":"end"${" ".repeat(mebibytes * 2 ** 20 - 20)}}`;
}

Deno.test("an answer of megabytes is read, and of one above the limit no more than that", () =>
  withServer(async (server, send) => {
    for (const status of [200, 400]) {
      server.behave(says(status, large(31)));
      if (status === 200) assert.equal(await send(["GET", "k"]), "end");
      else assert.match((await errorOf(send(["GET", "k"]))).message, /\(HTTP status 400\)/);
    }
    const piece = " ".repeat(2 ** 16);
    for (const status of [200, 400, 500]) {
      const closed = Promise.withResolvers<number>();
      server.behave((_received, response) => {
        response.writeHead(status).write('{"result":"end"');
        let written = 0;
        // It never ends by itself.
        const more = () => {
          while (!response.destroyed && response.write(piece)) written += piece.length;
          written += piece.length;
        };
        response.on("drain", more).on("close", () => closed.resolve(written));
        more();
      });
      const error = await errorOf(send(["GET", "k"]));
      assert.equal(error.code, "unknown-outcome");
      assert.match(error.message, /^upstash gave no valid answer.*\(more than 32 MiB\)/);
      assert(await closed.promise >= 32 * 2 ** 20);
    }
  }));

Deno.test("a packed answer counts as what it unpacks to", () =>
  withServer(async (server, send) => {
    const packed = (mebibytes: number) =>
      says(200, gzipSync(large(mebibytes)), { "content-encoding": "gzip" });
    server.behave(packed(31));
    assert.equal(await send(["GET", "k"]), "end");
    server.behave(packed(64));
    assert.match((await errorOf(send(["GET", "k"]))).message, /more than 32 MiB/);
  }));

Deno.test("a redirect is named, with what to look at, and its page is not read", () =>
  withServer(async (server, send) => {
    for (const status of [300, 301, 302, 303, 304, 307, 308]) {
      server.behave(says(status, "", { location: "/elsewhere" }));
      const error = await errorOf(send(["GET", "k"]));
      assert.equal(error.code, "unknown-outcome", `${status}`);
      assert.match(error.message, /a redirect, which is not followed: check the URL/);
    }
    assert.equal(server.received.length, 7);
  }));

Deno.test("a browser hides what a redirect is, and it is named all the same", async () => {
  const asked: (RequestRedirect | undefined)[] = [];
  const hiding: typeof fetch = (_url, init) => {
    asked.push(init?.redirect);
    const hidden = { type: "opaqueredirect", status: 0, ok: false, body: null };
    return Promise.resolve(hidden as Response);
  };
  await whileFetchIs(hiding, async () => {
    const error = await errorOf(upstashCommand({ url: "https://h", token: TOKEN })(["PING"]));
    assert.match(error.message, /a redirect, which is not followed/);
    assert.deepEqual(asked, ["manual"]);
  });
});

/** Answers of a server that speaks Upstash's protocol over a Redis of one's own (SRH), of all its versions. */
const SRH = {
  "a wrong token, in words": says(401, "Invalid token"),
  "a wrong token, in JSON": says(401, '{"error":"Invalid token"}'),
  "a wrong token, and nothing said": says(401, ""),
} as const;

Deno.test("a token that a server of one's own does not know is a definite refusal", async (t) => {
  await withServer(async (server) => {
    const driver = upstash({ url: `http://${server.host}`, token: TOKEN });
    for (const [name, behave] of Object.entries(SRH)) {
      await t.step(name, async () => {
        server.behave(behave);
        const error = await errorOf(driver.apply([acquire("a")]));
        assert(error instanceof ConnectionError, `${error}`);
        assert.deepEqual([error.code, error.retryable], ["unauthorized", false]);
        assert.match(error.message, /nothing was written \(Unauthorized.*check the token/);
      });
    }
  });
});

Deno.test("an error without a content type teaches the script, too", () =>
  withUpstash(async ({ server }) => {
    const driver = upstash({ url: server.url, token: server.token });
    server.faults.next({ status: 400, body: '{"error":"NOSCRIPT No matching script"}' });
    const [outcome] = await driver.apply([acquire("a")]);
    assert.equal(outcome?.ok, true);
    assert.equal(server.requests, 2);
  }));

/** What is no answer of the API's, and the words by which it is told. */
const NO_ANSWER: readonly (readonly [status: number, body: string, said: RegExp])[] = [
  [200, "", /HTTP status 200/],
  [200, "null", /HTTP status 200/],
  [200, "[1]", /HTTP status 200/],
  [200, '"result"', /HTTP status 200/],
  [200, '{"error":{"message":"no"}}', /HTTP status 200/],
  [200, '{"result":1', /HTTP status 200/],
  [500, '{"result":1}', /HTTP status 500/],
  [500, "An error occurred internally", /HTTP status 500/],
  [502, "<html>Bad Gateway</html>", /HTTP status 502/],
  [404, "Endpoint not found", /HTTP status 404/],
];

Deno.test("whatever else is answered is unknown, and its status is told", () =>
  withServer(async (server, send) => {
    for (const [status, body, said] of NO_ANSWER) {
      server.behave(says(status, body));
      const error = await errorOf(send(["GET", "k"]));
      assert(error instanceof UnknownOutcome, `${status} ${body}: ${error}`);
      assert.match(error.message, said);
    }
  }));

/** What `fetch` throws for an address that nobody listens to, in the words of Node. */
const REFUSED = () =>
  new TypeError("fetch failed", {
    cause: Object.assign(new Error("connect ECONNREFUSED fetch 127.0.0.1:1"), {
      code: "ECONNREFUSED",
    }),
  });

/** Runs a test while `fetch` fails with an error. */
function failing(error: unknown, test: () => Promise<void>): Promise<void> {
  return whileFetchIs(() => Promise.reject(error), test);
}

Deno.test("the network's own code is told also where its words have the token in them", () =>
  failing(REFUSED(), async () => {
    const refused = await errorOf(
      upstash({ url: "https://h", token: "fetch" }).apply([acquire("a")]),
    );
    assert.equal(refused.code, "connection");
    assert.match(refused.message, /was not reached.*ECONNREFUSED/);
    assert.equal((refused.cause as { code?: string }).code, "ECONNREFUSED");
    const bare = await errorOf(upstashCommand({ url: "https://h", token: "fetch" })(["PING"]));
    assert.doesNotMatch(inspect(bare).replaceAll(/^ +at .*$/gm, ""), /fetch/);
    assert.match(inspect(bare), /\[token\] failed[^]*ECONNREFUSED \[token\]/);
  }));

Deno.test("a token of four characters is a secret, one of three is a part of most words", async () => {
  for (const [token, said] of [["fail", "fetch [token]ed"], ["fai", "fetch failed"]] as const) {
    await failing(new TypeError("fetch failed"), async () => {
      const error = await errorOf(upstashCommand({ url: "https://h", token })(["PING"]));
      assert.equal(error.message, said);
    });
  }
});

Deno.test("eight causes are kept, each without the token and with its code", () => {
  const make = (n: number): Error =>
    Object.assign(new Error(`${n} ${TOKEN}`, n < 20 ? { cause: make(n + 1) } : {}), {
      code: `C${n}`,
    });
  return failing(make(0), async () => {
    let error: unknown = await errorOf(
      upstashCommand({ url: "https://h", token: TOKEN })(["PING"]),
    );
    const seen: string[] = [];
    for (; error; error = Object(error).cause) {
      seen.push(`${Object(error).message} ${Object(error).code}`);
    }
    assert.deepEqual(seen, Array.from({ length: 9 }, (_, n) => `${n} [token] C${n}`));
  });
});

Deno.test("causes that go in circles are cut, and the token is in none of them", () => {
  const one = new Error(`one ${TOKEN}`);
  one.cause = new Error("two", { cause: one });
  return failing(one, async () => {
    const error = await errorOf(upstashCommand({ url: "https://h", token: TOKEN })(["PING"]));
    assert.doesNotMatch(inspect(error, { depth: 20 }), /a\+token/);
  });
});

Deno.test("a token of one letter blanks no error: neither a refusal nor a network that is away", () =>
  withServer(async (server) => {
    const { host } = server;
    for (const token of ["t", "e", "n", "1"]) {
      const driver = upstash({ url: `http://${host}`, token });
      server.behave(says(401, '{"error":"WRONGPASS invalid or missing auth token"}'));
      const wrong = await errorOf(driver.apply([acquire("a")]));
      assert.equal(wrong.code, "unauthorized", token);
      assert.match(wrong.message, /\(Unauthorized WRONGPASS invalid or missing auth token\)/);
      await failing(REFUSED(), async () => {
        const away = await errorOf(driver.apply([acquire("a")]));
        assert.equal(away.code, "connection", token);
        assert.match(away.message, /\(fetch failed, ECONNREFUSED\)/);
      });
    }
  }));

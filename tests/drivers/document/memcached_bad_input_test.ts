/**
 * What is not memcached, or is one that cannot be used as it is: one clear error each, and nothing is
 * half-written.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { codeOf, isRetryable } from "../../../errors.ts";
import type { Driver } from "../../../drivers/driver.ts";
import { memcached, type MemcachedOptions } from "../../../drivers/document/memcached.ts";
import { getCoordinator } from "../../../url.ts";
import { acquire, inspect, release, renew } from "../../conformance/operations.ts";
import { startBabbler, startBadServer } from "../../security/bad_server.ts";
import { CERTIFICATE, PRIVATE_KEY } from "../../servers/certificate.ts";
import { inFolder } from "../../servers/folders.ts";
import { freePort } from "../../servers/ports.ts";
import { startRedis } from "../../servers/redis.ts";
import {
  refusesOptions,
  refusesUrls,
  type WrongOptions,
  type WrongUrls,
} from "../refused_input.ts";
import { type Handle, one, withMemcached } from "./with_memcached.ts";

const server = "localhost:11211";

const OPTIONS: WrongOptions<MemcachedOptions> = [
  [{ server: "" }, /HOST:PORT/],
  [{ server: undefined as unknown as string }, /HOST:PORT/],
  [{ server: "memcached://localhost:11211" }, /HOST:PORT/],
  [{ server: "root:s3cret@localhost:11211" }, /HOST:PORT/],
  [{ server: "a:11211,b:11211" }, /HOST:PORT/],
  [{ server: "localhost:65536" }, /HOST:PORT/],
  [{ server, key: "" }, /key/],
  [{ server, key: "a b" }, /key/],
  [{ server, key: "é" }, /key/],
  [{ server, key: "k".repeat(201) }, /key/],
  [{ server, user: "root" }, /a user and a password/],
  [{ server, password: "s3cret" }, /a user and a password/],
  [{ server, user: "a:b", password: "s3cret" }, /printable/],
  [{ server, user: "a b", password: "s3cret" }, /printable/],
  [{ server, user: "root", password: "s3cret\r\nflush_all" }, /printable/],
  [{ server, user: "root", password: "s3cret word" }, /printable/],
  [{ server: "cache.example", user: "root", password: "s3cret" }, /tls/],
  [{ server, now: 5 as unknown as () => number }, /now/],
];

Deno.test("Memcached: options that cannot be right are refused, and no error shows a secret", () => {
  refusesOptions(OPTIONS, memcached, /s3cret/);
});

const URLS: WrongUrls = [
  ["memcached:", /memcached:\/\/host:port/],
  ["memcached:localhost", /memcached:\/\/host:port/],
  ["memcached://", /memcached:\/\/host:port/],
  ["memcached://a:11211,b:11211", /one server/],
  ["memcached://localhost/a/s3cret", /memcached:\/\/host:port/],
  ["memcached://localhost#s3cret", /memcached:\/\/host:port/],
  ["memcached://localhost/a%20b", /key/],
  ["memcached://root@localhost", /a user and a password/],
  ["memcached://localhost", /a user and a password/, "s3cret"],
  ["memcached://root:s3cret%@localhost", /percent-encoding/],
  ["memcached://root:s3cret@cache.example", /use_ssl=true/],
  ["memcached://localhost?max_pool_size=5", /max_pool_size.*one connection/],
  ["memcached://localhost?ca_cert=/etc/s3cret.pem", /ca_cert.*no files are read/],
  ["memcached://localhost?ssl_key_password=s3cret", /ssl_key_password.*no files are read/],
  ["memcached://localhost?ssl_check_hostname=False", /ssl_check_hostname.*only be true/],
  ["memcached://localhost?use_ssl=s3cret", /use_ssl.*not true or false/],
  ["memcached://localhost?sslmode=s3cret", /option 1/],
];

Deno.test("Memcached: URLs that cannot be right are refused, and no error shows a secret", async () => {
  await refusesUrls(URLS, /s3cret/);
});

Deno.test("Memcached: Tooz's URLs and ours lead to the same leases, and a key to others; stop() closes the connection", () =>
  withMemcached(async ({ server }) => {
    const urls = [
      `memcached://${server.host}`,
      `Memcached://${server.host}/`,
      `memcached://${server.host}/baton?timeout=10&lock_timeout=20&leader_timeout=5&use_ssl=False`,
      `memcached://user:unused@${server.host}?membership_timeout=10&ssl_check_hostname=True`,
    ];
    const first = await getCoordinator(urls[0]!, "first");
    const lease = await first.getLock("x").hold();
    for (const [n, url] of urls.entries()) {
      await using baton = await getCoordinator(url, `${n}`);
      const [holder] = await baton.getLock("x").holders();
      assert.equal(holder?.token, lease.token, url);
    }
    // Where nobody has to log in, nobody can read what was sent as a password either.
    assert.deepEqual(await server.ask("mg baton.login v"), ["EN"]);
    await using elsewhere = await getCoordinator(`memcached://${server.host}/mine`, "else");
    assert.deepEqual(await elsewhere.getLock("x").holders(), []);
    await first.stop();
  }));

/** The error of an acquisition. */
async function says(driver: Driver, code: string, words: RegExp): Promise<Error> {
  let seen: Error | undefined;
  await assert.rejects(driver.apply([acquire("lock:a")]), (error: Error) => {
    assert.equal(codeOf(error), code, `${error}`);
    assert.match(error.message, words);
    seen = error;
    return true;
  });
  return seen!;
}

Deno.test("Memcached: where something else answers, or nothing, one clear error says so", async () => {
  const web = await startBadServer();
  const babbler = await startBabbler("220 mail.example ESMTP ready\r\n");
  const redis = await startRedis();
  const empty = `127.0.0.1:${await freePort()}`;
  try {
    const not = /nothing was written.*not memcached.*look at the host and port/;
    await says(
      memcached({ server: web.host }),
      "connection",
      /nothing was written.*look at the host/,
    );
    await says(memcached({ server: babbler.host }), "connection", not);
    await says(memcached({ server: `127.0.0.1:${redis.port}` }), "connection", not);
    const error = await says(memcached({ server: empty }), "connection", /ECONNREFUSED|refused/);
    assert.ok(isRetryable(error));
    const tls = memcached({ server: babbler.host, tls: true });
    await says(tls, "connection", /nothing was written/);
  } finally {
    await web.stop();
    await babbler.stop();
    await redis.stop();
  }
});

/** A server that answers each flight with the next of these texts, and then ends. */
async function withAnswers(
  answers: readonly string[],
  test: (driver: Driver) => Promise<void>,
): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    let flight = 0;
    socket.on("data", (flew) => {
      const nonce = / O(\S+) /.exec(String(flew))?.[1] ?? "";
      const answer = answers[flight++]?.replaceAll("NONCE", nonce) ?? "";
      if (flight < answers.length) socket.write(answer);
      else socket.end(answer);
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  try {
    await using driver = memcached({ server: `127.0.0.1:${port}` }) as Handle;
    await test(driver);
  } finally {
    for (const each of sockets) each.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

const TIME = "HD ONONCE s0 c7 t300000000\r\n";
const EMPTY = `${TIME}EN\r\n`;

Deno.test("Memcached: an answer that is odd, cut off or missing is never an outcome, whatever was asked", async () => {
  const unknown: Readonly<Record<string, readonly string[]>> = {
    "half a line": [TIME.slice(0, 9)],
    "half a look": [TIME],
    "half an item": [`${TIME}VA 100 ONONCE c5\r\n{"baton"`],
    "an item that is no JSON": [`${TIME}VA 8 ONONCE c5\r\n{"baton"\r\n`],
    "no answer to a write": [EMPTY],
    "half an answer to a write": [EMPTY, "STO"],
    "another answer to a write": [EMPTY, "HD\r\n"],
    "a proxy's answer to a write": [EMPTY, "SERVER_ERROR timed out\r\n"],
  };
  for (const [what, answers] of Object.entries(unknown)) {
    await withAnswers(answers, async (driver) => {
      await assert.rejects(one(driver, acquire("lock:a")), { code: "unknown-outcome" }, what);
    });
  }
  const definite: Readonly<Record<string, readonly string[]>> = {
    "no answer at all": [],
    "an answer to another question": ["HD Oother s0 c7 t300000000\r\n"],
    "a line without end": ["HD ".padEnd(5_000, "x")],
    "an item without end": [`${TIME}VA 99999999 ONONCE c5\r\n`],
    "an item that is longer than it says": [`${TIME}VA 2 ONONCE c5\r\n{}{}{}\r\n`],
    "an old server": ["ERROR\r\nERROR\r\n"],
    "a server without versions": ["HD ONONCE s0 c0 t300000000\r\nEN\r\n"],
    "a server that has no time": Array(3).fill("HD ONONCE s0 c7 t-1\r\nEN\r\n"),
    "no room": [EMPTY, "SERVER_ERROR out of memory storing object\r\n"],
    "a write that is not known": [EMPTY, "ERROR\r\n"],
  };
  for (const [what, answers] of Object.entries(definite)) {
    await withAnswers(answers, async (driver) => {
      const error = await one(driver, acquire("lock:a")).catch((error) => error);
      assert.equal(codeOf(error), "connection", `${what}: ${error}`);
      assert.match(error.message, /nothing was written/, what);
    });
  }
});

Deno.test("Memcached: a reply that comes byte by byte is read", () =>
  withMemcached(async ({ connect }) => {
    const { connect: open } = await import("../../../drivers/kit/sockets.ts");
    const driver = connect({
      async connect(address) {
        const socket = await open("test", address);
        const pieces = new TransformStream<Uint8Array, Uint8Array>({
          transform: (chunk, out) => chunk.forEach((byte) => out.enqueue(new Uint8Array([byte]))),
        });
        return { ...socket, readable: socket.readable.pipeThrough(pieces) };
      },
    });
    const mine = acquire("lock:a", { value: "é€😀\r\nEND\r\n" });
    assert.equal((await one(driver, mine)).ok, true);
    assert.equal((await one(driver, inspect("lock:a"))).leases[0]?.value, mine.value);
    await driver[Symbol.asyncDispose]();
  }));

Deno.test("Memcached: with another password, or without one, nothing is read or written", () =>
  withMemcached(async ({ connect }) => {
    const user = "baton";
    const driver = connect({ user, password: "s3cret:a-long-one" });
    const held = acquire("lock:a");
    assert.equal((await one(driver, held)).ok, true);
    const others = [
      { user, password: "guessed" },
      { user: "b", password: "s3cret:a-long-one" },
      {},
    ];
    for (const account of others) {
      const other = connect(account);
      const error = await says(other, "unauthorized", /nothing was written.*check the user/);
      assert.doesNotMatch(error.message, /s3cret|guessed/);
      await assert.rejects(other.apply([inspect("lock:a")]), { code: "unauthorized" });
    }
    const again = connect({ user, password: "s3cret:a-long-one" });
    assert.deepEqual((await one(again, inspect("lock:a"))).leases.map(({ id }) => id), [held.id]);
    assert.equal((await one(again, renew(held))).ok, true);
  }, { users: ["somebody:else", "baton:s3cret:a-long-one"] }));

Deno.test("Memcached: over TLS, to a server whose certificate is known, and to no other", () =>
  inFolder("baton-memcached-tls-", async (folder) => {
    await Deno.writeTextFile(`${folder}/chain.pem`, CERTIFICATE);
    await Deno.writeTextFile(`${folder}/key.pem`, PRIVATE_KEY);
    const files = `ssl_chain_cert=${folder}/chain.pem,ssl_key=${folder}/key.pem`;
    const port = await freePort();
    await withMemcached(async ({ connect }) => {
      const driver = connect({ server: `localhost:${port}`, tls: { ca: CERTIFICATE } });
      assert.equal((await one(driver, acquire("lock:a"))).ok, true);
      await says(connect({ server: `localhost:${port}`, tls: true }), "connection", /certificate/);
      await says(
        connect({ server: `localhost:${port}` }),
        "connection",
        /nothing was written.*wants TLS/,
      );
    }, { tls: { port, files } });
  }));

Deno.test("Memcached: a document that the server has no room for is refused, what is held stays, and a release is not refused", () =>
  withMemcached(async ({ connect }) => {
    const driver = connect();
    const held = Array.from(
      { length: 6 },
      (_, n) => acquire(`lock:${n}`, { value: "x".repeat(4_000) }),
    );
    for (const each of held) assert.equal((await one(driver, each)).ok, true);
    const error = await one(driver, acquire("lock:more", { value: "x".repeat(20_000) }))
      .catch((error) => error);
    assert.equal(codeOf(error), "connection");
    assert.match(error.message, /nothing was written.*too large.*release/);
    for (const each of held) assert.equal((await one(driver, renew(each))).ok, true);
    assert.equal((await one(driver, release(held[0]!))).ok, true);
    assert.equal((await one(driver, acquire("lock:less"))).ok, true);
  }, { extra: ["-I", "32k", "-o", "slab_chunk_max=16384"] }));

Deno.test("Memcached: a document that no item holds is refused before it is sent", () =>
  withMemcached(async ({ connect }) => {
    const driver = connect();
    const batch = (from: number) =>
      Array.from(
        { length: 5 },
        (_, n) => acquire(`lock:${from + n}`, { value: "é".repeat(32_000) }),
      );
    let [count, refused]: [number, unknown] = [0, undefined];
    while (refused === undefined) {
      refused = await driver.apply(batch(count)).then(() => undefined, (error) => error);
      if (refused === undefined) count += 5;
    }
    assert.equal(count, 15);
    assert.match(String(refused), /the most that fits, so nothing was written/);
    const seen = await driver.apply([inspect("lock:0"), inspect(`lock:${count}`)]);
    assert.deepEqual(seen.map(({ leases }) => leases.length), [1, 0]);
  }));

Deno.test("Memcached: somebody else's items are left alone", () =>
  withMemcached(async ({ server, connect }) => {
    await server.ask("set other 0 0 2\r\n{}", "set time.clock 0 1000 5\r\nhello");
    await says(connect({ key: "other" }), "connection", /something else.*choose another key/);
    await says(connect({ key: "time" }), "connection", /somebody else's item.*choose another key/);
    assert.deepEqual(await server.ask("mg other s", "mg time.clock s"), ["HD s2", "HD s5"]);
  }));

Deno.test("Memcached: a server that counts no versions is refused", () =>
  withMemcached(async ({ connect }) => {
    await says(connect(), "connection", /counts no versions; start it without -C/);
  }, { extra: ["-C"] }));

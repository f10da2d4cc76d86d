/**
 * What goes to memcached, byte for byte, and what each of its lines means, over a connection that the test
 * makes.
 *
 * @module
 */

import assert from "node:assert/strict";
import { memcached, type MemcachedOptions } from "../../../drivers/document/memcached.ts";
import { Connection, OddReply } from "../../../drivers/document/memcached_connection.ts";
import { memcachedError, unusable } from "../../../drivers/document/memcached_errors.ts";
import { memcachedAt } from "../../../drivers/document/memcached_url.ts";
import type { SocketAddress } from "../../../drivers/kit/sockets.ts";
import { ConnectionError, InvalidArgument, UnknownOutcome } from "../../../errors.ts";
import { acquire, inspect, renew } from "../../conformance/operations.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { type Handle, one } from "./with_memcached.ts";

/** 2027-01-15 08:00:00, of which the item's end is so many seconds away. */
const NOW = 1_800_000_000_000;
const LEFT = 2 ** 31 - 1 - NOW / 1_000;
const TIME = `HD ONONCE s0 c7 t${LEFT}\r\n`;
const EMPTY = `${TIME}EN\r\n`;

/** A driver whose flights are answered in turn, and what was sent and asked for. */
function wired(answers: readonly string[], more: Partial<MemcachedOptions> = {}) {
  const flights: string[] = [];
  const addresses: SocketAddress[] = [];
  let closes = 0;
  const driver = memcached({
    server: "localhost",
    now: () => NOW,
    connect(address) {
      addresses.push(address);
      const pipe = new TransformStream<Uint8Array, Uint8Array>();
      const replies = pipe.writable.getWriter();
      return Promise.resolve({
        readable: pipe.readable,
        writable: new WritableStream({
          async write(chunk) {
            const flight = new TextDecoder().decode(chunk);
            const nonce = / O(\S+) /.exec(flight)?.[1] ?? "";
            flights.push(flight.replaceAll(nonce || "\0", "NONCE"));
            const answer = answers[flights.length - 1]?.replaceAll("NONCE", nonce) ?? "";
            // Whoever reads may have gone.
            void replies.write(new TextEncoder().encode(answer)).catch(() => {});
            await Promise.resolve();
          },
        }),
        close: () => {
          closes++;
          void replies.close().catch(() => {});
        },
      });
    },
    ...more,
  }) as Handle;
  return { driver, flights, addresses, closes: () => closes };
}

const look = (key: string) =>
  `mg ${key}.clock ONONCE s c t N2147483647\r\nmg ${key} ONONCE c v\r\n`;

Deno.test("Memcached: a first write adds the item, and a later one replaces the version that was read", async () => {
  const mine = acquire("lock:é");
  const first = wired([EMPTY, "STORED\r\n"]);
  assert.equal((await one(first.driver, mine)).leases[0]?.token, NOW);
  const [read, write = ""] = first.flights;
  assert.equal(read, look("baton"));
  const [, length, text = ""] = /^add baton 0 0 (\d+)\r\n(.*)\r\n$/s.exec(write) ?? [];
  assert.equal(Number(length), new TextEncoder().encode(text).length);
  const { baton, writes, last, leases } = JSON.parse(text);
  // What ends is seen up to two seconds late.
  const row = ["", mine.id, NOW, "", mine.ttl, NOW + 1_999 + mine.ttl];
  assert.deepEqual([baton, writes, last, leases], [1, 1, NOW, [["lock:é", [row]]]]);
  const bytes = new TextEncoder().encode(text).length;
  const later = wired([`${TIME}VA ${bytes} ONONCE c5\r\n${text}\r\n`, "STORED\r\n"], { key: "k" });
  assert.equal((await one(later.driver, renew(mine))).ok, true);
  assert.equal(later.flights[0], look("k"));
  assert.match(later.flights[1] ?? "", /^cas k 0 0 \d+ 5\r\n\{.*"writes":2,.*\}\r\n$/s);
  assert.deepEqual([first.addresses.length, later.addresses.length], [1, 1]);
  const [{ host, port, tls } = assert.fail()] = first.addresses;
  assert.deepEqual([host, port, tls], ["localhost", 11_211, undefined]);
});

Deno.test("Memcached: who logs in does so with the first flight, and once a connection", async () => {
  const login = { user: "me", password: "s3cret:1" };
  const { driver, flights } = wired([`STORED\r\n${EMPTY}`, EMPTY], login);
  for (let n = 0; n < 2; n++) await one(driver, inspect("x"));
  assert.deepEqual(flights, [
    `set baton.login 0 -1 11\r\nme s3cret:1\r\n${look("baton")}`,
    look("baton"),
  ]);
  for (const line of ["ERROR\r\n", "NOT_STORED\r\n", "STORED \rX\r\n"]) {
    const error = await batonErrorOf(one(wired([line + EMPTY], login).driver, inspect("x")));
    assert.ok(error instanceof ConnectionError, line);
  }
  for (const length of [1, 200]) {
    wired([], { user: "u".repeat(length), password: "~".repeat(length) });
  }
  for (
    const [user, password] of [
      ["u".repeat(201), "p"],
      ["u", "p".repeat(201)],
      ["u:", "p"],
      [
        "u\n",
        "p",
      ],
      ["u", "p\n"],
      ["\x7f", "p"],
    ]
  ) {
    assert.throws(() => wired([], { user, password }), InvalidArgument, `${user} ${password}`);
  }
});

Deno.test("Memcached: whoever wrote first wins, in all words for it, and the item is read again", async () => {
  for (const line of ["EXISTS", "NOT_FOUND", "NOT_STORED"]) {
    const { driver, flights } = wired([EMPTY, `${line}\r\n`, EMPTY, "STORED\r\n"]);
    assert.equal((await one(driver, acquire("lock:a"))).ok, true, line);
    assert.equal(flights.length, 4);
  }
  for (const line of ["XEXISTS", "EXISTSX", "exists"]) {
    const { driver } = wired([EMPTY, `${line}\r\n`]);
    const error = await batonErrorOf(one(driver, acquire("lock:a")));
    assert.ok(error instanceof UnknownOutcome, line);
  }
});

Deno.test("Memcached: the time is asked for up to three times, and must be the item's own", async () => {
  const made = TIME.replace(/t\d+/, "t-1") + "EN\r\n";
  const { driver, flights } = wired([made, made, EMPTY]);
  await one(driver, inspect("x"));
  assert.equal(flights.length, 3);
  let requests = 0;
  const [never, beforeRequest] = [wired([made, made, made]), () => void requests++];
  const call = never.driver.apply([inspect("x")], { beforeRequest });
  assert.match((await batonErrorOf(call)).message, /its item for the time has no end/);
  assert.equal(requests, 3);
  for (
    const [line, words] of [
      [TIME.replace("s0", "s10"), /somebody else's item/],
      [TIME.replace("c7", "c0"), /counts no versions/],
      [TIME.replace("c7", "c10"), undefined],
      [`X${TIME}`, /not memcached/],
      [TIME.replace("ONONCE", "Oother"), /not memcached/],
    ] as const
  ) {
    const call = one(wired([`${line}EN\r\n`]).driver, inspect("x"));
    if (words) assert.match((await batonErrorOf(call)).message, words, line);
    else await call;
  }
  for (const line of ["ENX", "XEN", "VA 2 Oother c5\r\n{}", "XVA 2 ONONCE c5\r\n{}"]) {
    const error = await batonErrorOf(one(wired([`${TIME}${line}\r\n`]).driver, inspect("x")));
    assert.match(error.message, /not memcached/, line);
  }
});

Deno.test("Memcached: an abort between the look and the write is its own reason, and nothing is written", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const now = (): number => {
    controller.abort(reason);
    return NOW;
  };
  const { driver, flights } = wired([EMPTY, "STORED\r\n"], { now });
  const call = driver.apply([acquire("lock:a")], { signal: controller.signal });
  await assert.rejects(call, (error) => error === reason);
  assert.equal(flights.length, 1);
});

Deno.test("Memcached: each of its refusals is said with what to do, and what is none of its is unknown", () => {
  const of = (line: string, writes: boolean, answered = true) =>
    memcachedError(new OddReply(line), { writes, answered });
  for (
    const [line, code, retryable, words] of [
      ["CLIENT_ERROR unauthenticated", "unauthorized", false, /the login failed.*the password/],
      ["CLIENT_ERROR authentication failure", "unauthorized", false, /the login failed/],
      ["SERVER_ERROR out of memory storing object", "connection", true, /its memory is full/],
      ["SERVER_ERROR object too large for cache", "connection", true, /too large for it/],
      ["ERROR", "connection", false, /does not know the command.*1\.6 or newer/],
      ["CLIENT_ERROR bad data chunk", "connection", false, /does not know the command/],
    ] as const
  ) {
    for (const writes of [true, false]) {
      const error = of(line, writes);
      assert.deepEqual([error.code, error.retryable], [code, retryable], line);
      assert.match(error.message, words);
      assert.match(error.message, /so nothing was written/);
    }
  }
  for (
    const line of [
      ...["ERRORS", "XERROR", "SERVER_ERROR timed out", "x SERVER_ERROR out of memory", ""],
      ...["x SERVER_ERROR object too large", "x CLIENT_ERROR unauthenticated"],
    ]
  ) {
    assert.equal(of(line, true).code, "unknown-outcome", line);
    const look = of(line, false);
    assert.deepEqual([look.code, look.retryable], ["connection", false], line);
    assert.match(look.message, /not memcached\); look at the host and port/);
  }
});

Deno.test("Memcached: a connection that breaks has written nothing only where nobody had ever answered a look", () => {
  const broken = new Error("the server closed the connection");
  for (const writes of [true, false]) {
    for (const answered of [true, false]) {
      const error = memcachedError(broken, { writes, answered });
      assert.equal(
        error.code,
        writes || answered ? "unknown-outcome" : "connection",
        `${writes} ${answered}`,
      );
      assert.equal(error.retryable, true);
      assert.match(error.message, /\(the server closed the connection\)/);
    }
  }
  const signal = AbortSignal.abort();
  const error = memcachedError(new OddReply("ERROR"), { writes: true, answered: true, signal });
  assert.equal(error.code, "unknown-outcome");
  assert.deepEqual([unusable("x").code, unusable("x").retryable], ["connection", false]);
});

Deno.test("Memcached: no line is longer than 2 KiB, and a text ends where it says", async () => {
  const read = async <T>(
    chunks: readonly string[],
    work: (connection: Connection) => Promise<T>,
  ) => {
    const readable = ReadableStream.from(chunks.map((each) => new TextEncoder().encode(each)));
    const close = () => {};
    const socket = { readable, writable: new WritableStream<Uint8Array>(), close };
    let answers = 0;
    const connection = new Connection(socket, undefined, () => void answers++);
    return await connection.ask("", () => work(connection), undefined);
  };
  const line = (chunks: readonly string[]) => read(chunks, (each) => each.line());
  const text = (chunks: readonly string[], length: number) =>
    read(chunks, (each) => each.text(length));
  assert.equal(await line(["ab", "c\r", "\nnext"]), "abc");
  assert.equal(await line(["x".repeat(2_048), "\n"]), "x".repeat(2_048));
  await assert.rejects(line(["x".repeat(2_049), "\n"]), OddReply);
  assert.equal(await line(["\n", "next"]), "");
  await assert.rejects(line(["abc"]), /the server closed the connection/);
  assert.equal(await text(["\ufeffé", "\r", "\nrest"], 5), "\ufeffé");
  await assert.rejects(text(["abcd\r\n"], 3), OddReply);
  await assert.rejects(text(["abc"], 3), /the server closed the connection/);
  assert.equal(
    await read(
      ["one\r\n2\r\nthree\r\n"],
      async (each) => [await each.line(), await each.text(1), await each.line()].join(),
    ),
    "one,2,three",
  );
});

Deno.test("Memcached: a URL says where, the key, who, and whether over TLS", () => {
  for (
    const [url, parameters, token] of [
      ["memcached://h", undefined, undefined],
      ["MEMCACHED://h:1/k%21", "", undefined],
      ["memcached://u:p%20@localhost", "", "p"],
      ["memcached://u:p:q@[::1]:7/", "", undefined],
      ["memcached://u:p@h", "use_ssl=true&ssl_check_hostname=yes", undefined],
      ["memcached://u:p@h", "use_ssl=false", undefined],
      ["memcached://user:unused@localhost", "", undefined],
    ] as const
  ) {
    assert.equal(memcachedAt({ url, parameters, token }).name, "memcached", url);
  }
  for (
    const [url, parameters, token] of [
      ["xmemcached://h", "", undefined],
      ["memcached://h/k/x", "", undefined],
      ["memcached://h,i", "", undefined],
      ["memcached://u@localhost", "", undefined],
      ["memcached://localhost", "", "p"],
      ["memcached://u:p@h", "", undefined],
      ["memcached://u:%@localhost", "", undefined],
      ["memcached://h/%21%20", "", undefined],
      ...["max_pool_size=1", "ca_cert=x", "ssl_cert=x", "ssl_key=x", "ssl_key_password=x"]
        .map((each) => ["memcached://h", each, undefined] as const),
      ...["ssl_ciphers=x", "ssl_check_hostname=no", "use_ssl=x"]
        .map((each) => ["memcached://h", each, undefined] as const),
    ] as const
  ) {
    assert.throws(
      () => memcachedAt({ url, parameters, token }),
      InvalidArgument,
      `${url} ${parameters}`,
    );
  }
});

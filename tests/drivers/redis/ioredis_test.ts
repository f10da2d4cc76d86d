/**
 * What a `redis:` URL says to the client ioredis, option by option, and what is done with its connections.
 * `tests/url` has the same over real servers.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Redis } from "ioredis";
import { Lines, redisAt, settingsOf } from "../../../drivers/redis/ioredis.ts";
import { UnknownOutcome } from "../../../errors.ts";
import { until } from "../../servers/process.ts";
import { assertRefused, partsOf } from "../url_parts.ts";

/** What is so for every URL: the client repeats nothing and queues nothing, and gives up before Baton does. */
const ALWAYS = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 4_000,
  enableReadyCheck: false,
  disableClientInfo: true,
  db: 0,
};
const SENTINELS = { name: "m", enableTLSForSentinelMode: false };

/** By URL, what else the client is made with. */
const SAYS: readonly (readonly [url: string, settings: object, token?: string])[] = [
  ["redis://h", { host: "h" }],
  ["REDIS://h:7", { host: "h", port: 7 }],
  ["redis://[::1]:7", { host: "::1", port: 7 }],
  ["redis://h/3", { host: "h", db: 3 }],
  ["redis://h/3/", { host: "h", db: 3 }],
  ["redis://h/3?db=0", { host: "h", db: 0 }],
  ["redis://u%40:p%2F@h", { host: "h", username: "u@", password: "p/" }],
  ["redis://:p@h", { host: "h", password: "p" }],
  ["redis://u:p@h", { host: "h", username: "u", password: "t" }, "t"],
  ["rediss://h", { host: "h", tls: {} }],
  ["rediss://h?ssl=false", { host: "h" }],
  ["redis://h?ssl=yes", { host: "h", tls: {} }],
  ["redis:///run/a%20b.sock", { path: "/run/a b.sock" }],
  ["REDISS:///x?db=2&ssl=no", { path: "/x", db: 2 }],
  ["redis://h?socket_connect_timeout=0.0015", { host: "h", connectTimeout: 2 }],
  ["redis://h?socket_timeout=2.0005", { host: "h", socketTimeout: 2_001 }],
  ["redis://h?socket_keepalive=yes", { host: "h" }],
  ["redis://h?sentinel=m", { ...SENTINELS, sentinels: [{ host: "h", port: 26_379 }] }],
  ["redis://[::1]:7?sentinel=m&sentinel_fallback=a&sentinel_fallback=b:8&sentinel_fallback=[::2]", {
    ...SENTINELS,
    sentinels: [
      { host: "::1", port: 7 },
      { host: "a", port: 26_379 },
      { host: "b", port: 8 },
      { host: "::2", port: 26_379 },
    ],
  }],
  ["rediss://h?sentinel=m&sentinel_username=u&sentinel_password=p&sentinel_ssl=on", {
    name: "m",
    sentinels: [{ host: "h", port: 26_379 }],
    sentinelUsername: "u",
    sentinelPassword: "p",
    sentinelTLS: {},
    enableTLSForSentinelMode: true,
    tls: {},
  }],
];

Deno.test("a redis: URL says to the client what it says, and nothing else", () => {
  for (const [url, settings, token] of SAYS) {
    const { retryStrategy, sentinelRetryStrategy, ...said } = settingsOf(partsOf(url, token));
    assert.deepEqual(said, { ...ALWAYS, ...settings }, url);
    // It opens no connection again by itself.
    assert.deepEqual([retryStrategy?.(1), sentinelRetryStrategy?.(1)], [null, null]);
  }
});

Deno.test("a redis: URL that is none, or has an option that cannot be kept, is refused by its name", () => {
  const refused: readonly (readonly [url: string, why: RegExp])[] = [
    ...["redis:h", "redis:///", "redis:/redis:///x", "redis://h/1x", "redis://h/x1", "redis://h#x"]
      .map((url) => [url, /must be redis:\/\//] as const),
    ["redis://h/123456", /the database is a number/],
    ["redis://h?db=1.5", /option db: it must be the number/],
    ["redis:///x?db=1.5", /option db: it must be the number/],
    ["redis://h?socket_keepalive=no", /option socket_keepalive: .*always/],
    ["redis://h?sentinel=m&sentinel_fallback=:8", /option sentinel_fallback: it must be HOST:PORT/],
    ...["ssl_certfile", "ssl_keyfile", "ssl_ca_certs"].map((option) =>
      [`redis://h?${option}=x`, new RegExp(`option ${option}: no files are read`)] as const
    ),
    ...["retry_on_timeout", "health_check_interval", "encoding", "executor"].map((option) =>
      [`redis://h?${option}=x`, new RegExp(`option ${option}: leave it out: Baton`)] as const
    ),
    ...["fallback", "username", "password", "ssl"].map((option) =>
      [`redis://h?sentinel_${option}=x`, new RegExp(`sentinel_${option}: it needs`)] as const
    ),
  ];
  assertRefused(settingsOf, refused);
});

/** Clients without a server, which note what is done with their connections. */
function clients() {
  const done: string[] = [];
  const made: { fail(error: Error): void; connected: PromiseWithResolvers<void> }[] = [];
  const lines = new Lines(() => {
    const n = made.length;
    const connected = Promise.withResolvers<void>();
    const stream = {
      destroyed: false,
      ref: () => done.push(`${n} ref`),
      unref: () => done.push(`${n} unref`),
      destroy: () => {
        stream.destroyed = true;
        done.push(`${n} destroy`);
      },
    };
    let fail = (_: Error): void => assert.fail("nobody listens");
    made.push({ fail: (error) => fail(error), connected });
    return {
      stream,
      on: (event: string, listener: (error: Error) => void) => {
        if (event === "error") fail = listener;
      },
      connect: () => connected.promise,
      disconnect: () => done.push(`${n} disconnect`),
    } as unknown as Redis;
  });
  /** What was done since this was last asked. */
  const since = (): string[] => done.splice(0);
  return { lines, made, since };
}

Deno.test("one connection serves all requests, and keeps no process alive while there are none", async () => {
  const { lines, made, since } = clients();
  const [one, two] = [lines.connect(), lines.connect()];
  made[0]!.connected.resolve();
  const [first, second] = [await one, await two];
  assert.equal(first, second);
  since();
  lines.release(first, false);
  assert.deepEqual(since(), []);
  lines.release(second, false);
  assert.deepEqual(since(), ["0 unref"]);
  const again = await lines.connect();
  assert.deepEqual([again, since()], [first, ["0 ref"]]);
  const ended = lines.end();
  assert.deepEqual(since(), [], "a request is under way");
  lines.release(again, false);
  await ended;
  assert.deepEqual(since(), ["0 disconnect", "0 destroy"]);
  assert.equal(made.length, 1);
});

Deno.test("a connection that broke is not used again, and is closed when its last request is over", async () => {
  const { lines, made, since } = clients();
  const both = [lines.connect(), lines.connect()];
  made[0]!.connected.resolve();
  const [first, second] = await Promise.all(both);
  since();
  lines.release(first!, true);
  assert.deepEqual(since(), []);
  const third = lines.connect();
  made[1]!.connected.resolve();
  const newer = await third;
  assert.notEqual(newer, first);
  assert.deepEqual(since(), ["1 ref"]);
  // Of the older one the newer knows nothing.
  lines.release(second!, true);
  assert.deepEqual(since(), ["0 disconnect", "0 destroy"]);
  lines.release(newer, false);
  assert.deepEqual(since(), ["1 unref"]);
  assert.equal(await lines.connect(), newer);
  // It has ended by itself.
  newer.client.stream.destroy();
  since();
  lines.release(newer, true);
  assert.deepEqual(since(), []);
});

Deno.test("an idle connection is closed at the end, and one that cannot be made says the first reason why", async () => {
  const idle = clients();
  const opened = idle.lines.connect();
  idle.made[0]!.connected.resolve();
  idle.lines.release(await opened, false);
  idle.since();
  await idle.lines.end();
  assert.deepEqual(idle.since(), ["0 disconnect", "0 destroy"]);

  const [reason, later] = [new Error("WRONGPASS"), new Error("Connection is closed.")];
  const ends: readonly ((each: ReturnType<typeof clients>["made"][number]) => void)[] = [
    // The client rejects with less than it has said, or goes on after what it has said.
    ({ fail, connected }) => (fail(reason), fail(later), connected.reject(later)),
    ({ fail, connected }) => (fail(reason), connected.resolve()),
    ({ connected }) => connected.reject(reason),
  ];
  const { lines, made, since } = clients();
  for (const [n, end] of ends.entries()) {
    const opening = lines.connect();
    end(made[n]!);
    await assert.rejects(opening, (error) => error === reason);
    assert.deepEqual(since(), [`${n} disconnect`, `${n} destroy`]);
  }
  await lines.end();
  assert.deepEqual(since(), []);
});

/** What a server answers, whether the same connection is used after it, and what the error says. */
const ANSWERS: readonly (readonly [answer: string, kept: boolean, says: RegExp])[] = [
  ["ERR no", true, /outcome is unknown/],
  ["LOADING Redis is loading", true, /nothing was written \(LOADING/],
  ["READONLY You can't write", false, /nothing was written \(READONLY/],
  ["MASTERDOWN Link with MASTER is down", false, /nothing was written \(MASTERDOWN/],
  // So it says in Redis 6.
  [
    "ERR Error running script (call to f_1): @user_script:1: @user_script: 1: -READONLY You can't",
    false,
    /nothing was written \(READONLY/,
  ],
  ["MOVED 1 10.0.0.1:6379", true, /nothing was written: .*Redis Cluster.*Cluster of ioredis$/],
  ["ASK 1 10.0.0.1:6379", true, /nothing was written: .*Redis Cluster.*Cluster of ioredis$/],
  ["ERR it has MOVED to 1", true, /outcome is unknown/],
];

/** A server that answers every script as it is told to, or not at all, and knows nobody's password. */
function serve() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const seen = { connections: 0, scripts: 0, closed: 0 };
  let answer: string | undefined;
  const talk = async (link: Deno.Conn): Promise<void> => {
    const text = new Uint8Array(65_536);
    for (let n = await link.read(text); n !== null; n = await link.read(text)) {
      const sent = new TextDecoder().decode(text.subarray(0, n));
      const isScript = /evalsha/i.test(sent);
      if (isScript) seen.scripts++;
      const said = /auth/i.test(sent) ? "-WRONGPASS invalid" : isScript ? answer : "+OK";
      if (said !== undefined) await link.write(new TextEncoder().encode(`${said}\r\n`));
    }
    link.close();
    seen.closed++;
  };
  const served = (async () => {
    const links: Promise<void>[] = [];
    for await (const link of listener) {
      seen.connections++;
      links.push(talk(link));
    }
    await Promise.all(links);
  })();
  return {
    seen,
    at: `127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    answers: (error: string) => void (answer = `-${error}`),
    async [Symbol.asyncDispose]() {
      listener.close();
      await served;
    },
  };
}

const LOOK = [{ op: "inspect", resource: "r" }] as const;

Deno.test("a connection to a server that is read-only is not used again, and a cluster is named", async () => {
  await using server = serve();
  const driver = await redisAt({ url: `redis://${server.at}` });
  for (const [text, kept, says] of ANSWERS) {
    server.answers(text);
    await assert.rejects(driver.apply(LOOK), says, text);
    const before = server.seen.connections;
    await assert.rejects(driver.apply(LOOK), says);
    assert.equal(server.seen.connections - before, kept ? 0 : 1, text);
  }
  await driver[Symbol.asyncDispose]?.();
});

Deno.test("a call that is given up closes its connection, and a wrong password is named", async () => {
  await using server = serve();
  const driver = await redisAt({ url: `redis://${server.at}` });
  const stop = new AbortController();
  const call = driver.apply(LOOK, { signal: stop.signal });
  await until("it is under way", () => server.seen.scripts === 1);
  stop.abort();
  await assert.rejects(call, UnknownOutcome);
  await until("its connection is closed", () => server.seen.closed === 1);
  const stranger = await redisAt({ url: `redis://:secret@${server.at}` });
  await assert.rejects(stranger.apply(LOOK), { code: "unauthorized" });
  for (const each of [driver, stranger]) await each[Symbol.asyncDispose]?.();
});

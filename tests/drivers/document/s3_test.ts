/**
 * What is S3's own: conditions that a server must know, its errors in words, a copy of a request that was
 * sent unasked, and its clock.
 *
 * @module
 */

import assert from "node:assert/strict";
import { s3, type S3Options } from "../../../drivers/document/s3.ts";
import { ConnectionError, InvalidArgument, UnknownOutcome } from "../../../errors.ts";
import { granted, lists, refused, released, step } from "../../conformance/expect.ts";
import { acquire, breakSeat, inspect, release, renew } from "../../conformance/operations.ts";
import { until } from "../../servers/process.ts";
import { type S3Server, startS3 } from "../../servers/s3.ts";

type Started = Parameters<typeof startS3>[0];

async function withS3(
  test: (
    server: S3Server,
    connect: (more?: Partial<S3Options>) => ReturnType<typeof s3>,
  ) => unknown,
  options: Started = {},
): Promise<void> {
  const server = await startS3(options);
  const { url, keys: credentials, region } = server;
  try {
    await test(server, (more) => s3({ url: `${url}/baton.json`, credentials, region, ...more }));
  } finally {
    await server.stop();
  }
}

Deno.test("a write is two requests, a look one, and the first write of an object two more", () =>
  withS3(async (server, connect) => {
    const count = async (requests: number, work: () => Promise<unknown>): Promise<void> => {
      const before = server.requests;
      await work();
      assert.equal(server.requests - before, requests);
    };
    const driver = connect();
    const mine = acquire("lock:a");
    await count(1, () => driver.apply([inspect("lock:a")]));
    await count(4, () => driver.apply([mine]));
    await count(1, () => driver.apply([mine]));
    await count(1, () => driver.apply([acquire("lock:a")]));
    await count(2, () => driver.apply([renew(mine), acquire("lock:b"), inspect("lock:a")]));
    await count(2, () => driver.apply([release(mine)]));
    await count(1, () => driver.apply([release(mine)]));
  }));

for (const ignored of ["if-match", "if-none-match"]) {
  Deno.test(`a server that ignores ${ignored} grants nothing, to nobody, then or later`, () =>
    withS3(async (_, connect) => {
      await assert.rejects(connect().apply([acquire("lock:a")]), (error: Error) => {
        assert(error instanceof ConnectionError && !error.retryable);
        assert.match(error.message, new RegExp(`ignores ${ignored}`));
        return true;
      });
      await assert.rejects(connect().apply([acquire("lock:a")]), ConnectionError);
      await assert.rejects(connect().apply([inspect("lock:a")]), ConnectionError);
    }, { ignores: [ignored] }));
}

Deno.test("a first write is unknown, and not refused, if it is done and the store cannot be tried any more", () =>
  withS3(async (server, connect) => {
    const driver = connect();
    const mine = acquire("groups", { ttl: Infinity });
    server.faults.next("pass", "pass", "pass", {
      status: 503,
      body: "<Error><Code>SlowDown</Code></Error>",
    });
    await assert.rejects(driver.apply([mine]), UnknownOutcome);
    await granted(driver, mine);
    server.objects.clear();
    let left = 3;
    const beforeRequest = () => {
      if (left-- === 0) throw new Error("no more requests");
    };
    await assert.rejects(driver.apply([mine], { beforeRequest }), UnknownOutcome);
    await granted(driver, mine);
  }));

Deno.test("a write whose copy lost against it is known to be done: nobody is released twice", () =>
  withS3(async (server, connect) => {
    const driver = connect();
    const [mine, theirs] = [acquire("lock:a"), acquire("lock:a")];
    await granted(driver, mine);
    // The look passes; the write is done twice, and the second answer is given.
    server.faults.next("pass", "duplicate");
    await released(driver, breakSeat(mine));
    assert.equal(server.faults.seen.findLast(({ kind }) => kind === "duplicate")?.executed, 2);
    const lease = await granted(driver, theirs);
    server.faults.next("pass", "duplicate");
    assert.equal((await step(driver, renew(theirs, "new"))).ok, true);
    await lists(driver, inspect("lock:a"), [{ ...lease, value: "new" }]);
    server.faults.next("pass", "duplicate");
    await released(driver, release(theirs));
    await refused(driver, release(theirs), []);
  }));

Deno.test("if too many have written since, it cannot be told, and the outcome is unknown", () =>
  withS3(async (server, connect) => {
    const [driver, other] = [connect(), connect()];
    const mine = acquire("lock:a");
    await granted(driver, mine);
    server.faults.next("pass", "duplicate");
    const { promise, resolve } = Promise.withResolvers<void>();
    server.faults.next({ hold: promise });
    const call = driver.apply([release(mine)]);
    const rejected = assert.rejects(call, UnknownOutcome);
    await until("it reads again", () => server.faults.count("hold") === 1);
    for (let n = 0; n < 20; n++) await other.apply([acquire(`lock:${n}`)]);
    resolve();
    await rejected;
  }));

Deno.test("what S3 refuses is said with what to do, and without any credential", async () => {
  await withS3(async (server, connect) => {
    const secret = crypto.randomUUID();
    const denied = async (more: Partial<S3Options>, words: RegExp, code = "unauthorized") => {
      const before = server.objects.size;
      await assert.rejects(connect(more).apply([acquire("lock:a")]), (error: ConnectionError) => {
        assert(error instanceof ConnectionError, `${error}`);
        assert.equal(error.code, code);
        assert.match(error.message, words);
        assert(!Deno.inspect(error).includes(secret));
        return true;
      });
      assert.equal(server.objects.size, before);
    };
    const { accessKeyId } = server.keys;
    await denied({ credentials: { accessKeyId, secretAccessKey: secret } }, /credentials/);
    await denied({ region: "elsewhere" }, /region/);
    await denied({ url: server.url.replace("leases", "none/k") }, /bucket/, "connection");
    for (
      const [status, code, words, retryable] of [
        [503, "SlowDown", /too often/, true],
        [429, "TooManyRequests", /too often/, true],
        [501, "NotImplemented", /conditional/, false],
        [403, "RequestTimeTooSkewed", /clock/, false],
      ] as const
    ) {
      server.faults.next({ status, body: `<Error><Code>${code}</Code></Error>` });
      await assert.rejects(connect().apply([acquire("lock:a")]), (error: ConnectionError) => {
        assert(error instanceof ConnectionError, `${error}`);
        assert.match(error.message, words);
        assert.equal(error.retryable, retryable);
        return true;
      });
    }
  });
});

Deno.test("an answer without a date, from a cache, or of somebody else's object grants nothing", () =>
  withS3(async (server, connect) => {
    const answers = [
      { headers: { etag: '"1"', date: "yesterday" }, body: "{}", error: UnknownOutcome },
      {
        headers: { etag: '"1"', date: new Date().toUTCString(), age: "3" },
        body: "{}",
        error: UnknownOutcome,
      },
      {
        headers: { etag: '"1"', date: new Date().toUTCString() },
        body: '{"name":"x"}',
        error: ConnectionError,
      },
      {
        headers: { etag: '"1"', date: new Date().toUTCString() },
        body: '{"baton":2}',
        error: ConnectionError,
      },
      { headers: { date: new Date().toUTCString() }, body: "{}", error: UnknownOutcome },
    ];
    for (const { headers, body, error } of answers) {
      server.faults.next({ status: 200, headers, body });
      await assert.rejects(connect().apply([acquire("lock:a")]), error);
    }
    assert.equal(server.objects.size, 0);
  }));

Deno.test("credentials may change, and are asked for before each request", () =>
  withS3(async (server, connect) => {
    const calls: number[] = [];
    const driver = connect({
      credentials: () => {
        calls.push(server.requests);
        return Promise.resolve({ ...server.keys, sessionToken: "a-session" });
      },
    });
    await driver.apply([acquire("lock:a")]);
    assert.deepEqual(calls, [0, 1, 2, 3]);
  }));

Deno.test("what cannot be a URL or a credential is refused, and not repeated", () => {
  const credentials = { accessKeyId: "id", secretAccessKey: "s3cr3t" };
  for (
    const url of [
      "http://s3.example/b/k",
      "https://id:s3cr3t@s3.example/b/k",
      "https://s3.example/",
      "https://s3.example/b/",
      "https://s3.example/b/k?s3cr3t",
      "s3cr3t",
    ]
  ) {
    assert.throws(
      () => s3({ url, credentials }),
      (error: Error) => error instanceof InvalidArgument && !error.message.includes("s3cr3t"),
    );
  }
  const url = "https://s3.example/b/k";
  for (const secretAccessKey of ["", "s3cr3t s3cr3t"]) {
    assert.throws(
      () => s3({ url, credentials: { accessKeyId: "id", secretAccessKey } }),
      (error: Error) => error instanceof InvalidArgument && !error.message.includes("s3cr3t"),
    );
  }
});

Deno.test("a lease lives for its ttl at least, and for two seconds more at most, to whoever looks", async () => {
  let now = 1_800_000_000_000;
  await withS3(async (_, connect) => {
    const driver = connect();
    for (const ttl of [1_000, 1_001, 1_500, 2_999]) {
      for (const part of [0, 1, 500, 999]) {
        now = Math.ceil(now / 1_000 + 10) * 1_000 + part;
        const mine = acquire(`lock:${ttl}:${part}`, { ttl });
        await granted(driver, mine);
        const granting = now;
        now = granting + ttl - 1;
        const [lease] = (await step(driver, inspect(mine.resource))).leases;
        assert(lease && lease.left > 0 && lease.left <= ttl, `${ttl} ${part}`);
        now = granting + ttl + 1_998;
        await lists(driver, inspect(mine.resource), []);
      }
    }
  }, { now: () => now });
});

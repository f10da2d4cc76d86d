import assert from "node:assert/strict";
import { inspect } from "node:util";
import { characteristicsOf } from "../../drivers/characteristics.ts";
import { Coordinator, DriverChosenPoorly, InvalidArgument } from "../../mod.ts";
import type { Driver, SeatOp } from "../../drivers/driver.ts";
import { memory } from "../../drivers/memory.ts";
import { redis } from "../../drivers/redis/redis.ts";
import { sqlite } from "../../drivers/sqlite/sqlite.ts";
import { withUpstash } from "../servers/with_upstash.ts";
import { getCoordinator, type SchemeLoader, type UrlOptions } from "../../url.ts";
import { whileFetchIs } from "../tools/fake_fetch.ts";

/** Parts of a token that nobody may find in an error. */
const SECRET = "s3cr3t";

/** A driver that notes what is sent to it. */
function noted(): { driver: Driver; sent: SeatOp[] } {
  const sent: SeatOp[] = [];
  const driver = memory();
  const apply: Driver["apply"] = (ops, options) => {
    sent.push(...ops as readonly SeatOp[]);
    return driver.apply(ops, options);
  };
  return { driver: { ...driver, apply }, sent };
}

/** The ttls and resources that a coordinator of this URL asks for. */
async function asked(
  query: string,
  options: UrlOptions = {},
): Promise<{ lock: number; leader: number; member: number; namespace: string }> {
  const { driver, sent } = noted();
  const baton = await getCoordinator(`test:${query}`, "me", {
    ...options,
    schemes: { test: () => driver },
  });
  await baton.getLock("x").hold();
  await baton.election("g").campaign();
  await baton.joinGroupCreate("g");
  const of = (kind: string) => sent.find((op) => op.resource.includes(`${kind}:`));
  const ttl = (kind: string) => (of(kind) as { ttl: number }).ttl;
  await baton[Symbol.asyncDispose]();
  return {
    lock: ttl("lock"),
    leader: ttl("leader"),
    member: ttl("group"),
    namespace: of("lock")?.resource.replace("lock:x", "") ?? "",
  };
}

/** What the first request of a coordinator goes to, and with which token. */
async function reached(url: string | URL, options: UrlOptions = {}): Promise<[string, string]> {
  const seen: [string, string][] = [];
  await whileFetchIs((input, init) => {
    const token = new Headers(init?.headers).get("authorization")?.replace("Bearer ", "") ?? "";
    seen.push([String(input), token]);
    return Promise.resolve(new Response('{"error":"ERR no"}', { status: 401 }));
  }, async () => {
    const baton = await getCoordinator(url, "me", options);
    assert.deepEqual(seen, [], "it must not connect");
    await assert.rejects(baton.start(), (error) => !inspect(error).includes(SECRET));
  });
  const [[address, token] = ["", ""]] = seen;
  return [address.replace(/\/$/, ""), token];
}

Deno.test("memory: is a backend of its own each time; two share one that is given", async () => {
  for (const url of ["memory:", "memory://", "MEMORY:", new URL("memory:")]) {
    const [one, two] = [await getCoordinator(url, "one"), await getCoordinator(url, "two")];
    assert(one instanceof Coordinator);
    assert.equal(one.memberId, "one");
    assert.equal(one.isStarted, false);
    await one.start();
    assert(await one.getLock("x").acquire({ timeout: 0 }));
    assert(await two.getLock("x").acquire({ timeout: 0 }));
    await one.stop();
    await two[Symbol.asyncDispose]();
  }
  const backend = memory();
  const schemes = { memory: () => backend };
  await using one = await getCoordinator("memory:name", "one", { schemes });
  await using two = await getCoordinator("memory:name", "two", { schemes });
  assert(await one.getLock("x").acquire({ timeout: 0 }));
  assert.equal(await two.getLock("x").acquire({ timeout: 0 }), null);
});

Deno.test("file: is a SQLite file, and all who name it share it", async () => {
  const folder = await Deno.makeTempDir();
  const here = Deno.cwd();
  try {
    Deno.chdir(folder);
    const urls = ["file:./a b.db", `file://${folder}/a%20b.db`, `FILE:${folder}/a b.db?ttl=20000`];
    for (const [i, url] of urls.entries()) {
      const baton = await getCoordinator(url, `member-${i}`);
      assert.equal((await baton.getLock("x").acquire({ timeout: 0 })) !== null, i === 0, url);
    }
  } finally {
    Deno.chdir(here);
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("upstash: takes its token from the URL, decoded, or from beside it", async () => {
  const token = "s3cr3t/+=?#%@:";
  const encoded = encodeURIComponent(token);
  const host = "eu1-x.upstash.io";
  const there: [string, string] = [`https://${host}`, token];
  assert.deepEqual(await reached(`upstash://:${encoded}@${host}`), there);
  assert.deepEqual(await reached(`upstash://${encoded}@${host}`), there);
  assert.deepEqual(await reached(`upstash://default:${encoded}@${host}/`), there);
  assert.deepEqual(await reached(new URL(`upstash://:${encoded}@${host}?ttl=20000`)), there);
  assert.deepEqual(await reached(`upstash://${host}`, { token }), there);
  assert.deepEqual(await reached(`upstash://:${SECRET}2@${host}`, { token }), there);
  assert.deepEqual(await reached(`upstash+http://:${encoded}@127.0.0.1:8079`), [
    "http://127.0.0.1:8079",
    token,
  ]);
});

Deno.test("members who share a URL share permits and work, over a real Redis too", async () => {
  await withUpstash(async ({ server }) => {
    const url = `${server.url.replace("http:", "upstash+http:")}?namespace=shop&ttl=20000`;
    const { token } = server;
    const names = Array.from({ length: 8 }, (_, i) => `member-${i}`);
    const members = await Promise.all(names.map((name) => getCoordinator(url, name, { token })));
    const permits = members.map((member) => member.getSemaphore("s", 3));
    let [inside, most] = [0, 0];
    await Promise.all(permits.map((s) =>
      s.with(async () => {
        most = Math.max(most, ++inside);
        await new Promise((go) => setTimeout(go, 20));
        inside--;
      })
    ));
    assert(most <= 3, `${most} at a time`);
    const shards = await Promise.all(members.map((each) => each.joinPartitionedGroup("g")));
    for (const member of members) await member.runWatchers();
    for (let i = 0; i < 100; i++) {
      assert.equal(shards.filter((each) => each.belongsToSelf(`shard ${i}`)).length, 1);
    }
    for (const member of members) await member[Symbol.asyncDispose]();
  });
});

Deno.test("Tooz's options are seconds, ours are milliseconds, and the last of two counts", async () => {
  const some = async (query: string) => {
    const { lock, leader, member } = await asked(query);
    return [lock, leader, member];
  };
  assert.deepEqual(await some(""), [30_000, 30_000, 30_000]);
  assert.deepEqual(await some("?"), [30_000, 30_000, 30_000]);
  assert.deepEqual(await some("?timeout=10"), [10_000, 10_000, 10_000]);
  assert.deepEqual(await some("?timeout=10&lock_timeout=2.5"), [2_500, 10_000, 10_000]);
  assert.deepEqual(
    await some("?leader_timeout=7&membership_timeout=8"),
    [30_000, 7_000, 8_000],
  );
  assert.deepEqual(await some("?ttl=10000&lockTtl=2500&leaderTtl=7000&membershipTtl=8000"), [
    2_500,
    7_000,
    8_000,
  ]);
  assert.deepEqual(await some("?timeout=10&timeout=20"), [20_000, 20_000, 20_000]);
  assert.deepEqual(await some("?timeout=10&ttl=5000"), [5_000, 5_000, 5_000]);
  assert.deepEqual(await some("?lock%5Ftimeout=9&heartbeatInterval=500&requestTimeout=900"), [
    9_000,
    30_000,
    30_000,
  ]);
  assert.equal((await asked("?namespace=shop")).namespace, "shop/");
});

Deno.test("options that are given go before those in the URL, and undefined says nothing", async () => {
  const { lock, leader, namespace } = await asked("?timeout=10&lock_timeout=5&namespace=shop", {
    lockTtl: 1_234,
    namespace: "bank",
    leaderTtl: undefined as unknown as number,
  });
  assert.deepEqual([lock, leader, namespace], [1_234, 10_000, "bank/"]);
  const nameless = await getCoordinator("memory:");
  assert.match(nameless.memberId, /^member-/);
});

/** Schemes whose URLs have a form of their own. */
const READ_AS_A_WHOLE = [
  ...["libsql", "turso", "etcd", "etcd+http", "memcached", "zookeeper", "kazoo"],
  ...["deno-kv", "consul", "consul+https", "kubernetes", "kubernetes+http", "s3"],
];

Deno.test("a bad URL is refused before anything is loaded or sent, without a word of it repeated", async (t) => {
  const known = /memory:, zake:, file:, upstash:, upstash\+http:/;
  const bad: ReadonlyArray<readonly [url: string, why: RegExp]> = [
    ["", /it is "". Is its variable of the environment set/],
    ["s3cr3t", known],
    ["s3cr3t:x", known],
    ["memory", known],
    ["constructor:s3cr3t", known],
    ["amqp://:s3cr3t@host", known],
    ["https://:s3cr3t@eu1-x.upstash.io", known],
    [" memory:", known],
    ["memory:s3cr3t", /takes no name/],
    ["memory://s3cr3t", /takes no name/],
    ["file:", /SQLite file/],
    ["file::s3cr3t:", /SQLite file/],
    ["file://s3cr3t.example/x.db", /file of this host|SQLite file/],
    ["file://user:s3cr3t@host/x.db", /file of this host|SQLite file/],
    ["file:///s3cr3t%2Fx.db", /file of this host|SQLite file/],
    ["upstash:", /upstash:\/\/:TOKEN@host/],
    ["upstash:s3cr3t", /upstash:\/\/:TOKEN@host/],
    ["upstash://", /upstash:\/\/:TOKEN@host/],
    ["upstash://s3cr3t@", /upstash:\/\/:TOKEN@host/],
    ["upstash://s3cr3t", /token/],
    ["upstash://s3cr3t/s3cr3t=@host", /percent-encoded/],
    ["upstash://:s3cr3t/s3cr3t=@host", /percent-encoded/],
    ["upstash://:s3cr3t#s3cr3t@host", /percent-encoded/],
    ["upstash://s3cr3t#s3cr3t@host", /percent-encoded/],
    ["upstash://s3cr3t?s3cr3t@host", /option 1 .* not one of timeout, membership_timeout/],
    ["upstash://:s3cr3t?ttl=5000&s3cr3t@host", /option 2/],
    ["upstash://:%s3cr3t@host", /percent-encoding is broken/],
    ["upstash://:s3cr3t%20s3cr3t@host", /token/],
    ["upstash+http://:s3cr3t@eu1-x.upstash.io", /https:/],
    ["memory:?lock_timout=5", /option 1 .* lock_timeout/],
    ["memory:?constructor=5", /option 1/],
    ["memory:?token=s3cr3t", /option 1/],
    ["memory:?timeout=s3cr3t", /timeout of this URL: it must be a number of seconds/],
    ["memory:?timeout=", /timeout/],
    ["memory:?timeout=-1", /seconds/],
    ["memory:?timeout=1e3", /seconds/],
    ["memory:?timeout=Infinity", /seconds/],
    ["memory:?ttl=s3cr3t", /milliseconds/],
    ["memory:?ttl=1#s3cr3t", /milliseconds/],
    ["memory:?requestTimeout=30", /request timeout 30:/],
    ["memory:?timeout=0", /ttl 0/],
    ["memory:?timeout=9999999", /ttl 9999999000/],
    ["memory:?ttl=10&heartbeatInterval=10", /heartbeatInterval 10/],
    ["memory:?namespace=s3cr3t:", /namespace/],
    ["memory:?namespace=", /namespace/],
    // One that is right stands in one that is not.
    ["deno-kv:#deno-kv:/s3cr3t", /must be|cannot be used/],
    ...READ_AS_A_WHOLE.map((scheme) =>
      [`${scheme}://s3cr3t#${scheme}://${SECRET}`, /must be|cannot be used/] as const
    ),
  ];
  await whileFetchIs(() => assert.fail("sent"), async () => {
    for (const [url, why] of bad) {
      await t.step(url || "nothing", async () => {
        await assert.rejects(getCoordinator(url, "me"), (error: Error) => {
          assert(error instanceof InvalidArgument, inspect(error));
          assert.match(error.message, why);
          assert(!inspect(error, { showHidden: true }).includes(SECRET), error.message);
          return true;
        });
      });
    }
  });
});

Deno.test("a bad member id or option is refused as by the coordinator itself", async () => {
  await assert.rejects(getCoordinator("memory:", ""), InvalidArgument);
  await assert.rejects(getCoordinator("memory:", "me", { ttl: -1 }), InvalidArgument);
});

Deno.test("schemes join ours or take their place, for one call, and are told what they need", async () => {
  const seen: unknown[] = [];
  const load: SchemeLoader = (address) => {
    seen.push(address);
    return Promise.resolve(memory());
  };
  const schemes = { "my+own": load, file: load };
  await getCoordinator("My+Own://u:p@h/x?ttl=5000", "me", { schemes, token: SECRET });
  await getCoordinator("file:x", "me", { schemes });
  assert.deepEqual(seen, [
    { url: "My+Own://u:p@h/x", token: SECRET },
    { url: "file:x" },
  ]);
  await assert.rejects(getCoordinator("my+own:x", "me"), /must begin with/);
  await assert.rejects(
    getCoordinator("x:", "me", { schemes }),
    /mysql:, .*etcd3\+https:, .*my\+own:/,
  );
});

Deno.test("characteristics tell the truth of each driver, and none is without timeouts", () => {
  const order = [
    "LINEARIZABLE",
    "SEQUENTIAL",
    "CAUSAL",
    "SERIALIZABLE",
    "SAME_VIEW_UNDER_PARTITIONS",
    "SAME_VIEW_ACROSS_CLIENTS",
  ];
  const across = (...where: string[]) => where.map((each) => `DISTRIBUTED_ACROSS_${each}`);
  const of = (driver: Driver) => [...characteristicsOf(driver.guarantees)];
  assert.deepEqual(of(memory()), [...across("THREADS"), ...order]);
  assert.deepEqual(of(sqlite("x.db")), [...across("THREADS", "PROCESSES"), ...order]);
  assert.deepEqual(
    of(redis(() => Promise.resolve())),
    across("THREADS", "PROCESSES", "HOSTS"),
  );
});

Deno.test("a driver without a wanted characteristic is refused, named, before anything is sent", async () => {
  const { driver, sent } = noted();
  const schemes = { test: () => driver };
  await getCoordinator("test:", "me", {
    schemes,
    characteristics: ["LINEARIZABLE", "DISTRIBUTED_ACROSS_THREADS"],
  });
  const poor = getCoordinator("test:", "me", {
    schemes,
    characteristics: new Set(["DISTRIBUTED_ACROSS_HOSTS", "NON_TIMEOUT_BASED", "CAUSAL"] as const),
  });
  await assert.rejects(poor, (error: Error) => {
    assert(error instanceof DriverChosenPoorly);
    assert.equal(error.code, "driver-chosen-poorly");
    assert.match(
      error.message,
      /memory: it lacks DISTRIBUTED_ACROSS_HOSTS, NON_TIMEOUT_BASED and has only DISTRIBUTED_ACROSS_TH/,
    );
    return true;
  });
  await assert.rejects(
    getCoordinator(`upstash://:${SECRET}@host`, "me", { characteristics: ["LINEARIZABLE"] }),
    (error) => error instanceof DriverChosenPoorly && !inspect(error).includes(SECRET),
  );
  assert.deepEqual(sent, []);
});

Deno.test("stop() closes the driver that getCoordinator() has made, and a given one stays its maker's", async () => {
  let closed = 0;
  const backend = memory();
  const closing = { ...backend, [Symbol.asyncDispose]: () => Promise.resolve(void closed++) };
  const baton = await getCoordinator("test:", "a", { schemes: { test: () => closing } });
  await baton.start();
  const lease = await baton.getLock("x").hold();
  await baton.stop();
  assert.deepEqual([closed, lease.held], [1, false]);
  await new Coordinator(closing)[Symbol.asyncDispose]();
  assert.equal(closed, 1);
});

Deno.test("a driver whose coordinator cannot be made is closed, and the error says why it cannot", async () => {
  let closed = 0;
  for (
    const close of [() => Promise.resolve(), () => Promise.reject(new Error("not closed"))]
  ) {
    const test: SchemeLoader = () => ({
      ...memory(),
      [Symbol.asyncDispose]: async () => {
        await new Promise<void>((resolve) => setTimeout(resolve, 0));
        closed++;
        await close();
      },
    });
    const make = (query: string, options: UrlOptions, memberId = "me") =>
      getCoordinator(`test:${query}`, memberId, { ...options, schemes: { test } });
    const before = closed;
    await assert.rejects(make("", { characteristics: ["NON_TIMEOUT_BASED"] }), DriverChosenPoorly);
    await assert.rejects(make("?ttl=1", { heartbeatInterval: 2 }), /heartbeatInterval/);
    await assert.rejects(make("", {}, "m".repeat(1_000)), /member name/);
    await assert.rejects(make("", { clocks: { rate: -1 } }), /rate/);
    assert.equal(closed - before, 4);
    // One that is made is closed by stop() alone.
    await make("", { characteristics: ["LINEARIZABLE"] });
    assert.equal(closed - before, 4);
  }
});

Deno.test("stop() of a file: URL's coordinator closes the file, which is opened again when it is used", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const baton = await getCoordinator(`file:${folder}/leases.db`, "a");
    await baton.getLock("x").hold();
    await baton[Symbol.asyncDispose]();
    assert(await baton.getLock("x").acquire({ timeout: 0 }));
    await baton[Symbol.asyncDispose]();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("zake: is one backend for all of a process, even if it has two copies of the package", async () => {
  const { zake: one } = await import("../../drivers/zake.ts");
  // Not a constant, for then it would be looked for before the test runs.
  const another = `${new URL("../../drivers/zake.ts", import.meta.url)}?another`;
  const { zake: two }: { zake: typeof one } = await import(another);
  assert.notEqual(one, two);
  const op = {
    op: "acquire",
    resource: crypto.randomUUID(),
    seat: "",
    ttl: 60_000,
    value: "",
  } as const;
  assert.equal((await one().apply([{ ...op, id: "one" }]))[0]?.ok, true);
  assert.equal((await two().apply([{ ...op, id: "two" }]))[0]?.ok, false);
});

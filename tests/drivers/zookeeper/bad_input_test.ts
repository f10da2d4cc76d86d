import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createServer, type Socket } from "node:net";
import { codeOf, isRetryable } from "../../../errors.ts";
import type { Driver } from "../../../drivers/driver.ts";
import { Nodes } from "../../../drivers/zookeeper/nodes.ts";
import { zookeeper, type ZookeeperOptions } from "../../../drivers/zookeeper/zookeeper.ts";
import { getCoordinator } from "../../../url.ts";
import { acquire, inspect, renew } from "../../conformance/operations.ts";
import { startBabbler, startBadServer } from "../../security/bad_server.ts";
import { freePort } from "../../servers/ports.ts";
import { withAccess } from "../../servers/zookeeper_access.ts";
import {
  refusesOptions,
  refusesUrls,
  type WrongOptions,
  type WrongUrls,
} from "../refused_input.ts";
import { type Handle, withZookeeper } from "./with_zookeeper.ts";

const HOST = "localhost:2181";

const OPTIONS: WrongOptions<ZookeeperOptions> = [
  [{ servers: "" }, /HOST:PORT/],
  [{ servers: "zookeeper://localhost:2181" }, /HOST:PORT/],
  [{ servers: "localhost:2181/s3cret" }, /HOST:PORT/],
  [{ servers: "root:s3cret@localhost:2181" }, /HOST:PORT/],
  [{ servers: "localhost:0" }, /HOST:PORT/],
  [{ servers: "localhost:65536" }, /HOST:PORT/],
  [{ servers: [] }, /at least one/],
  [{ servers: [HOST, "a b"] }, /HOST:PORT/],
  [{ servers: HOST, user: "root" }, /a user and a password/],
  [{ servers: HOST, password: "s3cret" }, /a user and a password/],
  [{ servers: HOST, user: "", password: "s3cret" }, /a user and a password/],
  [{ servers: HOST, user: "a:b", password: "s3cret" }, /colon/],
  [{ servers: "zk.example", user: "root", password: "s3cret" }, /tls/],
  [{ servers: HOST, root: "" }, /empty/],
  [{ servers: HOST, root: `/${"a".repeat(256)}` }, /longer than 256 bytes/],
  [{ servers: HOST, root: "baton" }, /a path/],
  [{ servers: HOST, root: "/" }, /a path/],
  [{ servers: HOST, root: "/a//b" }, /a path/],
  [{ servers: HOST, root: "/a/../b" }, /a path/],
  [{ servers: HOST, root: "/é" }, /a path/],
  [{ servers: HOST, sessionTimeout: 10 }, /sessionTimeout/],
];

Deno.test("ZooKeeper: options that cannot be right are refused, and no error shows a secret", () => {
  refusesOptions(OPTIONS, zookeeper, /s3cret/);
});

const URLS: WrongUrls = [
  ["zookeeper:", /zookeeper:\/\/host:port/],
  ["zookeeper:localhost:2181", /zookeeper:\/\/host:port/],
  ["zookeeper://", /zookeeper:\/\/host:port/],
  ["zookeeper://a:2181,,b:2181", /HOST:PORT/],
  ["zookeeper://localhost:2181#s3cret", /zookeeper:\/\/host:port/],
  ["zookeeper://root@localhost:2181", /a user and a password/],
  ["zookeeper://localhost:2181", /a user and a password/, "s3cret"],
  ["zookeeper://root:s3cret%@localhost:2181", /percent-encoding/],
  ["kazoo://root:s3cret@zk.example:2181", /use_ssl=true/],
  ["kazoo://localhost/a%00b", /a path|U\+0000/],
  ["kazoo://localhost?ca=/etc/s3cret.pem", /no files are read/],
  ["kazoo://localhost?keyfile_password=s3cret", /no files are read/],
  ["kazoo://localhost?handler=eventlet", /handler.*no threads/],
  ["kazoo://localhost?command_retry=s3cret", /command_retry.*leave it out/],
  ["kazoo://localhost?verify_certs=false", /verify_certs.*only be true/],
  ["kazoo://localhost?randomize_hosts=no", /randomize_hosts.*only be true/],
  ["kazoo://localhost?use_ssl=s3cret", /use_ssl.*neither true nor false/],
  ["kazoo://localhost?sslmode=s3cret", /option 1/],
];

Deno.test("ZooKeeper: URLs that cannot be right are refused, and no error shows a secret", async () => {
  await refusesUrls(URLS, /s3cret/);
});

Deno.test("ZooKeeper: Tooz's URLs and ours lead to the same leases, and a path to others", () =>
  withZookeeper(async ({ server }) => {
    const { host } = server;
    const gone = `127.0.0.1:${await freePort()}`;
    const urls = [
      `zookeeper://${host}`,
      `ZooKeeper://${host}/`,
      `kazoo://${host}/baton?timeout=10&lock_timeout=20&randomize_hosts=True&use_ssl=False`,
      `kazoo://${gone}?hosts=${host}`,
      `zookeeper://${gone},${host}`,
    ];
    await using first = await getCoordinator(urls[0]!, "first");
    await using lease = await first.getLock("x").hold();
    for (const [n, url] of urls.entries()) {
      await using baton = await getCoordinator(url, `${n}`);
      const [holder] = await baton.getLock("x").holders();
      assert.equal(holder?.token, lease.token, url);
    }
    await using elsewhere = await getCoordinator(`zookeeper://${host}/apps/mine`, "else");
    assert.deepEqual(await elsewhere.getLock("x").holders(), []);
    await using held = await elsewhere.getLock("x").hold();
    assert.ok(held.held);
  }));

/** The error of an acquisition. */
async function says(
  driver: Driver,
  code: string,
  words: RegExp,
  signal?: AbortSignal,
): Promise<Error> {
  let seen: Error | undefined;
  await assert.rejects(driver.apply([acquire("lock:a")], { signal }), (error: Error) => {
    assert.equal(codeOf(error), code, `${error}`);
    assert.match(error.message, words);
    seen = error;
    return true;
  });
  return seen!;
}

Deno.test("ZooKeeper: where something else answers, or nothing, one clear error says so", async () => {
  const web = await startBadServer();
  const babbler = await startBabbler("220 mail.example ESMTP ready\r\n");
  const empty = `127.0.0.1:${await freePort()}`;
  try {
    await says(zookeeper({ servers: web.host }), "connection", /not ZooKeeper|closed/);
    await says(zookeeper({ servers: babbler.host }), "connection", /not ZooKeeper/);
    const error = await says(zookeeper({ servers: empty }), "connection", /ECONNREFUSED/);
    assert.ok(isRetryable(error));
    await says(zookeeper({ servers: [empty, babbler.host] }), "connection", /nothing was written/);
    await says(
      zookeeper({ servers: babbler.host, tls: true }),
      "connection",
      /nothing was written/,
    );
  } finally {
    await web.stop();
    await babbler.stop();
  }
});

/** A server whose answers are these bytes, one frame for each flight. */
async function withAnswers(
  frames: readonly Uint8Array[],
  test: (driver: Handle) => Promise<void>,
): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    let flight = 0;
    socket.on("data", () => {
      const frame = frames[flight++];
      if (frame) socket.write(frame);
      else socket.destroy();
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  try {
    await test(zookeeper({ servers: `127.0.0.1:${port}` }) as Handle);
  } finally {
    for (const each of sockets) each.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

function frame(...numbers: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(4 + 4 * numbers.length);
  bytes.writeInt32BE(4 * numbers.length, 0);
  for (const [n, number] of numbers.entries()) bytes.writeInt32BE(number, 4 + 4 * n);
  return bytes;
}

/** Version, timeout, session, and a password of 16 bytes. */
const OPENED = frame(0, 10_000, 0, 1, 16, 0, 0, 0, 0);

Deno.test("ZooKeeper: an answer that is odd, cut off or missing is never an outcome", async () => {
  const odd: Readonly<Record<string, readonly Uint8Array[]>> = {
    "no answer": [OPENED],
    "an answer to another question": [OPENED, frame(77, 0, 1, 0)],
    "an answer that is too short": [OPENED, frame(1)],
    "an answer without end": [OPENED, frame(2 ** 31 - 1).fill(0x7f)],
    "a negative length": [OPENED, frame().fill(0xff)],
  };
  for (const [what, frames] of Object.entries(odd)) {
    await withAnswers(frames, async (driver) => {
      for (const op of [acquire("lock:a"), renew(acquire("lock:a")), inspect("lock:a")]) {
        await assert.rejects(driver.apply([op]), { code: "unknown-outcome" }, what);
      }
    });
  }
  const unopened: Readonly<Record<string, readonly Uint8Array[]>> = {
    "closed at once": [],
    "a session that is over": [frame(0, 0, 0, 0, 16, 0, 0, 0, 0)],
    "half a session": [OPENED.subarray(0, 9)],
  };
  for (const [what, frames] of Object.entries(unopened)) {
    await withAnswers(frames, async (driver) => {
      const signal = AbortSignal.timeout(300);
      await assert.rejects(driver.apply([acquire("lock:a")], { signal }), (error) => {
        return codeOf(error) === "connection" || error === signal.reason;
      }, what);
    });
  }
});

Deno.test("ZooKeeper: with another password, or without one, nothing is read or written", () =>
  withZookeeper(async ({ server, connect }) => {
    const user = "baton";
    const mine = connect({ user, password: "s3cret" });
    const held = acquire("lock:a");
    await mine.apply([held]);
    for (
      const other of [
        connect({ user, password: "guessed" }),
        connect({ user: "b", password: "s3cret" }),
        connect(),
      ]
    ) {
      const error = await says(other, "unauthorized", /check the user, the password/);
      assert.doesNotMatch(error.message, /s3cret|guessed/);
      await assert.rejects(other.apply([inspect("lock:a")]), { code: "unauthorized" });
    }
    const [seen] = await connect({ user, password: "s3cret" }).apply([inspect("lock:a")]);
    assert.deepEqual(seen?.leases.map(({ id }) => id), [held.id]);
    // It is the right of the same user, over a new connection as well.
    await server.restart();
    const [renewed] = await connect({ user, password: "s3cret" }).apply([renew(held)]);
    assert.equal(renewed?.ok, true);
  }));

Deno.test("ZooKeeper: where the rights are missing for a part, all of it is undone", () =>
  withZookeeper(async ({ server, connect }) => {
    const driver = connect();
    const mine = acquire("lock:a");
    await driver.apply([mine]);
    const { port } = server;
    const seat = new Nodes("/baton").seat(mine);
    await withAccess(port, seat, "auth");
    await assert.rejects(driver.apply([acquire("lock:b"), renew(mine)]), { code: "unauthorized" });
    await withAccess(port, seat, "world");
    const [a, b] = await driver.apply([inspect("lock:a"), inspect("lock:b")]);
    assert.deepEqual([a?.leases.length, b?.leases.length], [1, 0]);
  }));

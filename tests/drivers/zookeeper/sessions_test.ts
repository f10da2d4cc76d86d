import assert from "node:assert/strict";
import { connect as connectTcp, createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { connect as open, type Socket } from "../../../drivers/kit/sockets.ts";
import { codeOf, ConnectionError } from "../../../errors.ts";
import { zookeeper } from "../../../drivers/zookeeper/zookeeper.ts";
import { Session } from "../../../drivers/zookeeper/session.ts";
import { create, look, read, transaction, write } from "../../../drivers/zookeeper/wire.ts";
import { acquire, inspect, release, renew } from "../../conformance/operations.ts";
import { CERTIFICATE, PRIVATE_KEY } from "../../servers/certificate.ts";
import { flightsOf, observed } from "../../servers/flights.ts";
import { freePort } from "../../servers/ports.ts";
import { until } from "../../servers/process.ts";
import { asked } from "../../servers/zookeeper.ts";
import { ZOOKEEPERS, type ZookeeperVersion } from "../../servers/zookeeper_install.ts";
import { freezing, type Handle, withZookeeper } from "./with_zookeeper.ts";

/** How many clients a server has. */
async function clientsOf(port: number): Promise<number> {
  return Number(/^zk_num_alive_connections\t(\d+)/m.exec(await asked(port, "mntr"))?.[1]);
}

/** Sockets, counted. */
function counting() {
  const opened: string[] = [];
  return {
    opened,
    connect: async (address: { host: string; port: number }): Promise<Socket> => {
      opened.push(`${address.host}:${address.port}`);
      return await open("test", address);
    },
  };
}

Deno.test("ZooKeeper: calls at once share a session, and a handle that is disposed of ends it", () =>
  withZookeeper(async ({ server, connect }) => {
    const { opened, connect: socket } = counting();
    const driver = connect({ connect: socket });
    const ops = Array.from({ length: 50 }, (_, n) => acquire(`lock:${n}`));
    const outcomes = await Promise.all(ops.map((op) => driver.apply([op])));
    assert.ok(outcomes.every(([outcome]) => outcome?.ok));
    assert.equal(opened.length, 1);
    // One of them asks.
    assert.equal(await clientsOf(server.port), 2);
    await driver[Symbol.asyncDispose]();
    await until("the session is over", async () => await clientsOf(server.port) === 1);
    // It may be used again.
    assert.equal((await driver.apply([inspect("lock:1")]))[0]?.leases.length, 1);
  }));

Deno.test("ZooKeeper: a session that was silent for half its time is not used again, and no lease ends with it", () =>
  withZookeeper(async ({ connect }) => {
    const { opened, connect: socket } = counting();
    const driver = connect({ connect: socket, sessionTimeout: 1_000 });
    const mine = acquire("lock:a");
    await driver.apply([mine]);
    const start = performance.now();
    await until("half of its time is over", () => performance.now() - start > 500);
    assert.equal((await driver.apply([renew(mine)]))[0]?.ok, true);
    assert.equal(opened.length, 2);
  }));

Deno.test("ZooKeeper: a client that is frozen for longer than its session lasts has written nothing", () =>
  withZookeeper(async ({ server, connect }) => {
    const frozen = freezing();
    const [slow, other] = [connect({ connect: frozen.connect, sessionTimeout: 1_000 }), connect()];
    await slow.apply([inspect("before")]);
    const arrived = frozen.freeze(1);
    const late = slow.apply([acquire("lock:a")]).then(() => "granted", codeOf);
    await arrived;
    await until("the server has given it up", async () => await clientsOf(server.port) === 1);
    frozen.thaw();
    assert.equal(await late, "unknown-outcome");
    assert.deepEqual((await other.apply([inspect("lock:a")]))[0]?.leases, []);
    assert.equal((await slow.apply([acquire("lock:a")]))[0]?.ok, true);
  }));

/** A server that takes connections in, and never answers. */
async function withSilence(test: (host: string) => Promise<void>): Promise<void> {
  const taken: { destroy(): void }[] = [];
  const server = createServer((socket) => taken.push(socket.on("error", () => {}).resume()));
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  try {
    await test(`127.0.0.1:${port}`);
  } finally {
    for (const each of taken) each.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

Deno.test("ZooKeeper: a server that never opens the session is left by an abort, and the next call asks another", () =>
  withSilence((silent) =>
    withZookeeper(async ({ server }) => {
      let asked: string | undefined;
      while (asked !== silent) {
        const { opened, connect } = counting();
        const driver = zookeeper({ servers: [silent, server.host], connect }) as Handle;
        const controller = new AbortController();
        const { signal } = controller;
        const call = driver.apply([acquire(`lock:${crypto.randomUUID()}`)], { signal });
        await until("it asks one of them", () => opened.length === 1);
        [asked] = opened;
        if (asked === silent) {
          const reason = new Error("enough");
          controller.abort(reason);
          await assert.rejects(call, (error) => error === reason);
          assert.equal((await driver.apply([acquire("lock:a")]))[0]?.ok, true);
          assert.deepEqual(opened, [silent, server.host]);
        } else await call;
        await driver[Symbol.asyncDispose]();
      }
    })
  ));

Deno.test("ZooKeeper: an abort gives its own call up and no other, and later calls have another session", () =>
  withZookeeper(async ({ connect }) => {
    const frozen = freezing();
    const driver = connect({ connect: frozen.connect });
    await driver.apply([inspect("before")]);
    const controller = new AbortController();
    const arrived = frozen.freeze(0);
    const given = driver.apply([acquire("lock:a")], { signal: controller.signal });
    await arrived;
    const beside = driver.apply([acquire("lock:b")]);
    controller.abort(new Error("enough"));
    await assert.rejects(given, /enough/);
    assert.equal((await driver.apply([acquire("lock:c")]))[0]?.ok, true);
    frozen.thaw();
    assert.equal((await beside)[0]?.ok, true);
    // It had been sent no further than to its look.
    assert.deepEqual((await driver.apply([inspect("lock:a")]))[0]?.leases, []);
  }));

Deno.test("ZooKeeper: a write that is given up on its way is unknown, whatever the reason looks like", () =>
  withZookeeper(async ({ connect }) => {
    const frozen = freezing();
    const driver = connect({ connect: frozen.connect });
    await driver.apply([inspect("before")]);
    const controller = new AbortController();
    const arrived = frozen.freeze(1);
    const given = driver.apply([acquire("lock:a")], { signal: controller.signal });
    await arrived;
    controller.abort(new ConnectionError("Another backend was not reached"));
    await assert.rejects(given, { code: "unknown-outcome" });
    frozen.thaw();
  }));

Deno.test("ZooKeeper: who may not send does not spoil the session that others wait for", () =>
  withZookeeper(async ({ server, connect }) => {
    const driver = connect();
    const reason = new ConnectionError("enough");
    const forbidden = driver.apply([acquire("lock:a")], {
      beforeRequest() {
        throw reason;
      },
    });
    const beside = [1, 2, 3].map((n) => driver.apply([acquire(`lock:${n}`)]));
    await assert.rejects(forbidden, (error) => error === reason);
    for (const each of beside) assert.equal((await each)[0]?.ok, true);
    await until("it has no connection left", async () => await clientsOf(server.port) === 2);
  }));

Deno.test("ZooKeeper: what was written and whose reply was lost is unknown, and its replay is answered as it was", () =>
  withZookeeper(async ({ connect }) => {
    let left = Infinity;
    const lossy = async (address: { host: string; port: number }) =>
      observed(await open("test", address), () => left-- === 0 ? "reply" : undefined);
    const [driver, other] = [connect({ connect: lossy }), connect()];
    const mine = acquire("lock:a", { value: "mine" });
    /** Loses the reply to the write, and answers what the replay is answered. */
    const lost = async (...ops: Parameters<typeof driver.apply>[0]) => {
      await driver.apply([inspect("before")]);
      left = 1;
      await assert.rejects(driver.apply(ops), { code: "unknown-outcome" });
      return (await driver.apply(ops))[0]!;
    };
    const granted = await lost(mine);
    const [seen] = await other.apply([inspect("lock:a")]);
    assert.deepEqual(granted.leases[0]?.token, seen?.leases[0]?.token);
    assert.equal((await lost(renew(mine, "renewed"))).ok, true);
    assert.equal((await other.apply([inspect("lock:a")]))[0]?.leases[0]?.value, "renewed");
    // It has been done.
    assert.equal((await lost(release(mine))).ok, false);
    assert.deepEqual((await other.apply([inspect("lock:a")]))[0]?.leases, []);
  }));

Deno.test("ZooKeeper: over TLS the leases are the same", () =>
  withZookeeper(async ({ server, connect }) => {
    const front = createTlsServer({ cert: CERTIFICATE, key: PRIVATE_KEY }, (socket) => {
      const target = connectTcp(server.port, "127.0.0.1");
      for (const each of [socket, target]) {
        each.on("error", () => {}).on("close", () => {
          socket.destroy();
          target.destroy();
        });
      }
      socket.pipe(target).pipe(socket);
    });
    const port = await freePort();
    await new Promise<void>((resolve) => front.listen(port, "127.0.0.1", resolve));
    const login = { user: "baton", password: "s3cret" };
    const secure = zookeeper({
      ...{ servers: `127.0.0.1:${port}`, tls: { ca: CERTIFICATE } },
      ...login,
    }) as Handle;
    try {
      const mine = acquire("lock:a");
      await secure.apply([mine]);
      const [seen] = await connect(login).apply([inspect("lock:a")]);
      assert.deepEqual(seen?.leases.map(({ id }) => id), [mine.id]);
    } finally {
      await secure[Symbol.asyncDispose]();
      await new Promise((resolve) => front.close(resolve));
    }
  }));

for (const version of Object.keys(ZOOKEEPERS) as ZookeeperVersion[]) {
  Deno.test(`ZooKeeper ${version}: a look reads all of its nodes at one instant`, () =>
    withZookeeper(async ({ server }) => {
      const { connect } = flightsOf();
      const sessions = await Promise.all([1, 2].map(async () =>
        await Session.open(
          await connect({ host: "127.0.0.1", port: server.port }),
          ...[0, 10_000, undefined] as const,
        )
      ));
      const [writer, reader] = sessions as [Session, Session];
      const names = Array.from({ length: 20 }, (_, n) => `/${n}`);
      await writer.send([transaction(names.map((name) => create(name, "world", "0")))]);
      let over = false;
      const writing = (async () => {
        for (let n = 1; !over; n++) {
          await writer.send([transaction(names.map((name) => write(name, `${n}`)))]);
        }
      })();
      const seen = new Set<string>();
      for (let round = 0; round < 300 || seen.size < 20; round++) {
        const [reply] = await reader.send([look(names.map(read))]);
        const texts = new Set(reply!.answer.results().map(({ text }) => text!));
        assert.equal(texts.size, 1, `${[...texts]}`);
        for (const each of texts) seen.add(each);
      }
      over = true;
      await writing;
      for (const each of sessions) await each.end();
    }, { version }));
}

/**
 * One connection for all calls: what an abort, a frozen server and the end of a connection do to it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { codeOf } from "../../../errors.ts";
import { memcached } from "../../../drivers/document/memcached.ts";
import { connect as open } from "../../../drivers/kit/sockets.ts";
import { acquire, inspect, renew } from "../../conformance/operations.ts";
import { until } from "../../servers/process.ts";
import { type Handle, one, wayOf, withMemcached } from "./with_memcached.ts";

Deno.test("Memcached: an abort gives its own call up and no other, and later calls have another connection", () =>
  withMemcached(async ({ connect }) => {
    const { connect: socket, freezer, seen } = wayOf();
    const driver = connect({ connect: socket });
    await one(driver, inspect("before"));
    const controller = new AbortController();
    const { frozen, end } = freezer.freeze(0);
    const given = driver.apply([acquire("lock:a")], { signal: controller.signal });
    await frozen;
    const beside = one(driver, acquire("lock:b"));
    controller.abort(new Error("enough"));
    await assert.rejects(given, { code: "unknown-outcome" });
    assert.equal((await one(driver, acquire("lock:c"))).ok, true);
    assert.deepEqual([seen.opened, seen.closed], [2, 0]);
    end();
    assert.equal((await beside).ok, true);
    assert.deepEqual([seen.opened, seen.closed], [2, 1]);
    // It had been sent no further than to its look.
    assert.deepEqual((await one(driver, inspect("lock:a"))).leases, []);
  }));

Deno.test("Memcached: a write that is given up on its way is unknown, whatever the reason looks like", () =>
  withMemcached(async ({ connect }) => {
    const { connect: socket, freezer } = wayOf();
    const driver = connect({ connect: socket });
    await one(driver, inspect("before"));
    for (
      const reason of [new Error("enough"), Object.assign(new Error(), { code: "connection" })]
    ) {
      const mine = acquire(`lock:${crypto.randomUUID()}`);
      const controller = new AbortController();
      const { frozen, end } = freezer.freeze(1);
      const given = driver.apply([mine], { signal: controller.signal });
      await frozen;
      controller.abort(reason);
      await assert.rejects(given, { code: "unknown-outcome" });
      end();
      // Whether or not it came there.
      assert.equal((await one(driver, mine)).ok, true);
    }
  }));

Deno.test("Memcached: a call that is aborted before it begins sends nothing, and its reason is the error", () =>
  withMemcached(async ({ connect }) => {
    const { connect: socket, seen } = wayOf();
    const driver = connect({ connect: socket });
    const reason = new Error("enough");
    const call = driver.apply([acquire("lock:a")], { signal: AbortSignal.abort(reason) });
    await assert.rejects(call, (error) => error === reason);
    assert.deepEqual(seen, { opened: 0, closed: 0, flights: 0 });
  }));

Deno.test("Memcached: those who wait for a connection are not given up with the one who asked for it", () =>
  withMemcached(async ({ server }) => {
    const [asked, go] = [Promise.withResolvers<AbortSignal>(), Promise.withResolvers<void>()];
    const driver = memcached({
      server: server.host,
      async connect(address) {
        asked.resolve(address.signal!);
        await go.promise;
        return await open("test", address);
      },
    }) as Handle;
    const controller = new AbortController();
    const first = driver.apply([acquire("lock:a")], { signal: controller.signal });
    const signal = await asked.promise;
    const second = one(driver, acquire("lock:b"));
    const reason = new Error("enough");
    controller.abort(reason);
    await assert.rejects(first, (error) => error === reason);
    assert.equal(signal.aborted, false);
    go.resolve();
    assert.equal((await second).ok, true);
    await driver[Symbol.asyncDispose]();
  }));

Deno.test("Memcached: when nobody waits for a connection any more, it is not opened", () => {
  const asked = Promise.withResolvers<AbortSignal>();
  const driver = memcached({
    server: "127.0.0.1:1",
    connect: ({ signal }) => {
      asked.resolve(signal!);
      return new Promise((_, reject) =>
        signal!.addEventListener("abort", () => reject(signal!.reason))
      );
    },
  });
  const controller = new AbortController();
  const call = driver.apply([acquire("lock:a")], { signal: controller.signal });
  return asked.promise.then(async (signal) => {
    controller.abort(new Error("enough"));
    await assert.rejects(call, /enough/);
    assert.equal(signal.aborted, true);
  });
});

Deno.test("Memcached: a frozen server is left by an abort, and used again when it goes on", () =>
  withMemcached(async ({ server, connect }) => {
    const { connect: socket, seen } = wayOf();
    const driver = connect({ connect: socket });
    const mine = acquire("lock:a");
    await one(driver, mine);
    server.pause();
    const controller = new AbortController();
    const calls = [renew(mine), inspect("lock:a")].map((op) =>
      driver.apply([op], { signal: controller.signal }).then(() => "answered", codeOf)
    );
    await until("both are on their way", () => seen.flights === 5);
    controller.abort(new Error("enough"));
    assert.deepEqual(await Promise.all(calls), ["unknown-outcome", "unknown-outcome"]);
    assert.deepEqual([seen.opened, seen.closed], [1, 1]);
    server.resume();
    assert.equal((await one(driver, renew(mine))).ok, true);
    assert.deepEqual([seen.opened, seen.closed], [2, 1]);
  }));

Deno.test("Memcached: a handle that is disposed of closes its connection, and may be used again", () =>
  withMemcached(async ({ connect }) => {
    const { connect: socket, seen } = wayOf();
    const driver = connect({ connect: socket });
    await one(driver, acquire("lock:a"));
    await driver[Symbol.asyncDispose]();
    assert.deepEqual([seen.opened, seen.closed], [1, 1]);
    assert.equal((await one(driver, inspect("lock:a"))).leases.length, 1);
    assert.equal(seen.opened, 2);
  }));

Deno.test("Memcached: what is under way when a handle is disposed of is answered, and its connection is not used again", () =>
  withMemcached(async ({ connect }) => {
    const { connect: socket, freezer, seen } = wayOf();
    const driver = connect({ connect: socket });
    await one(driver, acquire("lock:a"));
    const { frozen, end } = freezer.freeze(0);
    const beside = one(driver, inspect("lock:a"));
    await frozen;
    await driver[Symbol.asyncDispose]();
    assert.deepEqual([seen.opened, seen.closed], [1, 0]);
    const after = one(driver, inspect("lock:a"));
    end();
    for (const call of [beside, after]) assert.equal((await call).leases.length, 1);
    assert.deepEqual([seen.opened, seen.closed], [2, 1]);
  }));

Deno.test("Memcached: a server that restarts costs its clients one unknown outcome, and one that is down none", () =>
  withMemcached(async ({ server, connect }) => {
    const driver = connect();
    await one(driver, acquire("lock:a"));
    await server.kill();
    const codes = [];
    for (let n = 0; n < 3; n++) {
      codes.push(await one(driver, inspect("lock:a")).then(() => "answered", codeOf));
    }
    // The end of a connection is seen by the next call over it; then there is none.
    assert.deepEqual(codes, ["unknown-outcome", "connection", "connection"]);
    await server.restart();
    assert.equal((await one(driver, acquire("lock:a"))).ok, true);
  }));

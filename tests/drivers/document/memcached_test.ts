/**
 * Memcached forgets, and its clock is coarse: what that means for leases and tokens, and that no lease ends
 * early for it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { codeOf } from "../../../errors.ts";
import type { Acquire } from "../../../drivers/driver.ts";
import { acquire, inspect, renew } from "../../conformance/operations.ts";
import type { MemcachedServer } from "../../servers/memcached.ts";
import { until } from "../../servers/process.ts";
import { refuseOnMemcached } from "../../servers/refusals.ts";
import { type Handle, one, wayOf, withMemcached } from "./with_memcached.ts";

/** Whether nothing is left. */
async function isEmpty(driver: Handle, { resource }: Acquire): Promise<boolean> {
  return (await one(driver, inspect(resource))).leases.length === 0;
}

/** Others fill the memory with items as large as the document is. */
async function fill({ ask }: MemcachedServer): Promise<string[]> {
  const [, bytes = "0"] = / size=(\d+)/.exec((await ask("me baton"))[0] ?? "") ?? [];
  // That is with all that memcached keeps of it, and the longer key of these.
  const value = "x".repeat(Math.max(1, Number(bytes) - 95));
  const set = () => `set ${crypto.randomUUID()} 0 0 ${value.length}\r\n${value}`;
  return await ask(...Array.from({ length: 2_000 }, set));
}

/** What takes everything from a server. */
const LOSSES: Readonly<Record<string, (server: MemcachedServer) => Promise<unknown>>> = {
  "a restart": (server) => server.restart(),
  flush_all: ({ ask }) => ask("flush_all"),
  "an eviction": (server) =>
    until("the document is evicted", async () => {
      // A look by `mg` would keep it.
      await fill(server);
      return (await server.ask("me baton"))[0] === "EN";
    }),
};

for (const [what, lose] of Object.entries(LOSSES)) {
  Deno.test(`Memcached: ${what} takes all leases; the holder learns it at its renewal, and the next token is higher`, () =>
    withMemcached(async ({ server, connect }) => {
      const [holder, next] = [connect(), connect()];
      const mine = acquire("lock:a");
      const first = (await one(holder, mine)).leases[0]!;
      assert.equal((await one(next, acquire("lock:a"))).ok, false);
      await lose(server);
      // The holder counts it as held, and has not been answered anything else yet.
      let granted = await one(next, acquire("lock:a")).catch(codeOf);
      // Its connection may have ended with the server.
      if (granted === "unknown-outcome") granted = await one(next, acquire("lock:a"));
      assert(typeof granted === "object" && granted.ok, "others are granted the lock");
      assert.ok(granted.leases[0]!.token > first.token, "a resource that checks tokens is safe");
      let renewal = await one(holder, renew(mine)).catch(codeOf);
      if (renewal === "unknown-outcome") renewal = await one(holder, renew(mine));
      assert.deepEqual(renewal, { ok: false, leases: [] });
    }, { evicts: true, memory: 2 }));
}

Deno.test("Memcached: with -M a full memory refuses definitely, and what is held stays", () =>
  withMemcached(async ({ server, connect }) => {
    const driver = connect();
    const mine = acquire("lock:a");
    await one(driver, mine);
    await refuseOnMemcached(server);
    const error = await one(driver, renew(mine)).catch((error) => error);
    assert.equal(codeOf(error), "connection");
    assert.match(String(error), /nothing was written.*memory is full.*give it more memory/);
    assert.deepEqual((await one(driver, inspect("lock:a"))).leases.map(({ id }) => id), [mine.id]);
  }, { memory: 2 }));

Deno.test("Memcached: the lease of a document that was lost does not lower the tokens of a handle that knew it", () =>
  withMemcached(async ({ server, connect }) => {
    let now = Date.now();
    const driver = connect({ now: () => now });
    const first = (await one(driver, acquire("lock:a"))).leases[0]!;
    await server.ask("flush_all");
    now -= 3_600_000;
    const second = (await one(driver, acquire("lock:a"))).leases[0]!;
    assert.ok(second.token > first.token, `${second.token} after ${first.token}`);
  }));

Deno.test("Memcached: a sender's clock that is wrong moves tokens by three seconds, and no further", () => {
  const server = 1_800_000_000_000;
  return withMemcached(async ({ connect }) => {
    const tokens = [];
    for (const now of [-1e9, -2_000, 0, 123, 2_000, 1e9]) {
      const driver = connect({ key: `key${now}`, now: () => server + now });
      tokens.push((await one(driver, acquire("lock:a"))).leases[0]!.token - server);
    }
    assert.deepEqual(tokens, [-3_000, -2_000, 0, 123, 2_000, 3_000]);
  }, { now: () => server });
});

Deno.test("Memcached: a client that is frozen over a restart writes nothing, though versions begin at 1 again", () =>
  withMemcached(async ({ server, connect }) => {
    const way = wayOf();
    const [slow, other] = [connect({ connect: way.connect }), connect()];
    const old = acquire("lock:a");
    await one(other, old);
    for (let n = 0; n < 10; n++) await one(other, renew(old));
    await one(slow, inspect("lock:a"));
    const version = async () => (await server.ask("mg baton c"))[0];
    const before = await version();
    const { frozen, end } = way.freezer.freeze(1);
    const late = one(slow, acquire("lock:b")).then(() => "granted", codeOf);
    await frozen;
    await server.restart();
    const mine = acquire("lock:a");
    await until("the version is the same again", async () => {
      const renewed = await one(other, renew(mine)).catch(() => {});
      if (!renewed?.ok) await one(other, mine);
      return await version() === before;
    });
    end();
    assert.equal(await late, "unknown-outcome");
    const seen = await other.apply([inspect("lock:a"), inspect("lock:b")]);
    assert.deepEqual(seen.map(({ leases }) => leases.map(({ id }) => id)), [[mine.id], []]);
  }));

Deno.test("Memcached: no lease ends early, however old what its clock shows is, nor more than four seconds late", () => {
  let now = 1_800_000_000_000;
  return withMemcached(async ({ server, connect }) => {
    const driver = connect({ now: () => now });
    const ttl = 5_000;
    const looked = async () => {
      await server.sync();
      return await isEmpty(driver, mine);
    };
    // It looks once a second and counts whole ones, so it may show a time that is almost two seconds old.
    const mine = acquire("lock:a", { ttl });
    now += 1_999;
    const start = now;
    await one(driver, mine);
    now = start + ttl - 1;
    assert.equal(await looked(), false, "it lives for its ttl");
    now = start + ttl + 4_000;
    assert.equal(await looked(), true, "it has ended");
  }, { now: () => now });
});

Deno.test("Memcached: on the host's own clock a lease lives for its ttl, and ends", () =>
  withMemcached(async ({ connect }) => {
    const driver = connect();
    const mine = acquire("lock:a", { ttl: 1_000 });
    const sent = performance.now();
    await one(driver, mine);
    await until("it has ended", () => isEmpty(driver, mine));
    const lived = performance.now() - sent;
    assert.ok(lived > 1_000, `it lived for ${lived} ms`);
    assert.equal((await one(driver, renew(mine))).ok, false);
  }));

Deno.test("Memcached: what changes something takes two flights, the rest one, and all calls share a connection", () =>
  withMemcached(async ({ connect }) => {
    const { connect: socket, seen } = wayOf();
    const driver = connect({ connect: socket });
    const flights = async (work: () => Promise<unknown>): Promise<number> => {
      const before = seen.flights;
      await work();
      return seen.flights - before;
    };
    const mine = acquire("lock:a");
    // The first one also makes the item that shows the time.
    assert.equal(await flights(() => one(driver, mine)), 3);
    assert.equal(await flights(() => one(driver, renew(mine))), 2);
    assert.equal(await flights(() => one(driver, acquire("lock:a"))), 1);
    assert.equal(await flights(() => one(driver, inspect("lock:a"))), 1);
    const batch = Array.from({ length: 50 }, (_, n) => acquire(`lock:${n}`));
    assert.equal(await flights(() => driver.apply(batch)), 2);
    const looks = Array.from({ length: 50 }, (_, n) => one(driver, inspect(`lock:${n}`)));
    assert.ok((await Promise.all(looks)).every(({ leases }) => leases.length === 1));
    assert.equal(seen.opened, 1);
  }));

/**
 * What is Deno KV's own: a text in parts, its URL, and what its errors prove.
 *
 * @module
 */

import assert from "node:assert/strict";
import { denoKv, type Kv } from "../../../drivers/document/deno_kv.ts";
import { denoKvAt } from "../../../drivers/document/deno_kv_url.ts";
import { codeOf, ConnectionError, InvalidArgument, UnknownOutcome } from "../../../errors.ts";
import { getCoordinator } from "../../../url.ts";
import { granted, lists, step } from "../../conformance/expect.ts";
import { acquire, inspect } from "../../conformance/operations.ts";
import { inFolder } from "../../servers/folders.ts";

Deno.test("a document of many values is cut into parts, and read as of one instant", () =>
  inFolder("baton-deno-kv-", async (folder) => {
    const kv = await Deno.openKv(`${folder}/leases.db`);
    try {
      const driver = denoKv(kv);
      const held = [];
      // Letters of two bytes, so that parts are cut within a letter.
      for (let n = 0; n < 8; n++) {
        const mine = acquire(`lock:${n}`, { value: "é".repeat(32_000) + n % 2 });
        held.push(await granted(driver, mine));
      }
      const { value: parts } = await kv.get(["baton"]);
      assert(Number(parts) > 7, `${parts}`);
      for (const [n, lease] of held.entries()) {
        await lists(driver, inspect(`lock:${n}`), [lease]);
      }
      const full = driver.apply([acquire("lock:more", { value: "x".repeat(65_000) })]);
      await assert.rejects(full, (error: Error) => {
        return error instanceof ConnectionError && /575000 is the most/.test(error.message);
      });
      assert.equal((await step(driver, inspect("lock:more"))).leases.length, 0);
    } finally {
      kv.close();
    }
  }));

Deno.test("a URL opens a file or a database in memory, and stop closes it", () =>
  inFolder("baton-deno-kv-", async (folder) => {
    for (const url of [`deno-kv://${folder}/leases.db`, `deno-kv:${folder}/leases.db`]) {
      const baton = await getCoordinator(url, "me");
      assert.ok(baton.characteristics.has("DISTRIBUTED_ACROSS_PROCESSES"));
      const lease = await baton.getLock("x").hold();
      assert.equal(await lease.renew(), true);
      await baton.stop();
      // It is opened again, and has what it had.
      await baton.start();
      assert((await baton.getLock("x").hold()).token > lease.token);
      await baton.stop();
    }
    const baton = await getCoordinator("deno-kv:", "me");
    assert.ok(!baton.characteristics.has("DISTRIBUTED_ACROSS_PROCESSES"));
    for (let time = 0; time < 2; time++) {
      assert((await baton.getLock("x").hold()).token > 0);
      await baton.stop();
    }
    for (const url of ["deno-kv://api.deno.com/v2/databases/1/connect", "deno-kv:%ff"]) {
      await assert.rejects(getCoordinator(url, "me"), InvalidArgument);
    }
  }));

async function removed(path: string): Promise<void> {
  for (const end of ["", "-wal", "-shm"]) await Deno.remove(path + end);
}

/**
 * What is done to `leases.db` while a process has it open. A file without those beside it, or with those of
 * another, makes Deno itself panic when it cleans up, and then the process ends.
 */
const DEEDS: Readonly<Record<string, (path: string) => Promise<void>>> = {
  "deleted": removed,
  "replaced by another": async (path) => {
    const other = await getCoordinator(`deno-kv://${path}.new`, "somebody");
    await other.createGroup("g");
    await other.stop();
    await removed(path);
    await Deno.rename(`${path}.new`, path);
  },
};

for (const [what, deed] of Object.entries(DEEDS)) {
  Deno.test(`who holds a lease in a file that is ${what} loses it, and nobody else is granted beside it`, () =>
    inFolder("baton-deno-kv-", async (folder) => {
      const url = `deno-kv://${folder}/leases.db`;
      const [a, b] = [await getCoordinator(url, "a"), await getCoordinator(url, "b")];
      const lease = await a.getLock("x").hold({ ttl: 600_000 });
      await deed(`${folder}/leases.db`);
      await assert.rejects(lease.confirm(), (error) => codeOf(error) === "lease-lost");
      assert.equal(lease.held, false);
      // Both go by the file that is there now.
      const theirs = await b.getLock("x").hold({ ttl: 600_000 });
      assert.equal(await a.getLock("x").tryAcquire(), null);
      await theirs.confirm();
      await a[Symbol.asyncDispose]();
      await b[Symbol.asyncDispose]();
    }));
}

Deno.test("of two calls that find a file deleted, one closes it, and both say that nothing is held", () =>
  inFolder("baton-deno-kv-", async (folder) => {
    const file = `${folder}/leases.db`;
    const driver = await denoKvAt({ url: `deno-kv://${file}` });
    await driver.apply([acquire("x")]);
    await removed(file);
    for (
      const end of await Promise.allSettled([
        driver.apply([inspect("x")]),
        driver.apply([inspect("x")]),
      ])
    ) {
      assert(end.status === "rejected");
      assert.equal(codeOf(end.reason), "unknown-outcome", `${end.reason}`);
    }
    assert.deepEqual(await driver.apply([inspect("x")]), [{ ok: true, leases: [] }]);
    await driver[Symbol.asyncDispose]?.();
  }));

Deno.test("a file that is deleted while it is being opened is noticed at the first request", () =>
  inFolder("baton-deno-kv-", async (folder) => {
    const url = `deno-kv://${folder}/leases.db`;
    const before = Object.getOwnPropertyDescriptor(Deno, "openKv")!;
    const real = Deno.openKv;
    let opened = 0;
    const openKv = async (path: string): Promise<Deno.Kv> => {
      const kv = await real(path);
      if (++opened === 1) await removed(path);
      return kv;
    };
    Object.defineProperty(Deno, "openKv", { ...before, get: () => openKv });
    const a = await getCoordinator(url, "a").finally(() =>
      Object.defineProperty(Deno, "openKv", before)
    );
    const b = await getCoordinator(url, "b");
    await a.getLock("x").hold();
    assert.equal(opened, 2);
    assert.equal(await b.getLock("x").tryAcquire(), null);
    await a[Symbol.asyncDispose]();
    await b[Symbol.asyncDispose]();
  }));

Deno.test("a URL whose coordinator cannot be made leaves no database open", async () => {
  const before = Object.getOwnPropertyDescriptor(Deno, "openKv")!;
  const real = Deno.openKv;
  const open = new Set<Deno.Kv>();
  const openKv = async (path?: string): Promise<Deno.Kv> => {
    const kv = await real(path);
    const close = kv.close.bind(kv);
    open.add(kv);
    kv.close = () => (open.delete(kv), close());
    return kv;
  };
  Object.defineProperty(Deno, "openKv", { ...before, get: () => openKv });
  try {
    const [options, why] = [{ characteristics: ["NON_TIMEOUT_BASED"] }, /it lacks/] as const;
    await assert.rejects(getCoordinator("deno-kv:", "me", options), why);
    assert.equal(open.size, 0);
  } finally {
    Object.defineProperty(Deno, "openKv", before);
  }
});

Deno.test("a database in memory is of this process, and a file is of this host", async () => {
  const kv = await Deno.openKv(":memory:");
  try {
    assert.equal(denoKv(kv, { clock: "process" }).guarantees.durability, "process");
    assert.equal(denoKv(kv).guarantees.clock, "host");
    assert.throws(() => denoKv(kv, { clock: "server" as "host" }), InvalidArgument);
    assert.throws(() => denoKv({} as Kv), /openKv/);
  } finally {
    kv.close();
  }
});

Deno.test("only a locked file proves that nothing was written", async () => {
  const failing = (message: string): Kv => ({
    getMany: () => Promise.reject(new TypeError(message)),
    atomic: () => assert.fail("it could not even read"),
  });
  const op = acquire("lock:a");
  await assert.rejects(denoKv(failing("database is locked")).apply([op]), (error: Error) => {
    return error instanceof ConnectionError && error.retryable;
  });
  await assert.rejects(denoKv(failing("something else")).apply([op]), UnknownOutcome);
});

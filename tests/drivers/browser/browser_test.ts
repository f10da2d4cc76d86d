/**
 * What the driver makes of IndexedDB's events and errors, on an IndexedDB in this process. What real
 * browsers do is in `chromium_test.ts`.
 *
 * @module
 */

import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import { browser, type BrowserOptions } from "../../../drivers/browser/browser.ts";
import { codeOf } from "../../../errors.ts";
import { getCoordinator } from "../../../url.ts";
import { granted, refused, step } from "../../conformance/expect.ts";
import { acquire, inspect, release, renew } from "../../conformance/operations.ts";
import { tokensFollow } from "../tokens_follow.ts";

/** What is used of the library's own types. */
interface Transaction {
  error: unknown;
  commit(): void;
  abort(): void;
}
interface Database {
  transaction(...args: unknown[]): Transaction;
  createObjectStore(name: string): unknown;
  close(): void;
}
interface OpenRequest {
  result: Database;
  onupgradeneeded: () => void;
  onsuccess: () => void;
}
type Factory = {
  open(name: string, version: number): OpenRequest;
  deleteDatabase(name: string): OpenRequest;
};
const scope = globalThis as unknown as {
  indexedDB: Factory | undefined;
  IDBDatabase: { prototype: Database };
};

/** Changes all transactions while some work lasts. */
async function withTransactions(
  change: (transaction: Transaction) => void,
  work: () => Promise<void>,
): Promise<void> {
  const { prototype } = scope.IDBDatabase;
  const { transaction: original } = prototype;
  prototype.transaction = function (...args) {
    const transaction = original.apply(this, args);
    change(transaction);
    return transaction;
  };
  try {
    await work();
  } finally {
    prototype.transaction = original;
  }
}

/** Makes a database, as somebody else would. */
function made(name: string, version: number, store?: string): Promise<void> {
  return new Promise((resolve) => {
    const request = scope.indexedDB!.open(name, version);
    request.onupgradeneeded = () => void (store && request.result.createObjectStore(store));
    request.onsuccess = () => resolve(request.result.close());
  });
}

/** How many rows the leases of a name have, dead ones and that of the last token among them. */
function rowsOf(name: string): Promise<number> {
  return new Promise((resolve) => {
    const request = scope.indexedDB!.open(`baton:${name}`, 1) as unknown as {
      onsuccess: () => void;
      result: {
        close(): void;
        transaction(store: string): {
          objectStore(name: string): { count(): { onsuccess: () => void; result: number } };
        };
      };
    };
    request.onsuccess = () => {
      const counted = request.result.transaction("leases").objectStore("leases").count();
      counted.onsuccess = () => {
        request.result.close();
        resolve(counted.result);
      };
    };
  });
}

Deno.test("browser: handles of one name share leases, and each name has its own", async () => {
  const names = ["a", "A", "a/b", "ä", "a b", "\x01", "x".repeat(64), "Ä".repeat(32)];
  for (const name of names) {
    using driver = browser(name);
    using again = browser(name);
    const lease = await granted(driver, acquire("lock:x"));
    await refused(again, acquire("lock:x"), [lease]);
  }
});

Deno.test("browser: what cannot be right is refused before anything is made", () => {
  const wrong: readonly (readonly [string, BrowserOptions, RegExp])[] = [
    ["", {}, /name/],
    ["x".repeat(65), {}, /name/],
    ["a\0b", {}, /name/],
    [undefined as unknown as string, {}, /name/],
    ["a", { path: "/tmp/a" } as BrowserOptions, /"path"/],
  ];
  for (const [name, options, words] of wrong) {
    assert.throws(() => browser(name, options), (error: Error) => {
      assert.equal(codeOf(error), "invalid-argument", `${error}`);
      assert.match(error.message, words);
      return true;
    });
  }
});

Deno.test("browser: URLs", async () => {
  await using first = await getCoordinator("browser:url", "first");
  await using lease = await first.getLock("x").hold();
  for (const url of ["browser://url", "BROWSER:url/?lock_timeout=20", "browser:%75rl"]) {
    await using baton = await getCoordinator(url, "other");
    const [holder] = await baton.getLock("x").holders();
    assert.equal(holder?.token, lease.token, url);
  }
  await using _ = await getCoordinator("browser:", "a");
  for (const rest of ["a/b", "a#b", "//:token@a", "%", "a?folder=/tmp"]) {
    await assert.rejects(
      getCoordinator(`browser:${rest}`, "a"),
      { code: "invalid-argument" },
      rest,
    );
  }
});

Deno.test("browser: without IndexedDB, as on a server, the first request says so", async () => {
  const { indexedDB } = scope;
  scope.indexedDB = undefined;
  try {
    using driver = browser("a");
    await assert.rejects(driver.apply([inspect("lock:x")]), {
      code: "not-supported",
      message: /there is no IndexedDB/,
    });
    scope.indexedDB = indexedDB;
    // It is looked for again.
    assert.ok((await step(driver, inspect("lock:x"))).ok);
  } finally {
    scope.indexedDB = indexedDB;
  }
});

Deno.test("browser: where a page may keep no data, it says so, and repeats no odd name of an error", async () => {
  const { indexedDB } = scope;
  const fails = (error: unknown) => ({
    open: () => {
      const request = { error } as unknown as OpenRequest & { onerror(): void };
      queueMicrotask(() => request.onerror());
      return request;
    },
  });
  try {
    for (
      const [name, code, words] of [
        [
          "SecurityError",
          "not-supported",
          /Cannot keep leases here \(SecurityError\): there is no/,
        ],
        ["NotAllowedError", "not-supported", /\(NotAllowedError\): there is no IndexedDB/],
        ["UnknownError", "connection", /wrote nothing \(UnknownError: odd\); send the same again/],
        ["x".repeat(40), "connection", /\(x{40}: odd\)/],
        ["x".repeat(41), "connection", /\(an error without a name: odd\)/],
        ["s3cr3t word", "connection", /\(an error without a name: odd\)/],
        [7, "connection", /\(an error without a name: odd\)/],
      ] as const
    ) {
      scope.indexedDB = fails({ name, message: "odd" }) as unknown as Factory;
      using driver = browser("denied");
      const error = await driver.apply([acquire("lock:x")]).catch((error) => error);
      assert.equal(codeOf(error), code, `${error}`);
      assert.equal(error.retryable ?? false, code === "connection");
      assert.match(error.message, words);
    }
  } finally {
    scope.indexedDB = indexedDB;
  }
});

Deno.test("browser: a database of somebody else's, or of a newer Baton, is refused", async () => {
  await made("baton:foreign", 1, "theirs");
  await made("baton:newer", 2);
  for (
    const [name, words] of [["foreign", /NotFoundError.*another name/], [
      "newer",
      /newer Baton/,
    ]] as const
  ) {
    using driver = browser(name);
    for (let turn = 0; turn < 2; turn++) {
      await assert.rejects(driver.apply([acquire("lock:x")]), (error: Error) => {
        assert.equal(codeOf(error), "connection");
        assert.match(error.message, words);
        assert.match(error.message, /wrote nothing/);
        // Waiting mends neither.
        assert.equal((error as Error & { retryable?: boolean }).retryable, false);
        return true;
      });
    }
  }
});

Deno.test("browser: a transaction that ends before its commit wrote nothing, and may be sent again", async () => {
  using driver = browser("ended");
  await step(driver, inspect("lock:x"));
  const mine = acquire("lock:x");
  await withTransactions((transaction) => queueMicrotask(() => transaction.abort()), async () => {
    await assert.rejects(driver.apply([mine]), { code: "connection", retryable: true });
  });
  assert.deepEqual((await step(driver, inspect("lock:x"))).leases, []);
  await granted(driver, mine);
});

Deno.test("browser: a connection that died without a word is given up after one error", async () => {
  using driver = browser("dead");
  const mine = acquire("lock:x");
  const lease = await granted(driver, mine);
  const { prototype } = scope.IDBDatabase;
  const { transaction: original } = prototype;
  prototype.transaction = function (...args) {
    this.close();
    return original.apply(this, args);
  };
  await assert.rejects(driver.apply([renew(mine)]), { code: "connection", retryable: true });
  prototype.transaction = original;
  const { leases } = await step(driver, inspect("lock:x"));
  assert.deepEqual(leases.map(({ token }) => token), [lease.token]);
});

Deno.test("browser: a transaction that ends in its commit is unknown, but for want of room", async () => {
  using driver = browser("committed");
  await step(driver, inspect("lock:x"));
  const failing = (name: string) => (transaction: Transaction): void => {
    transaction.commit = () => {
      transaction.abort();
      transaction.error = Object.assign(new Error("it failed"), { name });
    };
  };
  for (
    const [name, code] of [
      ["UnknownError", "unknown-outcome"],
      ["AbortError", "unknown-outcome"],
      ["QuotaExceededError", "connection"],
    ] as const
  ) {
    await withTransactions(failing(name), async () => {
      const error = await driver.apply([acquire("lock:x")]).catch((error) => error);
      assert.equal(codeOf(error), code, `${error}`);
      assert.equal(error.retryable, true);
      assert.match(error.message, new RegExp(name));
      if (code === "connection") assert.match(error.message, /no room left/);
    });
  }
});

Deno.test("browser: an abort while the database is being opened is its own reason, and nothing is sent", async () => {
  using driver = browser("opening");
  const controller = new AbortController();
  const reason = new Error("enough");
  let sent = 0;
  const call = driver.apply([acquire("lock:x")], {
    signal: controller.signal,
    beforeRequest: () => sent++,
  });
  controller.abort(reason);
  await assert.rejects(call, reason);
  assert.equal(sent, 0);
  assert.deepEqual((await step(driver, inspect("lock:x"))).leases, []);
});

Deno.test("browser: a page that deletes the database is not held up, and a holder learns of it", async () => {
  let time = Date.now();
  const now = () => time++;
  using one = browser("deleted", { now });
  using two = browser("deleted", { now });
  const mine = acquire("lock:x");
  const lease = await granted(one, mine);
  await new Promise<void>((resolve) => {
    scope.indexedDB!.deleteDatabase("baton:deleted").onsuccess = () => resolve();
  });
  const next = await granted(two, acquire("lock:x"));
  assert.ok(next.token > lease.token);
  await refused(one, renew(mine), []);
  await refused(one, release(mine), [next]);
});

Deno.test("browser: a connection that was closed is opened again at the next use", async () => {
  using driver = browser("closed");
  const mine = acquire("lock:x");
  const lease = await granted(driver, mine);
  driver.close();
  driver.close();
  const again = await granted(driver, mine);
  assert.equal(again.token, lease.token);
  await driver[Symbol.asyncDispose]();
});

Deno.test("browser: dead rows stay few, and live ones stay", async () => {
  let now = 1_764_000_000_000;
  using driver = browser("rows", { now: () => now });
  const endless = acquire("lock:endless", { ttl: Infinity });
  await granted(driver, endless);
  for (let n = 0; n < 40; n++) {
    now += 500;
    await driver.apply(
      Array.from(
        { length: 50 },
        () => acquire("cron:invoices", { seat: crypto.randomUUID(), ttl: 1_000 }),
      ),
    );
  }
  const rows = await rowsOf("rows");
  // A hundred of them live, and with each fifty that came as many were deleted.
  assert.ok(rows > 100 && rows < 300, `${rows} rows`);
  assert.equal((await step(driver, inspect("cron:invoices"))).leases.length, 100);
  assert.equal((await step(driver, inspect("lock:endless"))).leases.length, 1);
});

Deno.test("browser: one grant in 32 deletes what is dead, a hundred rows at most, and no other does", async () => {
  // Tokens are the clock where it has gone on, so they are known.
  let now = 1_764_000_000_000;
  assert.equal(now % 64, 0);
  using driver = browser("sweeps", { now: () => now });
  const grant = (seats: number, ttl: number) =>
    driver.apply(
      Array.from({ length: seats }, (_, n) => acquire("r", { seat: `${now} ${ttl} ${n}`, ttl })),
    );
  // That of the last token is a row, too.
  now += 1;
  await grant(31, 1);
  now += 32;
  await grant(31, 1);
  now += 32;
  await grant(31, 1);
  now += 32;
  await grant(30, 1);
  await grant(1, Infinity);
  now += 1_000 * 32;
  await grant(1, 1_000);
  const dead = 3 * 31 + 30;
  assert.equal(await rowsOf("sweeps"), 1 + dead + 2);
  now = Math.ceil(now / 64) * 64 + 32;
  await grant(1, 1);
  assert.equal(await rowsOf("sweeps"), 1 + dead - 100 + 2 + 1);
  now += 64;
  await grant(1, 1_000_000);
  assert.equal(await rowsOf("sweeps"), 1 + 2 + 1, "all that live");
});

Deno.test("browser: tokens follow the clock, and never go back", async () => {
  await tokensFollow((now) => browser("tokens", { now }));
});

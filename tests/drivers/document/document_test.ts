/**
 * The algorithm of one document: its limits, what it does when it is overtaken, and that a store which
 * answers old texts, or a driver which leaves the dead where they are, would be noticed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { document, type DocumentStore } from "../../../drivers/document/document.ts";
import type { Acquire, Driver } from "../../../drivers/driver.ts";
import { step as decide, type Table } from "../../../drivers/kit/step.ts";
import { ConnectionError, UnknownOutcome } from "../../../errors.ts";
import { BY_SECONDS, Freezer, OwnStore } from "../../backends/document.ts";
import { freezeCases } from "../../conformance/frozen.ts";
import { granted, lists, released } from "../../conformance/expect.ts";
import { FakeClock, memory } from "../../conformance/mod.ts";
import { acquire, inspect, release, renew } from "../../conformance/operations.ts";
import { tokensFollow } from "../tokens_follow.ts";

Deno.test("whoever is overtaken again and again gives up, and says that nothing was written", async () => {
  let reads = 0;
  const store: DocumentStore<number> = {
    read: () => {
      const text = JSON.stringify({ baton: 1, writes: reads, writers: [], last: 0, leases: [] });
      return Promise.resolve({ text, version: reads++, now: 1_000 });
    },
    write: () => Promise.resolve(false),
  };
  const driver = document(store, BY_SECONDS);
  await assert.rejects(driver.apply([acquire("lock:a")]), (error: ConnectionError) => {
    assert(error instanceof ConnectionError && error.retryable);
    assert.match(error.message, /nothing was written/);
    return true;
  });
  assert.equal(reads, 301);
});

Deno.test("a store that refuses the version which it shows itself is named, and not asked without end", async () => {
  let writes = 0;
  for (const text of [undefined, '{"baton":1,"writes":7,"writers":[],"last":0,"leases":[]}']) {
    writes = 0;
    // As S3 behind a proxy that compresses: the ETags of what it answers are not those of the store.
    const store: DocumentStore<string> = {
      read: () => Promise.resolve({ text, version: 'W/"1"', now: 1_000 }),
      write: () => (writes++, Promise.resolve(false)),
    };
    const call = document(store, BY_SECONDS).apply([acquire("lock:a")]);
    await assert.rejects(call, (error: ConnectionError) => {
      assert(error instanceof ConnectionError && error.retryable);
      assert.match(error.message, /that nobody had changed, so nothing was written; .*a proxy/);
      return true;
    });
    assert.equal(writes, 50);
  }
});

Deno.test("after a write that was answered as lost, what ends the call leaves its outcome unknown", async () => {
  const reason = new ConnectionError("enough");
  for (const lost of [false, true]) {
    for (const from of ["the store", "beforeRequest"]) {
      const store = new OwnStore(() => 1_800_000_000_000);
      let begun = !lost;
      const refuse = (): void => {
        if (begun) throw reason;
      };
      const driver = document({
        read: async (options) => {
          if (from === "the store") refuse();
          return await store.read(options);
        },
        // The runtime sent a copy of it unasked: the first is done, the answer is that of the second.
        write: async (...args) => {
          const written = await store.write(...args);
          begun = true;
          return !written;
        },
      }, BY_SECONDS);
      const mine = acquire("lock:a");
      const call = driver.apply([mine], {
        ...from === "beforeRequest" && { beforeRequest: refuse },
      });
      await assert.rejects(call, (error: Error) => {
        if (!lost) return error === reason;
        assert(error instanceof UnknownOutcome, `${from}: ${error}`);
        return true;
      });
      const [found] = await document(store, BY_SECONDS).apply([inspect("lock:a")]);
      assert.equal(found?.leases.length, lost ? 1 : 0);
    }
  }
});

/** A store whose next write meets this: it tells what is answered. */
function meeting(store: OwnStore, meet: (write: () => Promise<boolean>) => Promise<boolean>) {
  let met = false;
  return {
    read: (options) => store.read(options),
    write(...args) {
      if (met) return store.write(...args);
      met = true;
      return meet(() => store.write(...args));
    },
  } satisfies DocumentStore<number>;
}

for (const done of [false, true]) {
  Deno.test(`a write that was ${done ? "done" : "lost"} and answered as lost is recognized as long as its writer would be named, and no longer`, async () => {
    for (const others of [0, 15 + Number(!done), 16 + Number(!done), 40]) {
      const store = new OwnStore(() => 1_800_000_000_000);
      const other = document(store, BY_SECONDS);
      const mine = acquire("lock:a");
      const lease = await granted(other, mine);
      const driver = document(
        meeting(store, async (write) => {
          if (done) await write();
          for (let n = 0; n < others; n++) await granted(other, acquire(`lock:${n}`));
          return false;
        }),
        BY_SECONDS,
      );
      const call = driver.apply([release(mine)]);
      if (others < 16 + Number(!done)) {
        assert.deepEqual(await call, [{ ok: true, leases: [] }], `${others}`);
        await lists(other, inspect("lock:a"), []);
      } else {
        await assert.rejects(call, UnknownOutcome, `${others}`);
        await lists(other, inspect("lock:a"), done ? [] : [lease]);
      }
    }
  });
}

Deno.test("each try goes by the clock of its own read, however long the one before took", async () => {
  let now = 1_800_000_000_000;
  const store = new OwnStore(() => now);
  const other = document(store, BY_SECONDS);
  const mine = acquire("lock:a", { ttl: 5_000 });
  const driver = document(
    meeting(store, async () => {
      await granted(other, acquire("lock:b", { ttl: 5_000 }));
      now += 60_000;
      return false;
    }),
    BY_SECONDS,
  );
  const { token } = await granted(driver, mine);
  assert(token >= now, `${token - now}`);
  now += 5_000;
  assert.equal((await other.apply([renew(mine)]))[0]?.ok, true);
  await lists(other, inspect("lock:b"), []);
});

Deno.test("a document that is full takes nothing more, says so, and can be made smaller", async () => {
  const store = new OwnStore(() => 1_800_000_000_000);
  const driver = document(store, { ...BY_SECONDS, most: 5_000 });
  const held: Acquire[] = [];
  let full: unknown;
  while (!full) {
    const mine = acquire(`lock:${held.length}`, { value: "é".repeat(100) });
    full = await driver.apply([mine]).then(() => void held.push(mine), (error: unknown) => error);
  }
  assert(held.length > 8, `${held.length}`);
  assert(full instanceof ConnectionError && full.retryable);
  assert.match(full.message, /4000 is the most/);
  const [first, second] = held;
  assert(first && second);
  // To the last byte, so that the number of a write has no room to grow.
  for (let bytes = 1_000; bytes >= 0; bytes--) {
    await driver.apply([renew(first, "x".repeat(bytes))]).then(() => bytes = 0, () => {});
  }
  for (let n = 0; n < 100; n++) assert.equal((await driver.apply([renew(second)]))[0]?.ok, true);
  await released(driver, release(first));
  assert.equal((await driver.apply([renew(second)]))[0]?.ok, true);
  // Where the limit was higher once, what is there already can still be released.
  const smaller = document(store, { ...BY_SECONDS, most: 2_000 });
  await assert.rejects(smaller.apply([acquire("lock:new")]), ConnectionError);
  await released(smaller, release(second));
});

Deno.test("tokens go on from the clock when the document is gone, and from the last one when it is not", async () => {
  let now = 1_800_000_000_000;
  const options = { ...BY_SECONDS };
  const [first, second] = [new OwnStore(() => now), new OwnStore(() => now)];
  const before = await granted(document(first, options), acquire("lock:a"));
  now += 1_000;
  const after = await granted(document(second, options), acquire("lock:a"));
  assert(after.token > before.token);
  now -= 3_600_000;
  const later = await granted(document(second, options), acquire("lock:b"));
  assert.equal(later.token, after.token + 1);
});

Deno.test("a document that was lost, or is older than it was, does not lower the tokens of a handle that knew it", async () => {
  let now = 1_800_000_000_000;
  for (const knows of ["wrote", "looked"]) {
    now += 7_200_000;
    let store = new OwnStore(() => now);
    const driver = document<number>({
      read: (options) => store.read(options),
      write: (...args) => store.write(...args),
    }, BY_SECONDS);
    const writer = knows === "wrote" ? driver : document(store, BY_SECONDS);
    const { token } = await granted(writer, acquire("lock:a"));
    if (knows === "looked") await driver.apply([inspect("lock:a")]);
    store = new OwnStore(() => now);
    now -= 3_600_000;
    assert.equal((await granted(driver, acquire("lock:a"))).token, token + 1, knows);
  }
});

/** A driver of one document that writes only what an operation changes, and leaves the dead there. */
function careless(store: DocumentStore<number>): Driver {
  type Row = {
    resource: string;
    seat: string;
    id: string;
    token: number;
    value: string;
    ends: number;
  };
  return {
    ...memory(),
    async apply(ops, options = {}) {
      for (;;) {
        const { text, version, now } = await store.read(options);
        let rows: Row[] = JSON.parse(text ?? "[]");
        let changed = false;
        const drop = (resource: string, seat: string): void => {
          rows = rows.filter((row) => row.resource !== resource || row.seat !== seat);
          changed = true;
        };
        const table: Table = {
          live: (resource, seat) =>
            rows.filter((row) => row.ends > now && row.resource === resource)
              .filter((row) => seat === undefined || row.seat === seat)
              .map(({ resource: _, ends, ...row }) => ({ ...row, left: ends - now })),
          put(resource, { left, ...lease }) {
            drop(resource, lease.seat);
            rows.push({ ...lease, resource, ends: now + left });
          },
          drop,
          scan: () => [],
          nextToken: () => now,
        };
        const outcomes = ops.map((op) => decide(op, table));
        if (!changed || await store.write(JSON.stringify(rows), version, options)) return outcomes;
      }
    },
  };
}

for (const { name, run } of freezeCases) {
  // A takeover writes, so even such a driver ends the old lease with it.
  if (/acquisition|guard/.test(name)) continue;
  Deno.test(`a driver that leaves the dead in the document is noticed: ${name}`, async () => {
    const [clock, freezer] = [new FakeClock(), new Freezer()];
    const store = new OwnStore(clock.now, freezer);
    const backend = {
      connect: () => ({ ...careless(store), guarantees: document(store, BY_SECONDS).guarantees }),
      pass: (ms: number) => clock.pass(ms),
      tick: 1,
      freeze: (after: number) => freezer.freeze(after),
    };
    await assert.rejects(run(backend), /revived|late renewal/);
  });
}

Deno.test("what is asked again and changes nothing is not written", async () => {
  const store = new OwnStore(() => 1_800_000_000_000);
  let writes = 0;
  const counting: DocumentStore<number> = {
    read: (options) => store.read(options),
    write: (...args) => (writes++, store.write(...args)),
  };
  const driver = document(counting, BY_SECONDS);
  const mine = acquire("lock:a");
  await granted(driver, mine);
  await driver.apply([mine, acquire("lock:a"), inspect("lock:a"), inspect("lock:b")]);
  assert.equal(writes, 1);
});

Deno.test("tokens of a document follow the store's clock, or the finer one that it has, and never go back", async () => {
  for (const clock of ["now", "fine"]) {
    await tokensFollow((now) => {
      const store = new OwnStore(() => 0);
      return document({
        read: async (options) => ({ ...await store.read(options), [clock]: now() }),
        write: (...args) => store.write(...args),
      }, BY_SECONDS);
    });
  }
});

Deno.test("each write leaves out what has ended, and no more than sixteen writers are named", async () => {
  let now = 1_800_000_000_000;
  const store = new OwnStore(() => now);
  const driver = document(store, BY_SECONDS);
  const written = async () => JSON.parse((await store.read({})).text ?? "");
  const grant = (resource: string, seat: string, ttl: number) =>
    granted(driver, acquire(resource, { seat, ttl }));
  await grant("r", "1", 1_000);
  await grant("r", "2", 60_000);
  await grant("q", "1", 1_000);
  // A second, and one more that its clock does not show.
  now += 2_000;
  await grant("s", "1", Infinity);
  const { writers, ...text } = await written();
  const rows = text.leases.map(([resource, all]: [string, unknown[][]]) => [
    resource,
    ...all.map(([seat, , , , ttl, ends]) => [seat, ttl, ends && Number(ends) - now]),
  ]);
  assert.deepEqual(rows, [["r", ["2", 60_000, 60_000 + 999 - 2_000]], ["s", ["1", null, null]]]);
  assert.deepEqual([text.baton, text.writes, writers.length], [1, 4, 4]);
  for (let n = 0; n < 20; n++) await grant("s", `more ${n}`, 60_000);
  const later = await written();
  assert.deepEqual([later.writes, later.writers.length], [24, 16]);
  assert.ok(!later.writers.some((each: string) => writers.includes(each)), "the newest of them");
});

Deno.test("a text of which a part is missing, or of another form, is nobody's to write over", async () => {
  const whole = { baton: 1, writes: 7, writers: ["a"], last: 5, leases: [] };
  const read = (text: unknown) => {
    const store: DocumentStore<number> = {
      read: () => Promise.resolve({ text: JSON.stringify(text), version: 1, now: 1_000 }),
      write: () => assert.fail("it was written"),
    };
    return document(store, BY_SECONDS).apply([inspect("lock:a")]);
  };
  assert.deepEqual(await read(whole), [{ ok: true, leases: [] }]);
  const wrong = {
    baton: [undefined, 0, 2, "1"],
    writes: [undefined, 0.5, "7"],
    writers: [undefined, {}, "a"],
    last: [undefined, 0.5, "5"],
    leases: [undefined, {}, "a"],
  };
  for (const [field, values] of Object.entries(wrong)) {
    for (const value of values) {
      await assert.rejects(read({ ...whole, [field]: value }), (error: Error) => {
        assert.ok(error instanceof ConnectionError && !error.retryable, `${field}: ${error}`);
        assert.match(
          error.message,
          field === "baton" && value === undefined ? /something else/ : /does not write/,
        );
        return true;
      });
    }
  }
  for (const text of [null, 7, [], "x"]) await assert.rejects(read(text), /something else/);
});

/**
 * Thousands of leases, names and waiters in memory: what an operation looks at must not grow with them.
 * Looks are counted, for the driver asks its clock once for each row that it looks at.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire, Driver, Outcome } from "../../../drivers/driver.ts";
import { memory } from "../../../drivers/memory.ts";

const MANY = 10_000;
const TTL = 600_000;

function acquire(resource: string, seat: string, more: Partial<Acquire> = {}): Acquire {
  return { op: "acquire", resource, seat, id: `${resource} ${seat}`, ttl: TTL, value: "", ...more };
}

/** Memory whose clock and timers a test owns. */
class Counted {
  looks = 0;
  now = 0;
  #latest: symbol | undefined;
  readonly timers = new Map<symbol, { at: number; callback: () => void }>();
  readonly driver: Driver = memory({
    now: () => {
      this.looks++;
      return this.now;
    },
    after: (ms, callback) => {
      const key = Symbol();
      this.timers.set(key, { at: this.now + ms, callback });
      this.#latest = key;
      return () => this.timers.delete(key);
    },
  });

  async apply(...ops: Parameters<Driver["apply"]>[0]): Promise<readonly Outcome[]> {
    return await this.driver.apply(ops);
  }

  /** Lets time pass, and all timers fire that are due then. */
  async pass(ms: number): Promise<void> {
    this.now += ms;
    for (const [key, { at, callback }] of this.timers) {
      if (at <= this.now && this.timers.delete(key)) callback();
    }
    await turn();
  }

  /** Fires the timer that was set last, which must be due. */
  fireLatest(): void {
    const timer = this.#latest && this.timers.get(this.#latest);
    assert(timer && timer.at <= this.now);
    this.timers.delete(this.#latest!);
    timer.callback();
  }

  /** How many looks `work` takes for each of `MANY`. */
  async perEach(work: () => Promise<unknown>): Promise<number> {
    const before = this.looks;
    await work();
    return (this.looks - before) / MANY;
  }
}

/** Everything that waits for nothing but promises has run. */
function turn(): Promise<void> {
  return new Promise((go) => setTimeout(go, 0));
}

/** Many who wait, the order in which they are granted, and the end of all. */
function crowd(backend: Counted, ops: readonly Acquire[], signal?: AbortSignal) {
  const granted: string[] = [];
  const refused: string[] = [];
  const failed: string[] = [];
  const all = ops.map((op) =>
    backend.driver.apply([op], { ...(signal && { signal }) }).then(
      ([outcome]) => void (outcome?.ok ? granted : refused).push(op.id),
      ({ code }) => void failed.push(code),
    )
  );
  return { granted, refused, failed, ended: Promise.all(all) };
}

const PATIENT = { patience: TTL / 2 };

Deno.test("a claim of a slot costs the same after ten thousand slots as before", async () => {
  const backend = new Counted();
  const claim = async (from: number): Promise<void> => {
    for (let slot = from; slot < from + MANY; slot++) {
      const [outcome] = await backend.apply(acquire("cron:job", `${slot}`));
      assert.equal(outcome?.ok, true);
    }
  };
  const first = await backend.perEach(() => claim(0));
  const third = await backend.perEach(() => claim(MANY).then(() => claim(2 * MANY))) / 2;
  assert(first < 12 && third < 12, `${first} and ${third} looks`);
});

Deno.test("names that nobody uses again leave nothing behind, whatever else is written", async () => {
  const backend = new Counted();
  for (let name = 0; name < MANY; name++) {
    await backend.apply(acquire(`lock:${name}`, "", { ttl: 10 }));
    if (name % 2 === 0) backend.now += 1;
  }
  // They have died. What is written next, be it one lease's renewals, takes them away.
  backend.now += 10;
  await backend.apply(acquire("lock:last", ""));
  const renewal = { ...acquire("lock:last", ""), op: "renew" } as const;
  for (let beat = 0; beat < MANY / 2; beat++) await backend.apply(renewal);
  backend.looks = 0;
  const [listed] = await backend.apply({ op: "list", prefix: "", limit: 1_000 });
  assert.deepEqual(listed?.leases.map(({ resource }) => resource), ["lock:last"]);
  assert.equal(backend.looks, 1);
});

Deno.test("ten thousand that wait for one seat are served in order, with a few looks each", async () => {
  const backend = new Counted();
  await backend.apply(acquire("lock:x", "", { id: "holder" }));
  const ids = Array.from({ length: MANY }, (_, n) => `w${n}`);
  const { granted, refused, ended } = crowd(
    backend,
    ids.map((id) => acquire("lock:x", "", { id, ...PATIENT })),
  );
  const looks = await backend.perEach(async () => {
    for (const id of ["holder", ...ids]) {
      await backend.apply({ op: "release", resource: "lock:x", seat: "", id });
      await Promise.resolve();
    }
    await ended;
  });
  assert.deepEqual([granted, refused], [ids, []]);
  assert(looks < 12, `${looks} looks`);
  assert.equal(backend.timers.size, 0);
});

Deno.test("ten thousand that wait for holders who all die are served in order, with a few looks each", async () => {
  const backend = new Counted();
  await backend.apply(acquire("lock:x", "", { id: "holder", ttl: 10 }));
  const ids = Array.from({ length: MANY }, (_, n) => `w${n}`);
  const more = { ttl: 10, patience: TTL };
  const { granted, ended } = crowd(
    backend,
    ids.map((id) => acquire("lock:x", "", { id, ...more })),
  );
  const looks = await backend.perEach(async () => {
    // One timer for the seat, and one for each one's patience.
    assert.equal(backend.timers.size, MANY + 1);
    await backend.pass(10);
    for (let ends = 1; ends < MANY; ends++) {
      backend.now += 10;
      backend.fireLatest();
      for (let turns = 0; turns < 10; turns++) await Promise.resolve();
    }
    await ended;
  });
  assert.deepEqual(granted, ids);
  assert(looks < 14, `${looks} looks`);
  assert.equal(backend.timers.size, 0);
});

Deno.test("ten thousand that wait for as many seats do not look at one another", async () => {
  const backend = new Counted();
  const seats = Array.from({ length: MANY }, (_, n) => `${n}`);
  for (const seat of seats) await backend.apply(acquire("semaphore:s", seat, { id: "h" }));
  const { granted, ended } = crowd(
    backend,
    seats.map((seat) => acquire("semaphore:s", seat, PATIENT)),
  );
  const looks = await backend.perEach(async () => {
    for (const seat of seats) {
      await backend.apply({ op: "release", resource: "semaphore:s", seat, id: "h" });
    }
    await ended;
  });
  assert.equal(granted.length, MANY);
  assert(looks < 12, `${looks} looks`);
  assert.equal(backend.timers.size, 0);
});

Deno.test("readers and writers that wait for each other look at no more than they must", async () => {
  const backend = new Counted();
  const vacant = { when: "vacant", resource: "lock:x", seat: "" } as const;
  const reads = (n: number) => acquire("readers:x", `${n}`, { guard: vacant, ...PATIENT });
  const writes = (n: number) =>
    acquire("lock:x", "", {
      id: `writer ${n}`,
      guard: { when: "vacant", resource: "readers:x" },
      ...PATIENT,
    });
  await backend.apply({ ...writes(-1), patience: 0 });
  const readers = Array.from({ length: MANY }, (_, n) => reads(n));
  const writers = Array.from({ length: MANY }, (_, n) => writes(n));
  // Half of the writers came first, then all readers, then the other half.
  const half = MANY / 2;
  const { granted, ended } = crowd(backend, [
    ...writers.slice(0, half),
    ...readers,
    ...writers.slice(half),
  ]);
  await turn();
  const release = (op: Acquire) =>
    backend.apply({ op: "release", resource: op.resource, seat: op.seat, id: op.id });
  const looks = await backend.perEach(async () => {
    await release(writes(-1));
    for (const each of [...writers.slice(0, half), ...readers, ...writers.slice(half)]) {
      await release(each);
      await Promise.resolve();
    }
    await ended;
  });
  assert.deepEqual(granted.slice(0, half), writers.slice(0, half).map(({ id }) => id));
  assert.deepEqual(
    granted.slice(half, half + MANY).sort(),
    readers.map(({ id }) => id).sort(),
  );
  assert.equal(granted.length, 2 * MANY);
  assert(looks < 40, `${looks} looks`);
  assert.equal(backend.timers.size, 0);
});

Deno.test("ten thousand whose signal aborts, or whose patience ends, leave no timer and are never granted", async () => {
  for (const way of ["signal", "patience"] as const) {
    const backend = new Counted();
    const controller = new AbortController();
    await backend.apply(acquire("lock:x", "", { id: "holder" }));
    const ids = Array.from({ length: MANY }, (_, n) => `w${n}`);
    const all = crowd(
      backend,
      ids.map((id) => acquire("lock:x", "", { id, patience: 1_000 })),
      controller.signal,
    );
    await turn();
    assert.equal(backend.timers.size, MANY + 1);
    const looks = await backend.perEach(async () => {
      if (way === "signal") controller.abort();
      else await backend.pass(1_000);
      // In the same breath.
      void backend.apply({ op: "release", resource: "lock:x", seat: "", id: "holder" });
      await all.ended;
    });
    const { granted, refused, failed } = all;
    const codes = new Set(failed);
    assert.deepEqual(
      [granted.length, refused.length, failed.length, [...codes]],
      way === "signal" ? [0, 0, MANY, ["unknown-outcome"]] : [0, MANY, 0, []],
    );
    assert(looks < 12, `${looks} looks`);
    assert.equal(backend.timers.size, 0);
    const [seen] = await backend.apply({ op: "inspect", resource: "lock:x" });
    assert.deepEqual(seen?.leases, []);
  }
});

Deno.test("a refusal that lists more leases than a call has room for arguments is waited out all the same", async () => {
  const backend = new Counted();
  const readers = Array.from({ length: 150_000 }, (_, n) => acquire("readers:x", `${n}`));
  for (let at = 0; at < readers.length; at += MANY) {
    await backend.driver.apply(readers.slice(at, at + MANY));
  }
  const guard = { when: "vacant", resource: "readers:x" } as const;
  const { granted, ended } = crowd(backend, [
    acquire("lock:x", "", { guard, patience: 2 * TTL }),
  ]);
  await turn();
  await backend.pass(TTL);
  await ended;
  assert.deepEqual(granted, ["lock:x "]);
});

Deno.test("a copy of what was granted is answered at once, though others wait", async () => {
  const backend = new Counted();
  const holder = acquire("lock:x", "", { id: "holder", ...PATIENT });
  const [granted] = await backend.apply(holder);
  const waiting = crowd(backend, [acquire("lock:x", "", { id: "other", ...PATIENT })]);
  await turn();
  const [copy] = await backend.apply(holder);
  assert.deepEqual([copy?.ok, copy?.leases[0]?.token], [true, granted?.leases[0]?.token]);
  // And two copies of one that waits are one grant.
  const copies = crowd(backend, [acquire("lock:x", "", { id: "other", ...PATIENT })]);
  await turn();
  await backend.apply({ op: "release", resource: "lock:x", seat: "", id: "holder" });
  await Promise.all([waiting.ended, copies.ended]);
  assert.deepEqual([waiting.granted, copies.granted], [["other"], ["other"]]);
});

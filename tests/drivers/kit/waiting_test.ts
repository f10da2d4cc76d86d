/**
 * Acquisitions that wait, at a table and a timer that the test owns: what sets a timer, for how long, and
 * who is answered at once.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire, Lease, Outcome } from "../../../drivers/driver.ts";
import type { Table } from "../../../drivers/kit/step.ts";
import { Waiters } from "../../../drivers/kit/waiting.ts";
import { acquire, ifHeld, ifVacant } from "../../conformance/operations.ts";

/** A table of leases that all live, and the timers that were set. */
class Place implements Table {
  readonly leases = new Map<string, Lease>();
  readonly timers: { readonly ms: number; readonly fire: () => void }[] = [];
  readonly waiters = new Waiters(this, (ms, fire) => {
    const timer = { ms, fire };
    this.timers.push(timer);
    return () => {
      const at = this.timers.indexOf(timer);
      if (at >= 0) this.timers.splice(at, 1);
    };
  });
  #last = 0;

  live(resource: string, seat?: string): Lease[] {
    return [...this.leases].filter(([key, lease]) =>
      key === `${resource}/${lease.seat}` && (seat === undefined || lease.seat === seat)
    ).map(([, lease]) => lease);
  }

  put(resource: string, lease: Lease): void {
    this.leases.set(`${resource}/${lease.seat}`, lease);
  }

  drop(resource: string, seat: string): void {
    this.leases.delete(`${resource}/${seat}`);
  }

  scan(): never {
    return assert.fail("nobody lists");
  }

  nextToken(): number {
    return ++this.#last;
  }

  /** Grants what can be granted at once. */
  grant(op: Acquire): Outcome {
    const outcome = this.waiters.acquire(op, undefined);
    assert.ok(!(outcome instanceof Promise) && outcome.ok);
    return outcome;
  }

  /** Ends a lease, and wakes those who wait for it. */
  end(op: Acquire): void {
    this.drop(op.resource, op.seat);
    this.waiters.changed(op.resource, op.seat);
  }

  /** How long each timer is, the shortest first. */
  get lengths(): number[] {
    return this.timers.map(({ ms }) => ms).sort((a, b) => a - b);
  }
}

const PATIENT = { patience: 5_000 };

/** Whether a promise has an answer by now. */
async function answered(promise: Promise<Outcome> | Outcome): Promise<boolean | "not yet"> {
  let answer: boolean | "not yet" = "not yet";
  void Promise.resolve(promise).then(({ ok }) => answer = ok);
  await new Promise((resolve) => setTimeout(resolve));
  return answer;
}

Deno.test("whoever has no patience is answered at once, though others wait for the same", () => {
  const place = new Place();
  const holder = acquire("x", { ttl: 1_000 });
  place.grant(holder);
  const waiting = place.waiters.acquire(acquire("x", PATIENT), undefined);
  assert.ok(waiting instanceof Promise);
  const before = place.lengths;
  const outcome = place.waiters.acquire(acquire("x"), undefined);
  assert.ok(!(outcome instanceof Promise));
  assert.deepEqual([outcome.ok, outcome.leases.map(({ id }) => id)], [false, [holder.id]]);
  assert.deepEqual(place.lengths, before);
});

Deno.test("a wait sets a timer for its patience, and one for the end of the first lease in its way", async () => {
  const place = new Place();
  const readers = [9_000, 700, Infinity].map((ttl) => acquire("readers", { seat: `${ttl}`, ttl }));
  for (const each of readers) place.grant(each);
  const writer = acquire("x", { guard: ifVacant("readers"), ...PATIENT });
  const waiting = place.waiters.acquire(writer, undefined);
  assert.deepEqual(place.lengths, [700, 5_000]);
  // It has ended by then, and the next one is waited for.
  place.drop("readers", "700");
  place.timers.find(({ ms }) => ms === 700)!.fire();
  assert.deepEqual(place.lengths, [5_000, 9_000]);
  place.drop("readers", "9000");
  place.timers.find(({ ms }) => ms === 9_000)!.fire();
  assert.deepEqual(place.lengths, [5_000], "what never ends is not waited for by a timer");
  assert.equal(await answered(waiting), "not yet");
  place.end(readers[2]!);
  assert.equal(await answered(waiting), true);
  assert.deepEqual(place.lengths, []);
});

Deno.test("what is left of a lease may be less than any timer can wait", () => {
  const place = new Place();
  place.grant(acquire("x", { ttl: 0.25 }));
  void place.waiters.acquire(acquire("x", PATIENT), undefined);
  assert.deepEqual(place.lengths, [1, 5_000]);
});

Deno.test("patience that ends answers with who is in the way then, and leaves nothing", async () => {
  const place = new Place();
  const holder = acquire("x");
  place.grant(holder);
  const waiting = place.waiters.acquire(acquire("x", PATIENT), undefined);
  place.timers.find(({ ms }) => ms === 5_000)!.fire();
  const { ok, leases } = await waiting;
  assert.deepEqual([ok, leases.map(({ id }) => id)], [false, [holder.id]]);
  assert.deepEqual(place.lengths, []);
});

Deno.test("those who came first are served first when patience ends, not the one whose patience it was", async () => {
  const place = new Place();
  place.grant(acquire("x"));
  const [first, second] = [acquire("x", { patience: 9_000 }), acquire("x", PATIENT)];
  const [one, two] = [first, second].map((op) => place.waiters.acquire(op, undefined));
  // The holder has ended, and nobody was told.
  place.drop("x", "");
  place.timers.find(({ ms }) => ms === 5_000)!.fire();
  assert.deepEqual([await answered(one!), await answered(two!)], [true, false]);
});

Deno.test("an abort ends the wait, and one before it begins grants nothing", async () => {
  const place = new Place();
  const holder = acquire("x");
  place.grant(holder);
  const controller = new AbortController();
  const waiting = place.waiters.acquire(acquire("x", PATIENT), controller.signal);
  controller.abort();
  await assert.rejects(Promise.resolve(waiting), { code: "unknown-outcome" });
  assert.deepEqual(place.lengths, []);
  const late = acquire("x", PATIENT);
  assert.throws(() => place.waiters.acquire(late, controller.signal), { code: "unknown-outcome" });
  place.end(holder);
  assert.deepEqual(place.live("x"), []);
});

Deno.test("one who waits for a seat to be held is granted when it is taken, whoever takes it", async () => {
  const place = new Place();
  const guard = ifHeld("leader", "");
  const waiting = place.waiters.acquire(acquire("x", { guard, ...PATIENT }), undefined);
  assert.deepEqual(place.lengths, [5_000], "nothing is in the way whose end would help");
  place.grant(acquire("leader"));
  assert.equal(await answered(waiting), true);
  const other = acquire("y", { guard: ifHeld("z"), ...PATIENT });
  const more = place.waiters.acquire(other, undefined);
  place.put("z", { seat: "1", id: "i", token: 1, value: "", left: 9 });
  place.waiters.taken("z", "1");
  assert.equal(await answered(more), true);
});

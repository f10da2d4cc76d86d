/** Which leases a heart renews together, and when: a heart alone, beside leases that are ours. */

import assert from "node:assert/strict";
import { Heart } from "../../coordination/leases/heart.ts";
import type { HeldLease } from "../../coordination/leases/held_lease.ts";
import type { SendOptions } from "../../coordination/leases/request.ts";
import { Scene } from "./scene.ts";

/** A heart beside leases of ours, and what it sends and reports. Its pauses have no jitter. */
function alone(leases: () => ReadonlyMap<string, HeldLease>) {
  const { runtime } = new Scene();
  runtime.random = () => 0;
  const requests: (SendOptions & { readonly lefts: number[] })[] = [];
  const events: string[] = [];
  /** What comes of requests. */
  const answers: (() => Promise<void>)[] = [];
  const heart = new Heart({
    runtime,
    bounds: { rate: 0.01, step: 0 },
    ttls: { any: 10_000 },
    get leases() {
      return leases();
    },
    send: async (parts, options = {}) => {
      const renewed = parts as unknown as readonly Fake[];
      requests.push({ ...options, lefts: renewed.map(({ left }) => left) });
      await answers.shift()?.();
      for (const lease of renewed) lease.sent = runtime.monoNow;
    },
    report: ({ type }) => events.push(type),
  }, undefined);
  return { heart, runtime, requests, events, answers };
}

/** A lease of ten seconds, which is its own renewal. */
interface Fake {
  readonly left: number;
  sent: number;
}

/** Leases that have so much time left, each due in so many ms; a third of the ttl is 3,300. */
function fakes(runtime: { monoNow: number }, ...all: [left: number, due: number][]) {
  return all.map(([left, due], n): [string, HeldLease] => {
    const fake: Fake = { left, sent: runtime.monoNow + due - 3_300 };
    Object.defineProperty(fake, "age", { get: () => runtime.monoNow - fake.sent });
    const lease: unknown = Object.assign(fake, { held: true, ttl: 10_000, renewal: () => fake });
    return [`${n}`, lease as HeldLease];
  });
}

Deno.test("work under one lease more does not look at all the others that are held", async () => {
  const lease = { held: true, ttl: 10_000, age: 0, left: 9_900 } as HeldLease;
  let looks = 0;
  const leases = new Map([["id", lease]]);
  const { heart, runtime } = alone(() => {
    looks++;
    return leases;
  });
  heart.keepAll(true);
  await runtime.advance(1);
  assert(looks > 0);
  looks = 0;
  for (let i = 0; i < 10; i++) {
    const letGo = heart.keep(lease);
    await runtime.advance(1);
    letGo();
    await runtime.advance(1);
  }
  assert.equal(looks, 0);
  heart.keepAll(false);
});

Deno.test("a request renews leases of which the last can wait at most four times as long as the first", async () => {
  const rows: [left: number[], requests: number[][]][] = [
    [[400, 100], [[100, 400]]],
    [[401, 100], [[100], [401]]],
    // It is the first that counts, not the one before, and no lease goes back to an earlier request.
    [[1_600, 400, 100], [[100, 400], [1_600]]],
    [[500, 450, 100], [[100], [450, 500]]],
    [[100, Infinity, 50, Infinity], [[50, 100], [Infinity, Infinity]]],
    [Array(1_001).fill(7), [Array(1_000).fill(7), [7]]],
  ];
  for (const [lefts, expected] of rows) {
    const leases = new Map<string, HeldLease>();
    const { heart, runtime, requests } = alone(() => leases);
    const all = fakes(runtime, ...lefts.map((left): [number, number] => [left, 0]));
    for (const [id, lease] of all) leases.set(id, lease);
    heart.keepAll(true);
    await runtime.advance(20);
    heart.keepAll(false);
    assert.deepEqual(requests.map((request) => request.lefts), expected);
    // An answer may take half the time that the first has left.
    assert.deepEqual(requests.map(({ once }) => once), expected.map(([first = NaN]) => first / 2));
  }
});

Deno.test("a lease that is due within an eighth of its pause is renewed along with one that is due", async () => {
  for (const [due, expected] of [[412.5, [[100], [1_000]]], [412.6, [[100]]]] as const) {
    const leases = new Map<string, HeldLease>();
    const { heart, runtime, requests } = alone(() => leases);
    // It looks 20 ms after it has begun.
    for (const [id, lease] of fakes(runtime, [100, 0], [1_000, 20 + due])) leases.set(id, lease);
    heart.keepAll(true);
    await runtime.advance(20);
    heart.keepAll(false);
    assert.deepEqual(requests.map(({ lefts }) => lefts), expected, `${due}`);
  }
});

Deno.test("after a failure the pause is a quarter of the time left, and its slack an eighth of a third", async () => {
  for (const [other, again] of [[520, 520], [519, 620]] as const) {
    const leases = new Map<string, HeldLease>();
    const { heart, runtime, requests, events, answers } = alone(() => leases);
    for (const [id, lease] of fakes(runtime, [2_400, 0], [100, other])) leases.set(id, lease);
    answers.push(() => Promise.reject(new Error("no answer")));
    const start = runtime.monoNow;
    heart.keepAll(true);
    const times: number[] = [];
    for (let ms = 1; ms <= 1_000; ms++) {
      await runtime.advance(1);
      const asked = requests.splice(0).filter(({ lefts }) => lefts.includes(2_400));
      for (const _ of asked) times.push(runtime.monoNow - start);
    }
    heart.keepAll(false);
    assert.deepEqual(times, [20, again]);
    assert.deepEqual(events, ["heartbeat-failed"]);
  }
});

Deno.test("a renewal that has no answer yet is not sent again, and ends in silence when the heart rests", async () => {
  const leases = new Map<string, HeldLease>();
  const { heart, runtime, requests, events, answers } = alone(() => leases);
  for (const [id, lease] of fakes(runtime, [2_400, 0])) leases.set(id, lease);
  const answer = Promise.withResolvers<void>();
  answers.push(() => answer.promise);
  heart.keepAll(true);
  await runtime.advance(1_000);
  heart.keepAll(true);
  await runtime.advance(5_000);
  assert.equal(requests.length, 1);
  assert.equal(requests[0]?.signal?.aborted, false);
  heart.keepAll(false);
  assert.equal(requests[0]?.signal?.aborted, true);
  answer.reject(new Error("aborted"));
  await runtime.advance(5_000);
  assert.deepEqual(events, []);
});

/**
 * A `fetch` that answers from memory what it was asked before, byte for byte, as a framework's or a
 * proxy's may: no driver over HTTP may ever hear it.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire, Driver, Op, Outcome } from "../../drivers/driver.ts";
import { having } from "../backends/mod.ts";
import { whileFetchIs } from "../tools/fake_fetch.ts";

/** What such a fetch saw. */
interface Seen {
  /** Requests that it answered from memory. */
  fromMemory: number;
  readonly caches: (RequestCache | undefined)[];
}

/** Runs a test with such a fetch in the place of the runtime's. */
async function withCache(test: (seen: Seen) => Promise<void>): Promise<void> {
  const memory = new Map<string, { body: string; status: number; headers: Headers }>();
  const seen: Seen = { fromMemory: 0, caches: [] };
  const real = fetch;
  await whileFetchIs(async (input, init = {}) => {
    const headers = [...new Headers(init.headers)].sort();
    const key = JSON.stringify([String(input), init.method, headers, init.body]);
    seen.caches.push(init.cache);
    const known = memory.get(key);
    if (known) {
      seen.fromMemory++;
      return new Response(known.body, known);
    }
    const response = await real(input, init);
    const body = await response.text();
    // Without what was true of the body on the way.
    const more = ["date", "etag"].flatMap((name) => {
      const value = response.headers.get(name);
      return value === null ? [] : [[name, value] as [string, string]];
    });
    const kept = {
      body,
      status: response.status,
      headers: new Headers({ "content-type": "application/json", ...Object.fromEntries(more) }),
    };
    memory.set(key, kept);
    return new Response(body, kept);
  }, () => test(seen));
}

const PLACE = { resource: "lock:x", seat: "" };
const acquire = (id: string): Acquire => ({ op: "acquire", ...PLACE, id, ttl: 60_000, value: "v" });
const renew = (id: string): Op => ({ op: "renew", ...PLACE, id, ttl: 60_000 });
const release = (id: string): Op => ({ op: "release", ...PLACE, id });
const LOOK: Op = { op: "inspect", ...PLACE };
const LIST: Op = { op: "list", prefix: "lock:", limit: 10 };

/** The same operations again and again, while what is true of them changes. */
async function laws(connect: () => Driver, { fromMemory }: Seen): Promise<void> {
  assert.equal(fromMemory, 0);
  const [one, two] = [connect(), connect()];
  const ask = async (driver: Driver, op: Op): Promise<Outcome> => (await driver.apply([op]))[0]!;
  const tokens: number[] = [];
  for (let round = 0; round < 3; round++) {
    const granted = await ask(one, acquire("a"));
    assert.equal(granted.ok, true);
    tokens.push(granted.leases[0]!.token);
    const replayed = await ask(one, acquire("a"));
    assert.deepEqual([replayed.ok, replayed.leases[0]?.token], [true, tokens.at(-1)]);
    for (const driver of [one, two]) {
      assert.equal((await ask(driver, acquire("b"))).ok, false);
      for (const op of [LOOK, LIST]) {
        assert.deepEqual((await ask(driver, op)).leases.map(({ id }) => id), ["a"]);
      }
    }
    for (let beat = 0; beat < 3; beat++) assert.equal((await ask(one, renew("a"))).ok, true);
    assert.equal((await ask(one, release("a"))).ok, true);
    assert.equal((await ask(one, renew("a"))).ok, false, "a renewal of what is over");
    assert.equal((await ask(one, release("a"))).ok, false);
    for (const op of [LOOK, LIST]) assert.deepEqual((await ask(two, op)).leases, []);
    assert.equal((await ask(two, acquire("b"))).ok, true, "it is free");
    assert.equal((await ask(one, LOOK)).leases[0]?.id, "b");
    assert.equal((await ask(two, release("b"))).ok, true);
  }
  assert.deepEqual(tokens, [...new Set(tokens)].sort((a, b) => a - b), "each grant is a new one");
}

function assertUnheard({ fromMemory, caches }: Seen): void {
  assert.equal(fromMemory, 0, "a request was the same as an earlier one");
  assert(caches.length > 40 && caches.every((each) => each === "no-store"), `${caches}`);
}

/** Or the cache would be no proof. */
async function assertItCaches(send: () => Promise<unknown>, seen: Seen): Promise<void> {
  await send();
  const before = seen.fromMemory;
  await send();
  assert.equal(seen.fromMemory, before + 1, "it does not even answer what is the same");
}

for (const { name, start } of having("wire")) {
  Deno.test(`${name}: a fetch that answers equal requests from memory changes nothing`, async () => {
    const { wire, stop } = await start();
    try {
      await withCache(async (seen) => {
        for (let again = 0; again < 2; again++) await wire.migrate?.();
        await laws(() => wire.connect(), seen);
        assertUnheard(seen);
        const { host, searchParams } = new URL(wire.url.replace(/^[^:]*/, "http"));
        const origin = searchParams.get("endpoint") ?? `http://${host}`;
        await assertItCaches(() => fetch(`${origin}/`), seen);
      });
    } finally {
      await stop();
    }
  });
}

/**
 * A `fetch` that answers equal requests from memory, in front of Upstash: Next.js 13 and 14 replace the
 * global one by such a one, POST included, unless `cache: "no-store"` is given.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Redis } from "@upstash/redis";
import { Coordinator, LeaseLost } from "../../../mod.ts";
import type { Driver } from "../../../drivers/driver.ts";
import { upstash, upstashCommand } from "../../../drivers/redis/upstash.ts";
import { fencedRedis, StaleToken } from "../../../fencing/mod.ts";
import { overVendorsClient } from "../../backends/upstash.ts";
import { type UpstashFixture, withUpstash } from "../../servers/with_upstash.ts";
import { acquire } from "./with_redis.ts";
import { whileFetchIs } from "../../tools/fake_fetch.ts";

/** What a patched fetch saw. */
interface Seen {
  hits: number;
  sent: number;
  readonly caches: Set<string | undefined>;
}

/** Runs with a global fetch that caches; one that is `deaf` does so whatever `cache` says. */
async function withCache(deaf: boolean, test: (seen: Seen) => Promise<void>): Promise<void> {
  const kept = new Map<string, { body: ArrayBuffer; init: ResponseInit }>();
  const seen: Seen = { hits: 0, sent: 0, caches: new Set() };
  const real = fetch;
  await whileFetchIs(async (input, init: RequestInit = {}) => {
    seen.caches.add(init.cache);
    seen.sent++;
    if (init.cache === "no-store" && !deaf) return await real(input, init);
    const headers = [...new Headers(init.headers)];
    const key = JSON.stringify([String(input), init.method, headers, String(init.body)]);
    const found = kept.get(key);
    if (found) {
      seen.hits++;
      return new Response(found.body, found.init);
    }
    const response = await real(input, init);
    const body = await response.arrayBuffer();
    const { status } = response;
    if (response.ok) kept.set(key, { body, init: { status } });
    return new Response(body, { status, headers: response.headers });
  }, () => test(seen));
}

/** Every way to reach Upstash; the user's own client may send no `cache`, or a false one. */
const DRIVERS: Record<string, (fixture: UpstashFixture) => Driver> = {
  "upstash()": ({ server: { url, token } }) => upstash({ url, token }),
  "the vendor's client": ({ server: { url, token } }) =>
    overVendorsClient(new Redis({ url, token, cache: "force-cache" })),
};

for (const [name, driverOf] of Object.entries(DRIVERS)) {
  for (const deaf of [false, true]) {
    const how = deaf ? "any equal request" : "unless told no-store";
    Deno.test(`${name} behind a fetch that caches (${how}): nothing is answered by the cache`, () =>
      withUpstash((fixture) =>
        withCache(deaf, async (seen) => {
          const driver = driverOf(fixture);
          const there = { resource: "lock:x", seat: "" };
          const op = acquire("a");
          const look = async (): Promise<number> =>
            (await driver.apply([{ op: "inspect", ...there }]))[0]!.leases.length;
          assert.equal(await look(), 0);
          const [granted] = await driver.apply([op]);
          const [replayed] = await driver.apply([op]);
          assert.equal(replayed?.leases[0]?.token, granted?.leases[0]?.token);
          assert.equal(await look(), 1);
          const renew = { op: "renew", ...there, id: "a", ttl: 60_000 } as const;
          assert.equal((await driver.apply([renew]))[0]?.ok, true);
          // Somebody else, whose requests take another way, breaks it.
          await fixture.direct.del("{baton}/lock:x/");
          assert.equal((await driver.apply([renew]))[0]?.ok, false);
          assert.equal(await look(), 0);
          const [again] = await driver.apply([op]);
          assert.notEqual(again?.leases[0]?.token, granted?.leases[0]?.token);
          const release = { op: "release", ...there, id: "a" } as const;
          assert.equal((await driver.apply([release]))[0]?.ok, true);
          assert.equal((await driver.apply([release]))[0]?.ok, false);
          assert.equal(seen.hits, 0);
          assert(seen.sent >= 11);
        })
      ));
  }
}

Deno.test("behind a fetch that caches, confirm() and holders() tell the truth", () =>
  withUpstash(({ server: { url, token }, direct }) =>
    withCache(true, async (seen) => {
      const baton = new Coordinator(upstash({ url, token }), { memberId: "a" });
      const lock = baton.getLock("x");
      const lease = await lock.hold({ timeout: 0 });
      await lease.confirm();
      await lease.confirm();
      assert.equal((await lock.holders()).length, 1);
      await direct.del("{baton}/lock:x/");
      await assert.rejects(lease.confirm(), LeaseLost);
      assert.deepEqual(await lock.holders(), []);
      assert.equal(seen.hits, 0);
    })
  ));

Deno.test("a fenced write is done each time, and a stale one refused, behind a fetch that caches", () =>
  withUpstash(({ server: { url, token }, direct }) =>
    withCache(true, async (seen) => {
      const fenced = fencedRedis(upstashCommand({ url, token }));
      const write = (token: number): Promise<unknown[]> =>
        fenced({ key: "fence", token }, [["INCR", "n"]]);
      assert.deepEqual([await write(7), await write(7), await write(7)], [[1], [2], [3]]);
      await write(8);
      await assert.rejects(write(7), StaleToken);
      assert.equal(await direct.get("n"), "4");
      assert.equal(seen.hits, 0);
    })
  ));

Deno.test("upstash() forbids caching where the runtime knows how to, and says nothing of it elsewhere", () =>
  withUpstash(async ({ server: { url, token } }) => {
    const RealRequest = globalThis.Request;
    /** As Workers of old compatibility dates do. */
    class OldRequest extends RealRequest {
      constructor(input: RequestInfo | URL, init: RequestInit = {}) {
        if ("cache" in init) throw new Error("The 'cache' field is not implemented");
        super(input, init);
      }
    }
    for (
      const [request, expected] of [[RealRequest, "no-store"], [OldRequest, undefined]] as const
    ) {
      globalThis.Request = request;
      try {
        await withCache(false, async (seen) => {
          await upstash({ url, token }).apply([acquire("a")]);
          assert.deepEqual([...seen.caches], [expected]);
        });
      } finally {
        globalThis.Request = RealRequest;
      }
    }
  }));

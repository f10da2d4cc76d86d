/**
 * The design's table of requests per operation, counted on the wire.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Coordinator } from "../mod.ts";
import { upstash } from "../drivers/upstash.ts";
import { withUpstash } from "./servers/with_upstash.ts";

Deno.test("every operation costs the requests that the table promises", async (t) => {
  await withUpstash(async ({ server }) => {
    const make = (memberId: string): Coordinator =>
      new Coordinator(upstash({ url: server.url, token: server.token }), { memberId, ttl: 60_000 });
    const [a, b] = [make("a"), make("b")];
    await a.start(); // the server learns the script
    const slot = Date.now();
    const costs = async <T>(what: string, requests: number, work: () => Promise<T>): Promise<T> => {
      const before = server.requests;
      const result = await work();
      await t.step(`${what}: ${requests}`, () => assert.equal(server.requests - before, requests));
      return result;
    };

    const lock = a.getLock("x");
    const lease = await costs("acquire a free lock", 1, () => lock.hold());
    await costs("be refused, with the holder", 1, () => b.getLock("x").acquire({ timeout: 0 }));
    await costs("renew", 1, () => lease.renew());
    await costs("confirm", 1, () => lease.confirm());
    await costs("isStillOwner", 1, () => lock.isStillOwner());
    await costs("ask who holds", 1, () => b.getLock("x").holders());
    await costs("release", 1, () => lease.release());
    await costs("release again", 0, () => lease.release());
    await costs("acquire shared", 1, () => a.getLock("x").hold({ shared: true }));
    await costs("break a lock that somebody has", 2, () => b.getLock("x").break());
    await costs("with", 2, () => a.getLock("x").with(() => {}));

    for (let i = 0; i < 10; i++) await a.getLock(`many-${i}`).hold();
    await costs("heartbeat of ten leases", 1, () => a.heartbeat());

    await costs("win a campaign", 1, () => a.election("g").campaign());
    await costs("campaign while leading", 0, () => a.election("g").campaign());
    await costs("lose a campaign", 1, () => b.election("g").campaign());
    await costs("ask who leads", 1, () => b.getLeader("g"));
    await costs("stand down", 1, () => a.standDownGroupLeader("g"));

    await costs("claim and run a cron slot", 1, () => a.cron("j").run({ slot }, () => {}));
    await costs("lose a cron slot", 1, () => b.cron("j").run({ slot }, () => {}));
    const retry = { slot, mode: "retry" } as const;
    await costs("claim, run and finish with retry", 2, () => a.cron("k").run(retry, () => {}));
    await costs("lose with retry", 1, () => b.cron("k").run(retry, () => {}));

    await costs("stop with eleven leases", 1, () => a.stop());
  });
});

/** For how long a grant is believed, whatever its ttl: the margin grows with it. */

import assert from "node:assert/strict";
import { Coordinator } from "../../mod.ts";
import { memory } from "../../drivers/memory.ts";
import { Scene } from "./scene.ts";

const TTLS = [1_500, 10_000, 30_000, 60_000, 3_600_000, 86_400_000, 2 ** 31 - 1];
const BOUNDS = [{ rate: 0.01, step: 500 }, { rate: 0.01, step: 0 }, { rate: 0.1, step: 20 }];

/** Everything that is held for a ttl, as what tells whether it is. */
const HELD: Readonly<Record<string, (a: Coordinator, ttl: number) => Promise<() => boolean>>> = {
  "a lock": async (a, ttl) => {
    const lease = await a.getLock("x").hold({ ttl });
    return () => lease.held;
  },
  "a permit": async (a, ttl) => {
    const lease = await a.getSemaphore("s", 3).hold({ ttl });
    return () => lease.held;
  },
  "a leadership": async (a, ttl) => {
    await a.election("g").campaign({ ttl });
    return () => a.election("g").leading;
  },
  "a membership": async (a, ttl) => {
    const membership = await a.joinGroupCreate("g", null, { ttl });
    return () => membership.held;
  },
};

for (const [what, take] of Object.entries(HELD)) {
  Deno.test(`${what} is believed for its ttl less the whole margin, however long the ttl`, async () => {
    for (const clocks of BOUNDS) {
      for (const ttl of TTLS) {
        const scene = new Scene();
        const held = await take(scene.member("a", { ttl: 10_000, clocks }), ttl);
        const validity = ttl * (1 - clocks.rate) - clocks.step;
        scene.runtime.stop(Math.ceil(validity) - 1);
        assert.equal(held(), true, `too early, with a ttl of ${ttl}`);
        scene.runtime.stop(1);
        assert.equal(held(), false, `too late, with a ttl of ${ttl}`);
      }
    }
  });
}

Deno.test("on a backend whose clock runs fast and jumps, within the bounds, nobody is believed too long", async () => {
  const { rate, step } = { rate: 0.01, step: 500 };
  for (const ttl of TTLS) {
    const scene = new Scene();
    const { runtime } = scene;
    const start = runtime.wallNow;
    let jump = 0;
    const backend = memory({ now: () => start + (runtime.wallNow - start) * (1 + rate) + jump });
    const options = { ttl: 10_000, runtime, clocks: { rate, step } };
    const [a, b] = ["a", "b"].map((memberId) => new Coordinator(backend, { memberId, ...options }));
    const lease = await a!.getLock("x").hold({ ttl });
    jump = step;
    // The first instant at which another can have it.
    runtime.stop(Math.floor((ttl - step) / (1 + rate)));
    while (!await b!.getLock("x").acquire({ timeout: 0 })) runtime.stop(1);
    assert.equal(lease.held, false, `with a ttl of ${ttl}`);
  }
});

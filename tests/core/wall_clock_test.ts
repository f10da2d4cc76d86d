/** A wall clock that is set: time that was slept counts, and time that was set back does not. */

import assert from "node:assert/strict";
import type { Coordinator, Lease } from "../../mod.ts";
import { Scene } from "./scene.ts";

const HOUR = 3_600_000;

/** Every way to renew. */
const RENEWALS: Readonly<Record<string, (a: Coordinator, lease: Lease) => Promise<unknown>>> = {
  "confirm()": (_, lease) => lease.confirm(),
  "lock.heartbeat()": (a) => a.getLock("x").heartbeat(),
  "heartbeat()": (a) => a.heartbeat(),
  "tick()": (a) => a.tick(),
};

for (const [what, renew] of Object.entries(RENEWALS)) {
  for (const set of [-HOUR, -1, 0]) {
    Deno.test(`a renewal by ${what} counts when the wall clock was set by ${set} ms before it`, async () => {
      const scene = new Scene();
      const a = scene.member("a");
      const lock = a.getLock("x");
      const lease = await lock.hold();
      // The object that holds it renews it.
      a.getLock = () => lock;
      await scene.runtime.advance(3_000);
      scene.runtime.wallNow += set;
      await renew(a, lease);
      await scene.runtime.advance(9_899);
      assert.equal(lease.held, true);
      await scene.runtime.advance(1);
      assert.equal(lease.held, false);
    });
  }
}

for (const set of [-HOUR, -4_000, -1]) {
  Deno.test(`background renewals go on when the wall clock is set by ${set} ms`, async () => {
    const scene = new Scene();
    const a = scene.member("a");
    await a.start({ heartbeat: true });
    const lease = await a.getLock("x").hold();
    await scene.runtime.advance(2_000);
    scene.runtime.wallNow += set;
    await a.getLock("y").with(async (working) => {
      await scene.runtime.advance(60_000);
      scene.runtime.wallNow += set;
      await scene.runtime.advance(60_000);
      assert.deepEqual([lease.held, working.held], [true, true]);
    });
    assert(!scene.happened.includes("lost"));
    await a.stop();
  });
}

Deno.test("a wall clock set forward and back again has cost no more than it said", async () => {
  const scene = new Scene();
  const lease = await scene.member("a").getLock("x").hold();
  scene.runtime.wallNow += 5_000;
  assert.equal(lease.held, true);
  assert.equal(await lease.renew(), true);
  scene.runtime.wallNow -= 5_000;
  await scene.runtime.advance(9_899);
  assert.equal(lease.held, true);
  await scene.runtime.advance(1);
  assert.equal(lease.held, false);
});

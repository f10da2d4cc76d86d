/**
 * Locks that end without a release, and how their holders learn it.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { CoordinationCase } from "./place.ts";
import { law } from "./scene.ts";

const TRY = { timeout: 0 };

/** Cases about the loss of locks. */
export const lockLossCases: readonly CoordinationCase[] = [
  law("a lock that is not renewed is lost, and everything that asks is told so", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    const lock = a.getLock("x");
    const lease = await lock.hold({ ttl: on.short });
    assert.deepEqual([lock.acquired, lease.held, lease.signal.aborted], [true, true, false]);
    await on.pass(4);
    assert.deepEqual([lock.acquired, lease.held, lease.signal.aborted], [false, false, true]);
    assert.equal((lease.signal.reason as Error).name, "LeaseLost");
    assert.equal(await lock.isStillOwner(), false);
    assert.equal(await lock.heartbeat(), false);
    assert.equal(await lease.renew(), false);
    await assert.rejects(lease.confirm(), { name: "LeaseLost" });
    assert.equal(await on.during(b.getLock("x").acquire()).then((lease) => lease?.held), true);
    assert.equal(await lock.release(), false);
    assert.equal(await b.getLock("x").acquire(TRY), null, "the late release hit its successor");
  }),
  law("heartbeats keep a lock past its ttl, the coordinator's and the lock's own", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    const lock = a.getLock("x");
    const lease = await lock.hold({ ttl: on.short });
    for (let beat = 0; beat < 3; beat++) {
      await on.pass(2);
      await a.heartbeat();
      await on.pass(2);
      assert.equal(await lock.heartbeat(), true);
    }
    assert.equal(lease.held, true);
    assert.equal(await lock.isStillOwner(), true);
    assert.equal(await b.getLock("x").acquire(TRY), null);
    assert.equal(await lock.release(), true);
  }),
  law(
    "a heartbeat tells a holder that its lock was broken, and never takes it back",
    async (on) => {
      const lost: string[] = [];
      const [a, b] = [
        await on.member("a", {
          on: (event) => {
            if (event.type === "lost") lost.push(event.resource);
          },
        }),
        await on.member("b"),
      ];
      const broken = await a.getLock("x").hold();
      const kept = await a.getLock("y").hold();
      await b.getLock("x").break();
      assert.equal(broken.held, true, "it cannot know yet");
      await a.heartbeat();
      assert.deepEqual([broken.held, broken.signal.aborted, kept.held], [false, true, true]);
      assert.deepEqual(lost, ["lock:x"]);
      await a.heartbeat();
      assert.deepEqual(lost, ["lock:x"]);
      assert.ok(await b.getLock("x").acquire(TRY));
    },
  ),
  law("a beat that comes too late does not revive a lock", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    const lease = await a.getLock("x").hold({ ttl: on.short });
    const gate = Promise.withResolvers<void>();
    on.wire(a).fates.push(gate.promise);
    const beat = a.heartbeat().catch(() => {});
    await on.pass(4);
    const successor = await on.during(b.getLock("x").hold());
    gate.resolve();
    await on.during(beat);
    assert.equal(lease.held, false);
    await successor.confirm();
  }),
  law(
    "every holder's token is greater than that of the holder before, however it ended",
    async (on) => {
      const members = await on.members(3);
      const tokens: number[] = [];
      for (const end of ["release", "expire", "break", "crash", "release"]) {
        const member = end === "crash" ? await on.member("mortal") : members[tokens.length % 3];
        assert.ok(member);
        const lease = await on.during(member.getLock("x").hold({ ttl: on.short }));
        tokens.push(lease.token);
        if (end === "release") await lease.release();
        if (end === "break") await members[0]?.getLock("x").break();
        if (end === "crash") await on.crash(member);
        if (end === "expire") await on.pass(4);
      }
      assert.deepEqual(tokens, [...new Set(tokens)].sort((one, two) => one - two));
    },
  ),
];

/**
 * Members whose clocks are wrong: the backend's alone decides who lives.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Runtime } from "../../../mod.ts";
import type { CoordinationCase } from "./place.ts";
import { law } from "./scene.ts";

const HOUR = 3_600_000;

/** The same time, with a wall clock that somebody has set. */
interface Skewed extends Runtime {
  /** How far the wall clock is ahead, in ms. */
  ahead: number;
}

function skewed(runtime: Runtime, ahead: number): Skewed {
  return {
    ahead,
    wall() {
      return runtime.wall() + this.ahead;
    },
    mono: () => runtime.mono(),
    after: (ms, callback) => runtime.after(ms, callback),
    id: () => runtime.id(),
    random: () => runtime.random(),
    waitUntil: (work) => runtime.waitUntil(work),
    lasting: runtime.lasting,
  };
}

/** Cases about clocks. */
export const clockCases: readonly CoordinationCase[] = [
  law("members whose clocks are hours apart see each other, and exclude each other", async (on) => {
    const early = await on.member("early", { runtime: skewed(on.runtime, -HOUR) });
    const late = await on.member("late", { runtime: skewed(on.runtime, HOUR) });
    await late.joinGroupCreate("g");
    await early.joinGroup("g");
    for (const member of [early, late]) {
      assert.deepEqual(await member.getMembers("g"), new Set(["early", "late"]));
      assert.ok((await member.getMemberInfo("g", "late")).joined > on.runtime.wall());
      assert.ok((await member.getMemberInfo("g", "early")).joined < on.runtime.wall());
    }
    const tokens: number[] = [];
    for (const [holder, other] of [[late, early], [early, late], [late, early]] as const) {
      const lease = await holder.getLock("x").hold();
      tokens.push(lease.token);
      assert.equal(await other.getLock("x").acquire({ timeout: 0 }), null);
      assert.ok(await holder.election("g").campaign());
      assert.equal(await other.election("g").campaign(), null);
      await holder.standDownGroupLeader("g");
      await lease.release();
    }
    assert.deepEqual(tokens, [...new Set(tokens)].sort((one, two) => one - two));
  }),
  law(
    "leases live as long as the backend says, whatever time their holders think it is",
    async (on) => {
      const early = await on.member("early", { runtime: skewed(on.runtime, -HOUR) });
      const late = await on.member("late", { runtime: skewed(on.runtime, HOUR) });
      await early.joinGroupCreate("g", null, { ttl: on.short });
      await late.joinGroup("g", null, { ttl: on.short });
      await on.pass(2);
      for (const member of [early, late]) assert.equal((await member.getMembers("g")).size, 2);
      await on.pass(2);
      for (const member of [early, late]) {
        await on.until("both have expired", async () => (await member.getMembers("g")).size === 0);
      }
    },
  ),
  law(
    "a wall clock that is set forward ends belief early, and back never prolongs it",
    async (on) => {
      const clock = skewed(on.runtime, 0);
      const [a, b] = [await on.member("a", { runtime: clock }), await on.member("b")];
      const first = await a.joinGroupCreate("g", null, { ttl: on.short });
      clock.ahead -= HOUR;
      await on.pass(4);
      assert.equal(first.held, false, "an hour back must not give another hour");
      await on.until("the member has expired", async () => (await b.getMembers("g")).size === 0);
      const lease = await a.getLock("x").hold();
      clock.ahead += HOUR;
      assert.equal(lease.held, false);
      assert.equal(await b.getLock("x").acquire({ timeout: 0 }), null, "it is given up, not over");
    },
  ),
];

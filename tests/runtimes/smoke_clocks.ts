/** Timers and clocks: those that a runtime has, and those that Workers have in production. */
import assert from "node:assert/strict";
import { Coordinator, type Runtime, systemRuntime } from "../../mod.ts";
import type { SmokeCase } from "./smoke.ts";

const TRY = { timeout: 0 };
/** Short leases need clocks that nobody sets, as a test's machine has. */
const CLOCKS = { step: 0 };
/** Long enough that a third of it suffices for an answer where many share the machine, and the shortest that etcd keeps. */
const SHORT = 2_000;

/** Cases about clocks. */
export const clockSmoke: readonly SmokeCase[] = [
  {
    name: "a lease's signal aborts at its deadline, while the work under it still goes on",
    async run(driver) {
      const a = new Coordinator(driver(), { clocks: CLOCKS });
      const lease = await a.getLock(crypto.randomUUID()).hold({ ...TRY, ttl: SHORT });
      await new Promise((resolve) => lease.signal.addEventListener("abort", resolve));
      assert.equal(lease.held, false);
      assert.equal(lease.signal.reason.name, "LeaseLost");
      assert.ok(Date.now() >= lease.deadline);
    },
  },
  {
    name: "work that outlasts its lease's ttl keeps it, for it is renewed meanwhile",
    async run(driver) {
      let beats = 0;
      const a = new Coordinator(driver(), {
        clocks: CLOCKS,
        on: (event) => {
          if (event.type === "request" && event.ops[0]?.op === "renew" && event.ok?.[0]) beats++;
        },
      });
      const name = crypto.randomUUID();
      const keeps = (ttl: number): Promise<boolean> =>
        a.getLock(name).with(async (lease) => {
          // They are a third of its life apart, so without them it would be over.
          for (beats = 0; beats < 3;) {
            if (!lease.held) return false;
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
          await lease.confirm();
          return true;
        }, { ttl });
      // A machine may be too busy for a short one, but for none of a minute.
      for (let ttl = SHORT; !await keeps(ttl); ttl *= 2) assert.ok(ttl < 60_000, "it was lost");
      assert.deepEqual(await a.getLock(name).holders(), []);
    },
  },
  {
    name: "a background heartbeat is refused where timers end with the response",
    async run(driver) {
      const a = new Coordinator(driver());
      if (globalThis.navigator?.userAgent === "Cloudflare-Workers") {
        await assert.rejects(a.start({ heartbeat: true }), { name: "NotSupported" });
        await a.start();
      } else await a.start({ heartbeat: true });
      await a.stop();
    },
  },
  {
    name: "a holder whose clocks stand still is told the truth by confirm()",
    async run(driver) {
      const a = new Coordinator(driver(), { clocks: CLOCKS, runtime: standing() });
      const b = new Coordinator(driver(), { clocks: CLOCKS });
      const name = crypto.randomUUID();
      const lease = await a.getLock(name).hold({ ...TRY, ttl: SHORT });
      const next = await b.getLock(name).hold({ ttl: 60_000 });
      assert.ok(next.token > lease.token);
      assert.equal(lease.held, true, "no clock of its own has moved, so it cannot know");
      await assert.rejects(lease.confirm(), { name: "LeaseLost" });
      assert.equal(lease.held, false);
      assert.equal(await lease.release(), false);
      await next.confirm(); // nothing that A did has hurt B
      await next.release();
    },
  },
];

/** Workers' clocks in production, while only CPU is used: they stand, and no timer fires. */
function standing(): Runtime {
  const system = systemRuntime();
  const [wall, mono] = [system.wall(), system.mono()];
  return { ...system, wall: () => wall, mono: () => mono, after: () => () => {} };
}

/** Timers and clocks: those that a runtime has, and those that Workers have in production. */
import assert from "node:assert/strict";
import { Coordinator, type Runtime, systemRuntime } from "../../mod.ts";
import type { SmokeCase } from "./smoke.ts";

const TRY = { timeout: 0 };
/** Short leases need clocks that nobody sets, as a test's machine has. */
const CLOCKS = { step: 0 };
/** The shortest that etcd keeps. */
const SHORT = 2_000;
/** No machine is too busy for such a ttl. */
const LONG = 60_000;

/** A machine may be too busy for a short ttl: then requests and renewals are late, and it gets a longer one. */
async function withShort<T>(work: (ttl: number) => Promise<T>): Promise<T> {
  for (let ttl = SHORT;; ttl *= 2) {
    try {
      return await work(ttl);
    } catch (error) {
      const late = /^(OperationTimedOut|LeaseLost)$/.test((error as Error).name);
      if (!late || ttl >= LONG) throw error;
    }
  }
}

/** Cases about clocks. */
export const clockSmoke: readonly SmokeCase[] = [
  {
    name: "a lease's signal aborts at its deadline, while the work under it still goes on",
    async run(driver) {
      const a = new Coordinator(driver(), { clocks: CLOCKS });
      const lease = await withShort((ttl) => a.getLock(crypto.randomUUID()).hold({ ...TRY, ttl }));
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
      const name = await withShort(async (ttl) => {
        const name = crypto.randomUUID();
        await a.getLock(name).with(async (lease) => {
          // They are a third of its life apart, so without them it would be over.
          for (beats = 0; lease.held && beats < 3;) {
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
          await lease.confirm();
        }, { ttl });
        return name;
      });
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
      const [name, lease] = await withShort(async (ttl) => {
        const name = crypto.randomUUID();
        return [name, await a.getLock(name).hold({ ...TRY, ttl })] as const;
      });
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

/**
 * What signals say at the first look after a process was frozen past a deadline, before any timer could
 * fire: Baton's own, and those that the platform derives from them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { runProgram, RUNTIMES } from "./programs.ts";

const FROZEN = `
// To the process a freeze is this: its clocks have gone on, and no timer has fired.
const system = systemRuntime();
let frozen = 0;
const freeze = () => frozen += 90_000;
const runtime = { ...system, wall: () => system.wall() + frozen, mono: () => system.mono() + frozen };
const baton = new Coordinator(memory(), { ttl: 60_000, runtime });
const other = new AbortController().signal;
const derived = (signal) => AbortSignal.any([signal, other]);

const lease = await baton.getLock("l").hold({ timeout: 0 });
const before = derived(lease.signal);
freeze();
// As docs/locks.md says: the lease's own first.
console.log("lock", lease.signal.aborted, before.aborted, derived(lease.signal).aborted);

const stop = new AbortController();
await baton.lead("g", ({ signal }) => {
  const before = derived(signal);
  freeze();
  console.log("leader", signal.aborted, before.aborted, derived(signal).aborted);
  stop.abort();
}, { signal: stop.signal });

await baton.cron("c").run({ slot: Date.now(), mode: "retry", ttl: 60_000 }, ({ signal }) => {
  const before = derived(signal);
  freeze();
  try { signal.throwIfAborted(); } catch ({ code }) { console.log(code); }
  console.log("run", before.aborted, derived(signal).aborted);
});
`;

for (const runtime of Object.keys(RUNTIMES) as (keyof typeof RUNTIMES)[]) {
  Deno.test(`after a freeze a look at a lease's signal makes all right that AbortSignal.any() made of it, ${runtime}`, async () => {
    const { lines, errors, code } = await runProgram(runtime, FROZEN);
    assert.deepEqual(lines, [
      "lock true true true",
      "leader true true true",
      "lease-lost",
      "run true true",
    ]);
    assert.deepEqual([errors, code], ["", 0]);
  });
}

/**
 * The coordinator's suite: what every coordinator does, on every backend. A driver that passes the suite
 * of `@baton/baton/testing` should pass this one, too; it shows what a user would meet. It asks for all
 * that Tooz's own suite asks for (each case names those tests), and for what that one never tried. It
 * needs no test framework and runs wherever `node:assert` does.
 *
 * @example On a clock that only the cases set on:
 * ```ts
 * import { coordinationCases, placeOnFakeClock } from "@baton/baton/testing/coordination";
 * import { memory as myDriver } from "@baton/baton/drivers/memory";
 *
 * const place = placeOnFakeClock((now, after) => {
 *   const shared = myDriver({ now, after });
 *   return () => shared;
 * });
 * for (const { name, run } of coordinationCases) Deno.test(name, () => run(place));
 * ```
 * @example On the clock of a server:
 * ```ts
 * import { coordinationCases, type Place } from "@baton/baton/testing/coordination";
 * import { memory as myDriver } from "@baton/baton/drivers/memory";
 *
 * const shared = myDriver(); // or one for each call, to a server
 * const place: Place = {
 *   driver: () => shared,
 *   pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
 *   tick: 100,
 * };
 * for (const { name, run } of coordinationCases) Deno.test(name, () => run(place));
 * ```
 *
 * @module
 */

import { afterthoughtCases } from "./afterthoughts.ts";
import { capabilityCases } from "./capabilities.ts";
import { clockCases } from "./clocks.ts";
import { costCases } from "./costs.ts";
import { electionCases } from "./elections.ts";
import { evictionCases } from "./evictions.ts";
import { faultCases } from "./faults.ts";
import { groupCases } from "./groups.ts";
import { joiningCases } from "./joining.ts";
import { lifecycleCases } from "./lifecycle.ts";
import { lockLossCases } from "./lock_loss.ts";
import { lockWaitingCases } from "./lock_waiting.ts";
import { lockCases } from "./locks.ts";
import { nameCases } from "./names.ts";
import { partitionerCases } from "./partitioners.ts";
import type { CoordinationCase } from "./place.ts";
import { raceCases } from "./races.ts";
import { semaphoreCases } from "./semaphores.ts";
import { sharedLockCases } from "./shared_locks.ts";
import { tickCases } from "./ticks.ts";
import { watchCallbackCases } from "./watch_callbacks.ts";
import { watchCases } from "./watches.ts";

export type * from "../../../drivers/driver.ts";
export type { Runtime } from "../../../mod.ts";
export type { After } from "../../../drivers/kit/mod.ts";
export { placeOnFakeClock } from "./fake_clock.ts";
export type { CoordinationCase, Place } from "./place.ts";
export { TOOZ_TESTS } from "./tooz_tests.ts";

/** The laws that a coordinator keeps on every backend. */
export const coordinationCases: readonly CoordinationCase[] = [
  ...lifecycleCases,
  ...groupCases,
  ...joiningCases,
  ...capabilityCases,
  ...watchCases,
  ...watchCallbackCases,
  ...tickCases,
  ...electionCases,
  ...evictionCases,
  ...lockCases,
  ...lockWaitingCases,
  ...lockLossCases,
  ...sharedLockCases,
  ...semaphoreCases,
  ...partitionerCases,
  ...nameCases,
  ...faultCases,
  ...clockCases,
  ...raceCases,
  ...afterthoughtCases,
  ...costCases,
];

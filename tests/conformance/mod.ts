/**
 * The conformance suite: what every driver, and every decorator of one, must do. It needs no test
 * framework and runs wherever `node:assert` does.
 *
 * @example
 * ```ts
 * import { type Backend, driverCases, restartCases } from "@baton/baton/testing";
 * import { memory as myDriver } from "@baton/baton/drivers/memory";
 *
 * const shared = myDriver(); // or one per connection, to a server
 * const backend: Backend = {
 *   connect: () => shared,
 *   pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
 *   tick: 100,
 * };
 * for (const { name, run } of [...driverCases, ...(backend.restart ? restartCases : [])]) {
 *   Deno.test(name, () => run(backend));
 * }
 * ```
 *
 * @module
 */

import { acquireCases } from "./acquire.ts";
import type { Case } from "./backend.ts";
import { batchCases } from "./batch.ts";
import { guaranteeCases } from "./guarantees.ts";
import { guardCases } from "./guards.ts";
import { limitCases } from "./limits.ts";
import { raceCases } from "./races.ts";
import { refusalCases } from "./refusals.ts";
import { releaseCases } from "./release.ts";
import { renewCases } from "./renew.ts";
import { replayCases } from "./replay.ts";
import { signalCases } from "./signals.ts";
import { textCases } from "./texts.ts";
import { tokenCases } from "./tokens.ts";

export type * from "../../drivers/driver.ts";
export type { Backend, Case } from "./backend.ts";
export { onFakeClock } from "./fake_clock.ts";
export { restartCases } from "./restart.ts";

/** The laws that every backend keeps. */
export const driverCases: readonly Case[] = [
  ...guaranteeCases,
  ...acquireCases,
  ...batchCases,
  ...replayCases,
  ...renewCases,
  ...releaseCases,
  ...guardCases,
  ...refusalCases,
  ...tokenCases,
  ...raceCases,
  ...limitCases,
  ...textCases,
  ...signalCases,
];

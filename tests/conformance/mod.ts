/**
 * For tests: a memory that is as strict as a server, and a clock that stands still, for those of your
 * own code; and the conformance suite, which every driver, and every decorator of one, must pass. It
 * needs no test framework and runs wherever `node:assert` does. `docs/testing.md` and
 * `docs/write-a-driver.md` show both in use.
 *
 * @example
 * ```ts
 * import { type Backend, casesFor, withCuts } from "@baton/baton/testing";
 * import { memory as myDriver } from "@baton/baton/drivers/memory";
 *
 * const shared = myDriver(); // or one per connection, to a server
 * const backend: Backend = withCuts({
 *   connect: () => shared,
 *   pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
 *   tick: 100,
 * });
 * for (const { name, run } of await casesFor(backend)) Deno.test(name, () => run(backend));
 * ```
 *
 * @module
 */

import { acquireCases } from "./acquire.ts";
import type { Backend, Case } from "./backend.ts";
import { batchCases } from "./batch.ts";
import { cutCases } from "./cuts.ts";
import { freezeCases } from "./frozen.ts";
import { guaranteeCases } from "./guarantees.ts";
import { guardCases } from "./guards.ts";
import { limitCases } from "./limits.ts";
import { listCases } from "./list.ts";
import { noPushCases } from "./no_push.ts";
import { pushCases } from "./patience.ts";
import { pageCases } from "./pages.ts";
import { raceCases } from "./races.ts";
import { refusalCases } from "./refusals.ts";
import { releaseCases } from "./release.ts";
import { renewCases } from "./renew.ts";
import { replayCases } from "./replay.ts";
import { reportCases, requestCases } from "./requests.ts";
import { restartCases } from "./restart.ts";
import { signalCases } from "./signals.ts";
import { textCases } from "./texts.ts";
import { tokenCases } from "./tokens.ts";

export type * from "../../drivers/driver.ts";
export type { After } from "../../drivers/kit/mod.ts";
export type { Backend, Case, Cut, Freeze } from "./backend.ts";
export type { MemoryOptions } from "../../drivers/memory.ts";
export { onFakeClock } from "./fake_clock.ts";
export { memory } from "./strict_memory.ts";
export { FakeClock } from "./virtual_clock.ts";
export { withCuts } from "./with_cuts.ts";
export { cutCases, freezeCases, noPushCases, pushCases, requestCases, restartCases };

/** The laws that every backend keeps, whatever it can do and be seen to do. */
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
  ...listCases,
  ...pageCases,
  ...reportCases,
];

/**
 * All laws that this backend can be held to: those of every backend; those about patience, which depend
 * on its `guarantees.push`; and those for which it offers `restart`, `cut`, `freeze` and `sent`.
 */
export async function casesFor(backend: Backend): Promise<readonly Case[]> {
  const { guarantees: { push } } = await backend.connect();
  return [
    ...driverCases,
    ...push ? pushCases : noPushCases,
    ...backend.restart ? restartCases : [],
    ...backend.cut ? cutCases : [],
    ...backend.freeze ? freezeCases : [],
    ...backend.sent ? requestCases : [],
  ];
}

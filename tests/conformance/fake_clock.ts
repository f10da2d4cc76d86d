/**
 * A backend whose time stands still until the suite sets it on: no waiting, and nothing that depends on
 * how fast the machine is.
 *
 * @module
 */

import type { Driver } from "../../drivers/driver.ts";
import type { After } from "../../drivers/kit/mod.ts";
import type { Backend } from "./backend.ts";
import { FakeClock } from "./virtual_clock.ts";

/**
 * Makes a backend of a driver that takes its clock as a function. The suite then sets the clock on where
 * it would wait on a real one, so all of it takes a second or two.
 *
 * Everything that measures time in the driver must go by this clock. Between two instants the suite
 * waits until all promises have settled that need no timer of the process: a driver that sleeps, or that
 * asks a server, belongs on a real clock.
 *
 * @param open Called once, with the clock in ms since the epoch and with a timer that goes by it, for
 * drivers that hold requests (contract rule 14). It returns what makes a handle.
 *
 * @example
 * ```ts
 * import { memory } from "@baton/baton/drivers/memory";
 * import { casesFor, onFakeClock } from "@baton/baton/testing";
 *
 * const backend = onFakeClock((now, after) => {
 *   const shared = memory({ now, after });
 *   return () => shared;
 * });
 * for (const { run } of await casesFor(backend)) await run(backend);
 * ```
 */
export function onFakeClock(
  open: (now: () => number, after: After) => () => Driver | Promise<Driver>,
): Backend {
  const clock = new FakeClock();
  const connect = open(clock.now, clock.after);
  return { connect, pass: (ms) => clock.pass(ms), tick: 1 };
}

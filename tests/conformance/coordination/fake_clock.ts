/**
 * A place whose time stands still until a case sets it on.
 *
 * @module
 */

import type { Driver } from "../../../drivers/driver.ts";
import type { After } from "../../../drivers/kit/mod.ts";
import { FakeClock } from "../virtual_clock.ts";
import type { Place } from "./place.ts";

/**
 * Makes a place of a driver that takes its clock as a function. The driver and all coordinators go by one
 * clock, so all cases together take some seconds. What is said of `onFakeClock()` in
 * `@baton/baton/testing` holds here, too.
 *
 * @param open Called once, with the clock in ms since the epoch and a timer that goes by it. It returns
 * what makes a handle.
 */
export function placeOnFakeClock(
  open: (now: () => number, after: After) => () => Driver | Promise<Driver>,
): Place {
  const clock = new FakeClock();
  return {
    driver: open(clock.now, clock.after),
    runtime: clock.runtime,
    pass: (ms) => clock.pass(ms),
    tick: 250,
  };
}

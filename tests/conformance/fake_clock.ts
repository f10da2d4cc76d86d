/**
 * A backend whose time stands still until the suite sets it on: no waiting, no flakes.
 *
 * @module
 */

import type { Driver } from "../../drivers/driver.ts";
import type { Backend } from "./backend.ts";

/**
 * Makes a backend of any driver that takes its clock as a function.
 *
 * @param open is called once with the clock, and answers what makes a handle.
 *
 * @example
 * ```ts
 * import { memory } from "@baton/baton/drivers/memory";
 * import { driverCases, onFakeClock } from "@baton/baton/testing";
 *
 * const backend = onFakeClock((now) => {
 *   const shared = memory({ now });
 *   return () => shared;
 * });
 * for (const { run } of driverCases) await run(backend);
 * ```
 */
export function onFakeClock(open: (now: () => number) => () => Driver | Promise<Driver>): Backend {
  // A date of today's size, so that tokens made of it are as long as they will be.
  let time = 1_800_000_000_000;
  const connect = open(() => time);
  return {
    connect,
    pass: (ms) => {
      time += ms;
      return Promise.resolve();
    },
    tick: 1,
  };
}

/**
 * Backends whose time only tests let pass.
 *
 * @module
 */

import type { Driver } from "../../drivers/driver.ts";
import { type Backend as Place, onFakeClock } from "../conformance/mod.ts";

/** On the caller's clock, or else on one that `pass()` sets on. */
export function onClock(
  now: (() => number) | undefined,
  open: (now: () => number) => () => Driver,
): Place {
  if (!now) return onFakeClock(open);
  const pass = () => Promise.reject(new Error("the clock is the caller's, who lets time pass"));
  return { connect: open(now), pass, tick: 1 };
}

/**
 * Backends whose time only tests let pass.
 *
 * @module
 */

import type { Driver } from "../../drivers/driver.ts";
import { SIZES } from "../tools/size_of_proofs.ts";
import { type After, type Backend as Place, onFakeClock, withCuts } from "../conformance/mod.ts";
import type { Time } from "./backend.ts";

/**
 * On the caller's clock, or else on one that `pass()` sets on. Only the latter has timers for drivers
 * that hold requests. The way to it can be cut.
 */
export function onClock(
  time: Time | undefined,
  open: (now: () => number, after: After) => () => Driver,
): Place {
  if (!time) return { ...withCuts(onFakeClock(open)), many: SIZES.listedLeases };
  const pass = () => Promise.reject(new Error("the clock is the caller's, who lets time pass"));
  return { connect: open(time.now, time.after), pass, tick: 1 };
}

/**
 * The options of a run, checked and with their defaults.
 *
 * @module
 */

import type { Plan, SlotOptions } from "./types.ts";
import { refuse } from "../../drivers/kit/check.ts";
import { checkOptions } from "../../drivers/kit/options.ts";
import { checkWhole, checkWork, type ClockBounds } from "../leases/timings.ts";

const HOUR = 3_600_000;
/** For how long a slot's runs are remembered by default, in ms. */
export const RETAIN: number = 24 * HOUR;
/**
 * How early a trigger may come, in ms. Clocks differ by less, and a mistaken slot would stay used.
 */
export const EARLIEST: number = HOUR;
/**
 * The longest `retain`, in ms. With the margins of {@link keptFor} it stays within a lease's limit.
 */
export const LONGEST: number = 24 * 24 * HOUR;
/** How far the wall clocks of two callers may be apart, in ms. */
const WALL = 60_000;
/** How long a call of the driver may be repeated and waited for, in ms. */
const CALL = 10_000;

/**
 * For how long the backend keeps a slot's seats, so that every trigger that is not refused as too
 * late finds them. A trigger's own wall clock decides whether it is too late, and the backend's
 * clock decides how long a seat lives. So the backend keeps it longer, by as much as these clocks
 * may differ, and by as long as the claim of the last trigger may be on its way.
 *
 * @param ahead How far the slot is ahead of this caller's clock, in ms.
 */
export function keptFor(plan: Plan, ahead: number, bounds: ClockBounds): number {
  const { retain, mode, ttl, keepAlive } = plan;
  if (retain === Infinity) return Infinity;
  // A claim that was granted later than this does not count as held, so nothing runs under it.
  const onItsWay = Math.min(CALL, mode === "once" && keepAlive ? retain : ttl);
  const window = retain + Math.max(0, ahead) + WALL + onItsWay;
  return Math.ceil(window / (1 - bounds.rate) + bounds.step);
}

/**
 * Throws if the time to remember is too short or too long.
 *
 * @throws {InvalidArgument} when it is less than `least`, which the message calls `what`.
 */
export function checkRetain(retain: number, what: string, least: number): void {
  if (retain === Infinity) return;
  checkWhole(`retain (Infinity, or at least ${what})`, retain, least, LONGEST);
}

/**
 * The options with their defaults. It does not check the slot; that is done where the time is
 * known.
 *
 * @throws {InvalidArgument} when an option cannot work; the message names it.
 */
export function planOf(options: SlotOptions, coordinatorTtl: number): Plan {
  checkOptions(
    options,
    "slot mode ttl keepAlive? retain skipIfRunning? minHold maxRuntime record? signal",
  );
  const { mode = "once", retain = RETAIN, ttl = coordinatorTtl } = options;
  const { minHold, maxRuntime, keepAlive = mode === "retry" } = options;
  if (mode !== "once" && mode !== "retry") {
    refuse("mode", `"${mode}" is neither "once" nor "retry"`);
  }
  checkWhole("ttl", ttl);
  checkWork("minHold", minHold);
  checkWork("maxRuntime", maxRuntime);
  checkRetain(retain, "ttl", ttl);
  return { ...options, mode, ttl, retain, keepAlive };
}

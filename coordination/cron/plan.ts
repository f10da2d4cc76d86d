/**
 * What a run is asked for, checked and with its defaults.
 *
 * @module
 */

import type { Plan, SlotOptions } from "./types.ts";
import { InvalidArgument } from "../../errors.ts";
import { checkWhole, checkWork, type ClockBounds } from "../leases/timings.ts";

const HOUR = 3_600_000;
/** For how long a slot's runs are remembered by default. */
export const RETAIN: number = 24 * HOUR;
/** How early a trigger may come: clocks differ by less, and a mistaken slot would stay used. */
export const EARLIEST: number = HOUR;
/** The longest `retain`: with the margins of {@link keptFor} it stays within a lease's limit. */
export const LONGEST: number = 24 * 24 * HOUR;
/** How far the wall clocks of two callers may be apart, in ms. */
const WALL = 60_000;

/**
 * For how long a slot's seats are kept in the backend, so that every trigger which is not refused as too
 * late finds them. Whether a trigger is too late is decided by its own wall clock, and how long a seat
 * lives by the backend's: so the two must differ by all that these clocks may.
 *
 * @param ahead By how much the slot lies ahead of this caller's clock, in ms.
 */
export function keptFor(retain: number, ahead: number, bounds: ClockBounds): number {
  if (retain === Infinity) return Infinity;
  const window = retain + Math.max(0, ahead) + WALL;
  return Math.ceil(window / (1 - bounds.rate) + bounds.step);
}

/**
 * Throws unless the time to remember is neither too short nor too long.
 *
 * @throws {InvalidArgument} when it is less than `least`, which `what` names.
 */
export function checkRetain(retain: number, what: string, least: number): void {
  if (retain === Infinity) return;
  checkWhole(`retain (Infinity, or at least ${what})`, retain, least, LONGEST);
}

/**
 * The options with their defaults in place; the slot is looked at where the time is known.
 *
 * @throws {InvalidArgument} naming what cannot work.
 */
export function planOf(options: SlotOptions, coordinatorTtl: number): Plan {
  const { mode = "once", retain = RETAIN, ttl = coordinatorTtl } = options;
  const { minHold, maxRuntime, keepAlive = mode === "retry" } = options;
  if (mode !== "once" && mode !== "retry") {
    throw new InvalidArgument(`Cannot use mode "${mode}": it must be "once" or "retry"`);
  }
  checkWhole("ttl", ttl);
  checkWork("minHold", minHold);
  checkWork("maxRuntime", maxRuntime);
  checkRetain(retain, "ttl", ttl);
  return { ...options, mode, ttl, retain, keepAlive };
}

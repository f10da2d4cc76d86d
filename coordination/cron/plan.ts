/**
 * What a run is asked for, checked and with its defaults.
 *
 * @module
 */

import type { Plan, SlotOptions } from "./types.ts";
import { InvalidArgument } from "../../errors.ts";
import { checkWhole, checkWork } from "../leases/timings.ts";

const HOUR = 3_600_000;
/** A slot's runs are remembered for a day unless told otherwise. */
export const RETAIN: number = 24 * HOUR;
/** How early a trigger may come: clocks differ by less, and a mistaken slot would stay used. */
export const EARLIEST: number = HOUR;
/** What is remembered the longest: a lease's limit, less what a slot may lie ahead. */
export const LONGEST: number = 2 ** 31 - 1 - EARLIEST;

/**
 * Refuses to remember for too short or too long a time.
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

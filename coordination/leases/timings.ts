/**
 * How long a grant counts as held, and which timings make sense together.
 *
 * @module
 */

import type { Guarantees } from "../../drivers/driver.ts";
import { checkWhole, refuseValue } from "../../drivers/kit/check.ts";
import { checkOptions } from "../../drivers/kit/options.ts";

export { checkWhole };

/** What clocks are trusted to do during one ttl. Within it no two processes hold one lease at once. */
export interface ClockBounds {
  /** How much faster one clock may run than another, as a fraction. Default: 0.01. */
  readonly rate: number;
  /** How far the backend's clock may jump, in ms. Default: 500, or 0 where it is our own clock. */
  readonly step: number;
}

/**
 * The bounds in force. The backend's clock can jump without our seeing it only where it is not
 * ours: a jump of the host's clock also moves the wall clock by which a holder measures.
 *
 * @throws {InvalidArgument} when a bound is not a number in range.
 */
export function clockBounds(given: Partial<ClockBounds>, guarantees: Guarantees): ClockBounds {
  checkOptions(given, "rate step");
  const { rate = 0.01, step = guarantees.clock === "server" ? 500 : 0 } = given;
  if (typeof rate !== "number" || !(rate >= 0 && rate < 0.5)) {
    refuseValue("clock rate", rate, "it must be from 0 up to 0.5");
  }
  if (step === Infinity) refuseValue("clock step", step, "it must be finite");
  checkWait("clock step", step);
  return { rate, step };
}

/**
 * How long after its send a grant of `ttl` counts as held (Gray & Cheriton, "Leases", 1989): the ttl
 * less what the two clocks may differ by. In ms.
 */
export function validity(ttl: number, bounds: ClockBounds): number {
  return ttl * (1 - bounds.rate) - bounds.step;
}

/** The longest that a backend is asked to hold one request, in ms: what is between ends long ones. */
const LONGEST_PATIENCE = 30_000;

/**
 * For how long a backend that pushes may hold an acquisition with this ttl, in ms, with so much time
 * left to wait: the deadline counts from the send, so most of the ttl must remain after it.
 */
export function patienceOf(ttl: number, left: number): number {
  return Math.max(0, Math.floor(Math.min(ttl / 4, left, LONGEST_PATIENCE)));
}

/** The timings of one lease, before they are checked. */
export interface Timings {
  /** How long the lease lives unrenewed, in ms. */
  readonly ttl: number;
  /** How often it is renewed, in ms. */
  readonly heartbeatInterval?: number | undefined;
}

/**
 * Refuses timings under which a lease could not work.
 *
 * @throws {InvalidArgument} saying which number is wrong and why.
 */
export function checkTimings(timings: Timings, bounds: ClockBounds, guarantees: Guarantees): void {
  const { ttl, heartbeatInterval } = timings;
  const { rate, step } = bounds;
  const valid = validity(ttl, bounds);
  if (ttl !== Infinity) checkWhole("ttl", ttl, guarantees.minTtl);
  // Not `valid <= ttl / 2`, which is true without end.
  if (ttl - valid >= ttl / 2) {
    refuseValue(
      "ttl",
      ttl,
      `the margin for clocks, ${Math.ceil(ttl - valid)} ms of it, must stay under half; use ` +
        `${Math.floor(step / (0.5 - rate)) + 1} or more, or a smaller clocks.step`,
    );
  }
  if (heartbeatInterval === undefined) return;
  const fits = heartbeatInterval > 0 && heartbeatInterval < valid;
  if (typeof heartbeatInterval === "number" && fits) return;
  refuseValue(
    "heartbeatInterval",
    heartbeatInterval,
    `it must be above 0 and below the ${Math.floor(valid)} ms for which ttl ${ttl} counts as held`,
  );
}

/** What is asked where a number of ms looks as if it were one of seconds. */
export const NOT_SECONDS = "is it meant in milliseconds, not seconds?";

/**
 * Whether a limit looks like seconds: no request over a network is answered in so few ms. 0 is a limit of
 * its own.
 */
export function looksLikeSeconds(ms: number): boolean {
  return ms > 0 && ms < 50;
}

/**
 * Refuses how long work may or must take where that looks like seconds: from 10 to 999. Real work takes
 * longer; a test in real time can use less than 10 ms, or 1,000.
 *
 * @throws {InvalidArgument} when it is there and looks so, or is not a whole number from 1.
 */
export function checkWork(what: string, ms: number | undefined): void {
  if (ms === undefined) return;
  if (ms >= 10 && ms < 1_000) refuseValue(what, ms, NOT_SECONDS);
  checkWhole(what, ms);
}

/**
 * Refuses a waiting time that is not one.
 *
 * @throws {InvalidArgument} when it is negative or not a number.
 */
export function checkWait(what: string, ms: number): void {
  if (typeof ms !== "number" || !(ms >= 0)) {
    refuseValue(what, ms, "it must be milliseconds, 0 or more");
  }
}

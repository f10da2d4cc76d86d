/**
 * How long a grant may be believed, and which timings make sense together.
 *
 * @module
 */

import type { Guarantees } from "../../drivers/driver.ts";
import { InvalidArgument } from "../../errors.ts";

/** What clocks are trusted to do during one ttl; within it no two holders believe at once. */
export interface ClockBounds {
  /** How much faster one clock may run than another, as a fraction; 0.01 unless given. */
  readonly rate: number;
  /** How far the backend's clock may jump, in ms; 500 unless given, 0 where it is our own clock. */
  readonly step: number;
}

/**
 * The bounds in force. The backend's clock can jump without our seeing it only where it is not
 * ours: a jump of the host's clock also moves the wall clock by which a holder measures.
 *
 * @throws {InvalidArgument} when a bound is not a number in range.
 */
export function clockBounds(given: Partial<ClockBounds>, guarantees: Guarantees): ClockBounds {
  const { rate = 0.01, step = guarantees.clock === "server" ? 500 : 0 } = given;
  if (!(rate >= 0 && rate < 0.5)) {
    throw new InvalidArgument(`Cannot use clock rate ${rate}: it is a fraction from 0 up to 0.5`);
  }
  if (!(step >= 0 && step < Infinity)) {
    throw new InvalidArgument(`Cannot use clock step ${step}: it is milliseconds, 0 or more`);
  }
  return { rate, step };
}

/**
 * How long after its send a grant of `ttl` may be believed (Gray & Cheriton, "Leases", 1989): the
 * ttl less what the two clocks may differ by.
 */
export function validity(ttl: number, bounds: ClockBounds): number {
  return ttl === Infinity ? Infinity : ttl * (1 - bounds.rate) - bounds.step;
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
  const { minTtl } = guarantees;
  if (ttl !== Infinity) checkWhole("ttl", ttl, minTtl);
  const margin = ttl === Infinity ? 0 : ttl - validity(ttl, bounds);
  if (margin >= ttl / 2) {
    const least = Math.floor(bounds.step / (0.5 - bounds.rate)) + 1;
    throw new InvalidArgument(
      `Cannot use ttl ${ttl}: the margin for clocks, ${Math.ceil(margin)} ms (${
        bounds.rate * 100
      } % ` +
        `of it and ${bounds.step} ms for a jump), must stay under half of it; use ${least} or more, ` +
        "or a smaller clocks.step if this backend's clock cannot jump",
    );
  }
  if (heartbeatInterval === undefined) return;
  if (!(heartbeatInterval > 0 && heartbeatInterval < validity(ttl, bounds))) {
    throw new InvalidArgument(
      `Cannot use heartbeatInterval ${heartbeatInterval} with ttl ${ttl}: it must be above 0 and ` +
        `below the ${Math.floor(validity(ttl, bounds))} ms for which a grant may be believed, or ` +
        "every lease would be lost before its first renewal",
    );
  }
}

/**
 * Throws unless the value is a whole number in the range that timers and backends support.
 *
 * @throws {InvalidArgument} when it is none from `least` to `most`.
 */
export function checkWhole(what: string, value: number, least = 1, most = 2 ** 31 - 1): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new InvalidArgument(
    `Cannot use ${what} ${value}${typeof value === "string" ? ", a string" : ""}: it must be a ` +
      `whole number, at least ${least} and at most ${most}${
        most > 1e9 ? " (in ms, 24.8 days)" : ""
      }`,
  );
}

/** What is asked where a number of ms looks as if it were one of seconds. */
export const NOT_SECONDS = "is it meant in milliseconds, not seconds?";

/**
 * Refuses how long work may or must take where that looks like seconds: from 10 to 999. Real work takes
 * longer; a test in real time can use less than 10 ms, or 1,000.
 *
 * @throws {InvalidArgument} when it is there and looks so, or is no whole number from 1.
 */
export function checkWork(what: string, ms: number | undefined): void {
  if (ms === undefined) return;
  if (ms >= 10 && ms < 1_000) {
    throw new InvalidArgument(`Cannot use ${what} ${ms}: ${NOT_SECONDS}`);
  }
  checkWhole(what, ms);
}

/**
 * Refuses a waiting time that is not one.
 *
 * @throws {InvalidArgument} when it is negative or not a number.
 */
export function checkWait(what: string, ms: number): void {
  if (!(ms >= 0)) {
    throw new InvalidArgument(`Cannot use ${what} ${ms}: it must be milliseconds, 0 or more`);
  }
}

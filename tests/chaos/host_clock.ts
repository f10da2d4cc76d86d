/**
 * A clock that is the same in all processes of a host, even where the wall clock of one is stepped.
 *
 * @module
 */

import process from "node:process";

/**
 * The wall clock as it was at the start, carried on by the host's monotonic clock; or simply the wall
 * clock, unless this process's own is a faked one.
 */
export function hostClock(): () => number {
  if (process.env["BATON_FAKED_CLOCK"] === undefined) return Date.now;
  const offset = Date.now() - performance.now();
  return () => Math.floor(offset + performance.now());
}

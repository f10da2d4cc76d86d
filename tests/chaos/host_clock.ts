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
  const offset = offsetOfWall();
  return () => Math.floor(offset + performance.now());
}

/** How far two looks may be apart, in ms, for what happened between them to have an instant. */
const GRAIN = 0.5;

/** Taken at the very moment when the wall clock shows another millisecond. */
function offsetOfWall(): number {
  let [wall, looked] = [Date.now(), performance.now()];
  for (;;) {
    const [nextWall, next] = [Date.now(), performance.now()];
    if (nextWall === wall + 1 && next - looked < GRAIN) return nextWall - next;
    [wall, looked] = [nextWall, next];
  }
}

/**
 * How long ago something was, for a driver that remembers what it may rely on for a while.
 *
 * @module
 */

/** An instant, by both clocks. */
export interface Instant {
  /** In ms since 1970. */
  readonly wall: number;
  /** In ms since some instant of this process. */
  readonly steady: number;
}

/** Now. */
export function instant(): Instant {
  return { wall: Date.now(), steady: performance.now() };
}

/** How many ms ago: the larger of what two clocks say, of which one may have been set or have slept. */
export function since({ wall, steady }: Instant): number {
  return Math.max(Date.now() - wall, performance.now() - steady);
}

/**
 * How a coordinator is made and started.
 *
 * @module
 */

import type { CoordinatorEvent } from "./events.ts";
import type { CallOptions } from "./leases/lease.ts";
import type { ClockBounds } from "./leases/timings.ts";
import type { Runtime } from "./runtime.ts";

/** How a coordinator is made. Every duration is in milliseconds. */
export interface CoordinatorOptions {
  /** Name of this process, visible to others. Must be unique; not secret. Default: random. */
  memberId?: string | undefined;
  /** Keeps applications on one backend apart: 1 to 64 of `A–Z a–z 0–9 . _ -`. */
  namespace?: string | undefined;
  /** How long a lease lives without a renewal. Default: 30,000. Each call can choose its own. */
  ttl?: number | undefined;
  /** The `ttl` of locks, where it differs. */
  lockTtl?: number | undefined;
  /** The `ttl` of leadership, where it differs. */
  leaderTtl?: number | undefined;
  /** The `ttl` of membership in groups, where it differs. */
  membershipTtl?: number | undefined;
  /** How often leases are renewed. Default: a third of the time that each counts as held. */
  heartbeatInterval?: number | undefined;
  /**
   * How long one request may take. From 1 to 49 is refused, because it looks like seconds. Default: 5,000,
   * and at most a third of the ttl.
   */
  timeout?: number | undefined;
  /**
   * How many requests this coordinator may send in all, repetitions included. After that every call
   * fails with an error that says so, before the platform fails it with one that does not: Cloudflare's
   * free plan allows 50 for each of its own requests. Drivers count exactly what they send. Default: no
   * limit.
   */
  subrequests?: number | undefined;
  /** What clocks are trusted to do: see {@link ClockBounds}. */
  clocks?: Partial<ClockBounds> | undefined;
  /**
   * Called for every request, lost lease and background error. What it throws, at once or later, is
   * ignored. Default: the first outage that a `lead()`, a wait or `events()` goes through is said once
   * by `console.warn`.
   */
  on?: ((event: CoordinatorEvent) => void) | undefined;
  /** Clocks, timers and background work. Default: the platform's. */
  runtime?: Runtime | undefined;
}

/** How to start a coordinator. */
export interface StartOptions extends CallOptions {
  /** Whether to renew every lease in the background until `stop()`. */
  heartbeat?: boolean | undefined;
}

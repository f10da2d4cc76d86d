/**
 * What the suite needs of whatever is put to the test, and what it gives back.
 *
 * @module
 */

import type { Driver } from "../../drivers/driver.ts";

/** A backend under test. One serves the whole suite: every case makes names of its own. */
export interface Backend {
  /**
   * A fresh handle, as another client would have it, on the *same* backend. It may be one that all share,
   * unless it is `AsyncDisposable`: the suite disposes of some that it asked for.
   */
  connect(): Driver | Promise<Driver>;
  /** Lets that much time pass on the backend's clock: a fake one is set on, a real one waited for. */
  pass(ms: number): Promise<void>;
  /**
   * Restarts the backend, which keeps what it promises to keep. Absent where that means nothing;
   * then `restartCases` cannot be run.
   */
  restart?(): Promise<void>;
  /**
   * Cuts the next request that any handle sends. `withCuts()` makes this for a driver that has no wire
   * of its own. Any way will do that leaves the client without an answer, such as a proxy's error page
   * and half of a reply; a broken connection may not do, for the `fetch` of some runtimes then sends
   * again by itself. Absent where it cannot be done; then `cutCases` cannot be run.
   */
  cut?(what: Cut): void | Promise<void>;
  /**
   * Lets the next `after` requests pass, whichever handle sends them, and holds the one that comes then on
   * its way, as if its sender had been frozen before it. It is for drivers that read in one request and
   * write in the next. Absent where that cannot be done, or where one call is one step; then
   * `freezeCases` cannot be run.
   */
  freeze?(after: number): Freeze;
  /**
   * Every request that was sent since this was called last, byte for byte, one text each. Absent where
   * nothing is sent, or nobody can see it; then `requestCases` cannot be run.
   */
  sent?(): readonly string[] | Promise<readonly string[]>;
  /**
   * How many leases a namespace may hold here while it is listed, and 8 clients come and go. Default: 400,
   * which is quick anywhere.
   */
  readonly many?: number;
  /**
   * How many rounds of each race are run. Fewer will do where every write of the backend conflicts with
   * every other, so that a round of sixteen clients takes hundreds of requests. Default: 200.
   */
  readonly rounds?: number;
  /**
   * The shortest ttl, in milliseconds, with which timing is reliable here if nothing else runs: 1 on
   * a fake clock, 100 over HTTP to a server nearby. A lease is expected to be alive until at least
   * this long before its end. On a real clock the suite measures how long requests take, and uses
   * longer ttls where they take long.
   */
  readonly tick: number;
  /** What runs at the same pace shares what was measured: see `pace.ts`. Default: this object alone. */
  readonly pace?: object;
}

/**
 * Where a request is cut. `"request"`: nothing of it arrives. `"reply"`: the backend does what was asked,
 * and its answer is lost.
 */
export type Cut = "request" | "reply";

/** A request that is held on its way, or that is still to come. */
export interface Freeze {
  /** Resolves when it is held. */
  readonly frozen: Promise<void>;
  /** It goes on its way. If it has not come yet, it will not be held. */
  end(): void;
}

/** One law that every driver keeps. It fails by rejecting; how it is run is the runner's business. */
export interface Case {
  /** The law as a sentence, after the rule of the contract that it belongs to. Unique. */
  readonly name: string;
  /**
   * Many clients keep the backend busy at once, so whatever runs beside it has to wait: it is best
   * run alone.
   */
  readonly crowd: boolean;
  /**
   * Tries it. Cases may run one after the other in any order; side by side only where the clock is
   * real, for a fake one would be set on under the feet of the others; and those of `restartCases`,
   * `cutCases`, `freezeCases` and `requestCases` never.
   */
  run(backend: Backend): Promise<void>;
}

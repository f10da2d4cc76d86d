/**
 * Where the cases run, and what a case is.
 *
 * @module
 */

import type { Driver } from "../../../drivers/driver.ts";
import type { Runtime } from "../../../mod.ts";

/** A backend and the time around it. One serves all cases: each has a namespace of its own. */
export interface Place {
  /** A fresh handle on the *same* backend, as another process would have it. */
  driver(): Driver | Promise<Driver>;
  /** The clocks and timers of every coordinator. Default: the real ones. */
  readonly runtime?: Runtime;
  /** Lets that much time pass, for the backend and for `runtime` together. */
  pass(ms: number): Promise<void>;
  /** The shortest time that is told apart reliably here, in ms: a case's ttl is four of them. */
  readonly tick: number;
  /** What runs at the same pace shares what was measured: see `pace.ts`. Default: this object alone. */
  readonly pace?: object;
  /**
   * How many members join one group at once, in the law about a large group. Fewer will do where every
   * write of the backend conflicts with every other. Default: 100.
   */
  readonly many?: number;
  /** How many rounds of each race are run. Fewer will do in the same case. Default: 20. */
  readonly rounds?: number;
}

/** One law of the coordinator. It fails by rejecting; how it is run is the runner's business. */
export interface CoordinationCase {
  /** The law as a sentence. Unique. */
  readonly name: string;
  /** The tests of Tooz's own suite that ask for the same, by name. */
  readonly tooz: readonly string[];
  /**
   * Many members keep the backend busy at once, so whatever runs beside it has to wait: it is best
   * run alone.
   */
  readonly crowd: boolean;
  /**
   * Tries it. Cases may run in any order, and side by side where the clock is real; a virtual one
   * would be set on under the feet of the others.
   */
  run(place: Place): Promise<void>;
}

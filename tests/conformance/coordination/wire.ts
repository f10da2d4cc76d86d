/**
 * One process's connection, which a case can count on, cut and garble.
 *
 * @module
 */

import type { ApplyOptions, Driver, Guarantees, Op, Outcome } from "../../../drivers/driver.ts";
import { ConnectionError, UnknownOutcome } from "../../../mod.ts";

/**
 * What becomes of one request. `"twice"` delivers it twice and answers the second time, as proxies
 * do; of `"silence"` nothing is ever heard, and nothing arrives; a promise holds the request back.
 */
export type Fate =
  | "pass"
  | "lose-request"
  | "lose-reply"
  | "twice"
  | "silence"
  | "refuse"
  | Promise<void>;

/** A driver between a coordinator and the backend. */
export class Wire implements Driver {
  /** As the backend's. */
  readonly name: string;
  /** As the backend's. */
  readonly guarantees: Guarantees;
  /** How many requests were sent, whatever became of them. */
  requests = 0;
  /** What the next requests meet, in order. */
  readonly fates: Fate[] = [];
  /** What requests meet once `fates` is empty. */
  weather: Fate = "pass";
  readonly #backend: Driver;

  /** A connection that works. */
  constructor(backend: Driver) {
    this.#backend = backend;
    this.name = backend.name;
    this.guarantees = backend.guarantees;
  }

  /** Sends one request, and does to it what fate has in store. */
  async apply(ops: readonly Op[], options: ApplyOptions = {}): Promise<readonly Outcome[]> {
    this.requests++;
    const fate = this.fates.shift() ?? this.weather;
    if (fate === "refuse") throw new ConnectionError("the backend was not reached");
    if (fate === "lose-request") throw new UnknownOutcome("the request was lost");
    if (fate === "silence") return await silence(options.signal);
    if (fate instanceof Promise) await fate;
    const outcomes = await this.#backend.apply(ops, options);
    if (fate === "lose-reply") throw new UnknownOutcome("the reply was lost");
    if (fate === "twice") return await this.#backend.apply(ops, options);
    return outcomes;
  }
}

/** No answer, ever; who listens to its signal gives up. */
function silence(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const giveUp = (): void => reject(new UnknownOutcome("aborted while waiting"));
    signal?.addEventListener("abort", giveUp, { once: true });
  });
}

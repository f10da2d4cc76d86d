/**
 * What a holder has: a token, a deadline, and a signal that says when to stop.
 *
 * @module
 */

import { checkOptions } from "../../drivers/kit/options.ts";

/** Options of a call that makes requests. */
export interface CallOptions {
  /** Stops waiting. The call then throws the signal's reason; what was sent may have been done. */
  signal?: AbortSignal | undefined;
}

/**
 * Throws for an option that calls do not have.
 *
 * @throws {InvalidArgument} naming it.
 */
export function checkCall(options: CallOptions): void {
  checkOptions(options, "signal");
}

/**
 * A grant that ends by itself. While {@link Lease.held} nobody else counts as its holder, provided
 * clocks keep within their bounds. Whatever clocks do, a resource that refuses tokens below the highest
 * it has seen is safe.
 */
export interface Lease extends AsyncDisposable {
  /** What was granted, such as `lock:payments`. */
  readonly resource: string;
  /** The fencing token: larger than that of every earlier holder. A leader's is its term. */
  readonly token: number;
  /** How long the lease lives in the backend after each renewal, in ms. */
  readonly ttl: number;
  /**
   * When it stops counting as held, in ms since the epoch by the wall clock; `Infinity` for a lease
   * without end. It is counted from the *send* of the request that granted or renewed the lease, less
   * the margin for clocks.
   */
  readonly deadline: number;
  /**
   * Whether it still counts as held. On Workers clocks stand still between I/O, so after long computing
   * use {@link Lease.confirm} instead.
   */
  readonly held: boolean;
  /**
   * Aborts when the lease ends, at the deadline at the latest even if the backend never answers. Its
   * reason is a `LeaseLost`, or an `AbortError` after our own release.
   */
  readonly signal: AbortSignal;
  /**
   * Asks the backend, and renews, in one call of the driver. Use it right before an irreversible step.
   *
   * @throws {LeaseLost} when it is not ours any more.
   * @throws {UnknownOutcome} when there was no answer: do not take the step.
   */
  confirm(options?: CallOptions): Promise<void>;
  /**
   * Extends the lease by its ttl from now. One call of the driver.
   *
   * @returns `false` when it is lost; it then stays lost.
   * @throws {UnknownOutcome} when there was no answer; the lease goes on until its deadline.
   */
  renew(options?: CallOptions): Promise<boolean>;
  /**
   * Gives the lease back. {@link Lease.signal} aborts first, so that nobody works on while the
   * request is under way. One call of the driver.
   *
   * @returns `false` when another has it by now, when it was lost, or when it was released before.
   * @throws {UnknownOutcome} when there was no answer: it ends by its ttl, and may be called again.
   */
  release(options?: CallOptions): Promise<boolean>;
}

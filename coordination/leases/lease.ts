/**
 * What a holder has: a token, a deadline, and a signal that tells when to stop.
 *
 * @module
 */

/** Options of a call that makes requests. */
export interface CallOptions {
  /** Stops waiting. The call then throws the signal's reason; what was sent may have been done. */
  signal?: AbortSignal | undefined;
}

/**
 * A time-bounded grant. While {@link Lease.held} it is the only one of its kind that anyone
 * believes in, provided clocks keep within their bounds; whatever clocks do, a resource that
 * refuses tokens below the highest it has seen is safe.
 */
export interface Lease extends AsyncDisposable {
  /** What was granted, such as `lock:payments`. */
  readonly resource: string;
  /** The fencing token: larger than that of every earlier holder. A leader's is its term. */
  readonly token: number;
  /** How long the lease lives in the backend after each renewal, in ms. */
  readonly ttl: number;
  /**
   * When we stop believing, in ms since the epoch by the wall clock; `Infinity` for a lease without
   * end. Counted from the *send* of the request that granted or renewed it, less the margin.
   */
  readonly deadline: number;
  /**
   * Whether it is still ours to believe in. On Workers clocks stand still between I/O, so after
   * long computing use {@link Lease.confirm} instead.
   */
  readonly held: boolean;
  /**
   * Aborts when the lease ends, at the deadline at the latest even if the backend never answers,
   * and never un-aborts. Its reason is a `LeaseLost`, or an `AbortError` after our own release.
   */
  readonly signal: AbortSignal;
  /**
   * Asks the backend, and renews, in one request: for use right before an irreversible step.
   *
   * @throws {LeaseLost} when it is not ours any more.
   * @throws {UnknownOutcome} when there was no answer: do not take the step.
   */
  confirm(options?: CallOptions): Promise<void>;
  /**
   * Extends the lease by its ttl from now. One request.
   *
   * @returns `false` when it is lost; it then stays lost.
   * @throws {UnknownOutcome} when there was no answer; the lease goes on until its deadline.
   */
  renew(options?: CallOptions): Promise<boolean>;
  /**
   * Gives the lease back. {@link Lease.signal} aborts first, so that nobody works on while the
   * request is under way. One request.
   *
   * @returns `false` when another has it by now, when it was lost, or when it was released before.
   * @throws {UnknownOutcome} when there was no answer: it ends by its ttl, and may be called again.
   */
  release(options?: CallOptions): Promise<boolean>;
}

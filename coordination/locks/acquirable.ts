/**
 * What locks and semaphores have in common: waiting for one's turn, and giving it back.
 *
 * @module
 */

import type * as spi from "../../drivers/driver.ts";
import { LockAcquireFailed } from "../../errors.ts";
import type { HeldLease } from "../leases/held_lease.ts";
import type { CallOptions, Lease } from "../leases/lease.ts";
import { elapsed, instant, type Runtime, sleep } from "../runtime.ts";
import type { Grant } from "../leases/request.ts";
import type { Session } from "../leases/session.ts";
import { checkWait } from "../leases/timings.ts";

/** How to wait for a lock or a permit. */
export interface WaitOptions extends CallOptions {
  /** How long the lease lives unrenewed, in ms; the coordinator's unless given. */
  ttl?: number;
  /** How long to wait for it, in ms: 0 tries once, and without it there is no limit. */
  timeout?: number;
  /** Tooz's way to say the same: `true` waits, `false` tries once, a number waits so many ms. */
  blocking?: boolean | number;
}

/** Who has a lock, or a permit of a semaphore, now. */
export interface Holder {
  /** The member id of the coordinator that acquired it. */
  readonly memberId: string;
  /** Its fencing token. */
  readonly token: number;
  /** An upper bound of how long it keeps it unrenewed, in ms. */
  readonly left: number;
}

/** What {@link Acquirable.with} runs. */
export type Work<T> = (lease: Lease) => T | Promise<T>;

/** The longest pause between two looks, in ms: a clean release is noticed within it. */
const LONGEST_PAUSE = 2_000;

/**
 * Something that is acquired and released. It is not reentrant: a second `acquire`, on this object
 * too, is one more. There is no queue; among waiters, chance decides.
 */
export abstract class Acquirable<Options extends WaitOptions = WaitOptions> {
  /** The name it was asked for by. */
  readonly name: string;
  readonly #what: string;
  readonly #session: Session;
  #leases: HeldLease[] = [];

  /** `what` it is, for messages, such as `"Lock"`. */
  constructor(what: string, name: string, session: Session) {
    this.#what = what;
    this.name = name;
    this.#session = session;
  }

  /**
   * Begins an acquisition; the answer tries once.
   *
   * @internal
   */
  protected abstract begin(options?: Options): () => Promise<Grant>;

  /** Whether this object holds something, as far as this process can know. No request. */
  get acquired(): boolean {
    return this.#leases.some((lease) => lease.held);
  }

  /**
   * Acquires, waiting for it unless told otherwise: looks again 50 ms after the first look, then
   * after twice as long up to 2 s, never much beyond the time that a holder has left, and always
   * with jitter.
   *
   * @returns The lease, or `null` when others are in the way and the time to wait is over.
   * @throws {InvalidArgument} before any request.
   * @throws {UnknownOutcome} when there was no answer; what was perhaps granted is released in the
   *   background and lives at most its ttl.
   * @throws the signal's reason when it aborts.
   */
  async acquire(options?: Options): Promise<Lease | null> {
    const { lease } = await this.#acquire(options);
    return lease ?? null;
  }

  /**
   * As {@link Acquirable.acquire}, for `await using`.
   *
   * @example
   * ```ts ignore
   * await using lease = await baton.getLock("account:42").hold({ ttl: 10_000, timeout: 3_000 });
   * await charge(account, { fence: lease.token, signal: lease.signal });
   * ```
   * @throws {LockAcquireFailed} when others are in the way and the time to wait is over.
   */
  async hold(options?: Options): Promise<Lease> {
    return await this.#hold(options);
  }

  /**
   * Acquires, runs `work`, renews meanwhile, and releases. What `work` answers or throws is never
   * hidden by a failed release. If the lease is lost, its signal tells `work`.
   *
   * @throws {LockAcquireFailed} when it was not acquired; `work` has not run.
   */
  async with<T>(work: Work<T>, options?: Options): Promise<T> {
    const lease = await this.#hold(options);
    return await this.#session.under(lease, () => work(lease));
  }

  /**
   * Releases what this object acquired last. One request.
   *
   * @returns `false` when it holds nothing, or lost it.
   */
  async release(options: CallOptions = {}): Promise<boolean> {
    return await this.#leases.findLast((lease) => !lease.over)?.release(options) ?? false;
  }

  /**
   * Renews what this object acquired last. One request.
   *
   * @returns `false` when it holds nothing, or has lost it.
   * @throws {UnknownOutcome} when there was no answer; the lease goes on until its deadline.
   */
  async heartbeat(options: CallOptions = {}): Promise<boolean> {
    return await this.#latest?.renew(options) ?? false;
  }

  /** Asks the backend whether this object's latest acquisition still stands. One request. */
  async isStillOwner(options: CallOptions = {}): Promise<boolean> {
    const lease = this.#latest;
    if (!lease) return false;
    const { resource, seat } = lease.giveBack();
    const found = await this.#session.inspect(resource, seat, options.signal);
    return lease.held && found.some((other) => lease.owns(other));
  }

  get #latest(): HeldLease | undefined {
    return this.#leases.findLast((lease) => lease.held);
  }

  async #hold(options?: Options): Promise<HeldLease> {
    const { lease, blockers } = await this.#acquire(options);
    if (lease) return lease;
    const [first, ...others] = [...blockers].sort((a, b) => a.left - b.left);
    const why = first
      ? `${first.value} has it${others.length > 0 ? ` (and ${others.length} more)` : ""}, ` +
        `for up to ${Math.ceil(first.left)} ms more unless it renews`
      : "it was busy";
    const waited = `within ${limitOf(options)} ms`;
    throw new LockAcquireFailed(
      `${this.#what} "${this.name}" was not acquired ${waited}: ${why}. Nothing is held`,
    );
  }

  async #acquire(options?: Options): Promise<Grant> {
    const { runtime } = this.#session;
    const tryOnce = this.begin(options);
    const grant = await tryWithin(runtime, tryOnce, limitOf(options), options?.signal);
    if (grant.lease) this.#leases = [...this.#leases.filter((lease) => lease.held), grant.lease];
    return grant;
  }
}

/** The part of a backend's lease that everyone may see. */
export function holderOf({ value, token, left }: spi.Lease): Holder {
  return { memberId: value, token, left };
}

/** How long to wait, in ms. */
function limitOf({ blocking = true, timeout = Infinity }: WaitOptions = {}): number {
  if (typeof blocking === "number") return blocking;
  return blocking ? timeout : 0;
}

/**
 * Tries until granted or until `limit` ms have passed, with a last try at the end of them. Pauses
 * double from 50 ms to 2 s, but end when the first holder's lease must have ended if that is sooner;
 * both with jitter, so that waiters do not come in herds.
 */
async function tryWithin(
  runtime: Runtime,
  tryOnce: () => Promise<Grant>,
  limit: number,
  signal?: AbortSignal,
): Promise<Grant> {
  checkWait("timeout", limit);
  const start = instant(runtime);
  for (let look = 0;; look++) {
    const grant = await tryOnce();
    const remaining = limit - elapsed(runtime, start);
    if (grant.lease || remaining <= 0) return grant;
    const backoff = Math.min(LONGEST_PAUSE, 50 * 2 ** look) * (1 - runtime.random() / 2);
    const holderLeft = Math.min(...grant.blockers.map((lease) => lease.left));
    const afterHolder = holderLeft + 1 + runtime.random() * 20;
    await sleep(runtime, Math.min(backoff, afterHolder, remaining), signal);
  }
}

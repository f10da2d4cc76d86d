/**
 * What locks and semaphores have in common: waiting for a turn, and giving it back.
 *
 * @module
 */

import { checkFunction } from "../../drivers/kit/check.ts";
import { type Holder, LockAcquireFailed } from "../../errors.ts";
import type { HeldLease } from "../leases/held_lease.ts";
import { type CallOptions, checkCall, type Lease } from "../leases/lease.ts";
import type { Grant } from "../leases/attempt.ts";
import { looksLikeSeconds, NOT_SECONDS } from "../leases/timings.ts";
import type { Session } from "../leases/session.ts";
import { elapsed, type Instant, instant } from "../runtime.ts";
import { holdersIn } from "./holders.ts";
import { type Try, waitFor } from "./waiting.ts";

export type { Holder };

/** How to wait for a lock or a permit. */
export interface WaitOptions extends CallOptions {
  /** How long the lease lives unrenewed, in ms. Default: the coordinator's. */
  ttl?: number | undefined;
  /**
   * How long to wait for it, in ms: 0 tries once. Default: no limit. If less than 50 was too short, it is
   * reported to `on`, and said in the error of `hold()`, that it looks like seconds.
   */
  timeout?: number | undefined;
  /** Tooz's way to say the same: `true` waits, `false` tries once, a number waits so many ms. */
  blocking?: boolean | number | undefined;
}

/** How an acquisition ended. */
export type Attempted =
  | {
    /** The lease. */
    readonly lease: Lease;
    /** Nobody else has it. */
    readonly holders: readonly [];
  }
  | {
    /** It was not acquired. */
    readonly lease: null;
    /** Who has it, the first to run out first. */
    readonly holders: readonly Holder[];
  };

/** What {@link Acquirable.with} runs. */
export type Work<T> = (lease: Lease) => T | Promise<T>;

/** So many leases are remembered without a look which of them are over. */
const FEW = 4;
/** Within so many ms after a failure a `release()` is its own caller's, in a `finally`. */
const AT_ONCE = 10;

/**
 * Something that is acquired and released. It is not reentrant: a second `acquire`, on this object
 * too, is one more. On a backend that pushes, waiters get it in the order in which they asked; on the
 * others they are not queued, and the one that looks first gets it.
 */
export abstract class Acquirable<Options extends WaitOptions = WaitOptions> {
  /** The name it was asked for by. */
  readonly name: string;
  readonly #what: string;
  readonly #session: Session;
  #leases: HeldLease[] = [];
  #many = FEW;
  /** When acquisitions failed whose callers may be about to call `release()`. */
  #failed: Instant[] = [];

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
  protected abstract begin(options?: Options): Try;

  /** Whether this object holds something, as far as this process can know. No request. */
  get acquired(): boolean {
    return this.#leases.some((lease) => lease.held);
  }

  /**
   * Acquires, and waits for it without limit by default. A backend that pushes answers when it is free.
   * On others this looks again 50 ms after the first look, then after twice as long up to 2 s, never
   * much beyond the time that a holder has left, and always with jitter. An outage is waited out as
   * long as there is time, and reported as `acquire-failed`.
   *
   * @returns The lease, or `null` when others are in the way and the time to wait is over.
   * @throws {InvalidArgument} before any request.
   * @throws {UnknownOutcome} when there was no answer; anything that may have been granted is released
   *   in the background, and expires after its ttl at the latest.
   * @throws {CoordinationError} with code `misuse` when the coordinator was stopped meanwhile.
   * @throws the signal's reason when it aborts.
   */
  async acquire(options?: Options): Promise<Lease | null> {
    return (await this.#acquire(options)).lease ?? null;
  }

  /**
   * Tries once, and does not wait, whatever `timeout` and `blocking` say. One call of the driver.
   *
   * @example
   * ```ts ignore
   * const lease = await baton.getLock("report").tryAcquire();
   * if (!lease) return; // another process makes it
   * ```
   * @returns The lease, or `null` when others are in the way.
   * @throws as {@link Acquirable.acquire}.
   */
  async tryAcquire(options?: Options): Promise<Lease | null> {
    return await this.acquire({ ...options, timeout: 0, blocking: true } as Options);
  }

  /**
   * As {@link Acquirable.acquire}, and also answers who has it, without another request.
   *
   * @example
   * ```ts ignore
   * const { lease, holders } = await baton.getLock("account:42").attempt({ timeout: 0 });
   * if (!lease) return busy(holders[0].memberId, holders[0].left);
   * ```
   */
  async attempt(options?: Options): Promise<Attempted> {
    const { lease, blockers } = await this.#acquire(options);
    return lease ? { lease, holders: [] } : { lease: null, holders: holdersIn(blockers) };
  }

  /**
   * As {@link Acquirable.acquire}, for `await using`.
   *
   * @example
   * ```ts ignore
   * await using lease = await baton.getLock("account:42").hold({ ttl: 10_000, timeout: 3_000 });
   * await charge(account, { fence: lease.token, signal: lease.signal });
   * ```
   * @throws {LockAcquireFailed} when others are in the way and the time to wait is over; its `holders`
   *   says who.
   */
  async hold(options?: Options): Promise<Lease> {
    const { lease, blockers } = await this.#acquire(options);
    if (lease) return lease;
    const holders = holdersIn(blockers);
    const [first] = holders;
    const others = holders.length > 1 ? ` (and ${holders.length - 1} more)` : "";
    const why = first
      ? `${first.memberId} has it${others}, for up to ${
        Math.ceil(first.left)
      } ms more unless it renews`
      : "it was busy";
    const limit = limitOf(options);
    throw new LockAcquireFailed(
      `${this.#what} "${this.name}" was not acquired within ${limit} ms: ${why}. Nothing is held` +
        (looksLikeSeconds(limit) ? `. The timeout: ${NOT_SECONDS}` : ""),
      holders,
    );
  }

  /**
   * Acquires, runs `work`, renews meanwhile, and releases. What `work` answers or throws is never
   * hidden by a failed release. If the lease is lost, its signal tells `work`.
   *
   * @throws {LockAcquireFailed} when it was not acquired; `work` has not run.
   */
  async with<T>(work: Work<T>, options?: Options): Promise<T> {
    checkFunction("work", work);
    const held = this.hold(options).catch((error) => {
      // Nobody calls release() after this.
      this.#failed.pop();
      throw error;
    });
    // There is no other implementation of a lease.
    const lease = await held as HeldLease;
    return await this.#session.under(lease, () => work(lease));
  }

  /**
   * Releases what this object acquired, the oldest first. One call of the driver. It is for an object that
   * one caller uses at a time, as in Tooz; several should each call `lease.release()` instead.
   *
   * A `release()` that follows at once an `acquire()` that was refused or failed, as that of a `finally`
   * does, belongs to that call, so it sends nothing: it must not free what another caller of this object
   * holds.
   *
   * @returns `false` when it holds nothing, or lost it.
   */
  async release(options: CallOptions = {}): Promise<boolean> {
    checkCall(options);
    this.#failed = this.#justFailed;
    if (this.#failed.shift()) return false;
    const at = this.#leases.findIndex((lease) => !lease.over);
    this.#leases.splice(0, at < 0 ? Infinity : at);
    return await this.#leases[0]?.release(options) ?? false;
  }

  /**
   * Renews what this object acquired last. One call of the driver.
   *
   * @returns `false` when it holds nothing, or has lost it.
   * @throws {UnknownOutcome} when there was no answer; the lease goes on until its deadline.
   */
  async heartbeat(options: CallOptions = {}): Promise<boolean> {
    checkCall(options);
    return await this.#latest?.renew(options) ?? false;
  }

  /** Asks the backend whether this object's latest acquisition still stands. One call of the driver. */
  async isStillOwner(options: CallOptions = {}): Promise<boolean> {
    checkCall(options);
    const lease = this.#latest;
    if (!lease) return false;
    const { resource, seat } = lease.giveBack();
    const found = await this.#session.look(resource, seat, options);
    return lease.held && found.some((other) => lease.owns(other));
  }

  get #justFailed(): Instant[] {
    const { runtime } = this.#session;
    return this.#failed.filter((since) => elapsed(runtime, since) < AT_ONCE);
  }

  get #latest(): HeldLease | undefined {
    this.#failed = [];
    return this.#leases.findLast((lease) => lease.held);
  }

  /** Remembers a lease, and forgets those that are over whenever there are twice as many as were kept. */
  #keep(lease: HeldLease): void {
    if (this.#leases.length >= this.#many) {
      this.#leases = this.#leases.filter((each) => !each.over);
      this.#many = Math.max(FEW, 2 * this.#leases.length);
    }
    this.#leases.push(lease);
  }

  async #acquire(options?: Options): Promise<Grant> {
    let lease: HeldLease | undefined;
    try {
      // First, because it checks the options.
      const tryOnce = this.begin(options);
      const { signal, ttl = this.#session.ttls.lock } = options ?? {};
      const wait = { what: `${this.#what} "${this.name}"`, limit: limitOf(options), ttl, signal };
      const grant = await waitFor(this.#session, tryOnce, wait);
      lease = grant.lease;
      return grant;
    } finally {
      this.#failed = lease ? [] : [...this.#justFailed, instant(this.#session.runtime)];
      if (lease) this.#keep(lease);
    }
  }
}

/** How long to wait, in ms. */
function limitOf({ blocking = true, timeout = Infinity }: WaitOptions = {}): number {
  // What is neither is refused as a time to wait.
  if (typeof blocking !== "boolean") return blocking;
  return blocking ? timeout : 0;
}

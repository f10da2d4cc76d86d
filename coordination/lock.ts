/**
 * Locks: exclusive, or shared between readers.
 *
 * @module
 */

import type * as spi from "../drivers/driver.ts";
import { LockAcquireFailed } from "./errors.ts";
import type { CallOptions, HeldLease, Lease } from "./lease.ts";
import { resources } from "./names.ts";
import type { Grant, Session, Wanted } from "./session.ts";
import { acquireWithin } from "./waiting.ts";

/** How to acquire a lock. */
export interface AcquireOptions extends CallOptions {
  /** How long the lease lives unrenewed, in ms; the coordinator's unless given. */
  ttl?: number;
  /** How long to wait for it, in ms: 0 tries once, and without it there is no limit. */
  timeout?: number;
  /** Tooz's way to say the same: `true` waits, `false` tries once, a number waits so many ms. */
  blocking?: boolean | number;
  /** Whether to share it with other readers; nobody can then have it exclusively. */
  shared?: boolean;
}

/** Who has a lock now. */
export interface Holder {
  /** The member id of the coordinator that acquired it. */
  readonly memberId: string;
  /** Its fencing token. */
  readonly token: number;
  /** An upper bound of how long it keeps it unrenewed, in ms. */
  readonly left: number;
}

/** What {@link Lock.with} runs. */
export type Work<T> = (lease: Lease) => T | Promise<T>;

/**
 * A named lock. It is not reentrant: a second `acquire`, on this object too, waits for the first.
 * There is no queue; among waiters, chance decides.
 */
export class Lock {
  /** The name it was asked for by. */
  readonly name: string;
  readonly #session: Session;
  readonly #memberId: string;
  readonly #ttl: number;
  #leases: HeldLease[] = [];

  /** Made by `coordinator.getLock(name)`. */
  constructor(name: string, session: Session, memberId: string, ttl: number) {
    this.name = name;
    this.#session = session;
    this.#memberId = memberId;
    this.#ttl = ttl;
  }

  /** Whether this object holds the lock, as far as this process can know. No request. */
  get acquired(): boolean {
    return this.#leases.some((lease) => lease.held);
  }

  /**
   * Takes the lock, waiting for it unless told otherwise. One request where it is free, one more
   * for each look while it is not: 50 ms after the first, then twice as long up to 2 s, never much
   * beyond the holder's time left, and always with jitter.
   *
   * @returns The lease, or `null` when somebody else has the lock and the time to wait is over.
   * @throws {InvalidArgument} before any request.
   * @throws {UnknownOutcome} when there was no answer; what was perhaps granted is released in the
   *   background and lives at most its ttl.
   * @throws the signal's reason when it aborts.
   */
  async acquire(options: AcquireOptions = {}): Promise<Lease | null> {
    const { lease } = await this.#acquire(options);
    return lease ?? null;
  }

  /**
   * As {@link Lock.acquire}, for `await using`.
   *
   * @example
   * ```ts ignore
   * await using lease = await baton.getLock("account:42").hold({ ttl: 10_000, timeout: 3_000 });
   * await charge(account, { fence: lease.token, signal: lease.signal });
   * ```
   * @throws {LockAcquireFailed} when somebody else has the lock and the time to wait is over.
   */
  async hold(options: AcquireOptions = {}): Promise<Lease> {
    return await this.#hold(options);
  }

  /**
   * Runs `work` under the lock, renews it meanwhile, and releases it. What `work` answers or throws
   * is never hidden by a failed release. If the lease is lost, its signal tells `work`.
   *
   * @throws {LockAcquireFailed} when the lock was not acquired; `work` has not run.
   */
  async with<T>(work: Work<T>, options: AcquireOptions = {}): Promise<T> {
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
   * @returns `false` when it holds nothing, or lost it.
   * @throws {UnknownOutcome} when there was no answer; the lease goes on until its deadline.
   */
  async heartbeat(options: CallOptions = {}): Promise<boolean> {
    return await this.#leases.findLast((lease) => lease.held)?.renew(options) ?? false;
  }

  /**
   * Takes the lock away from whoever has it, readers included. They learn it at their next renewal;
   * what they have under way is stopped only where the fencing token is checked. One request when
   * nobody has it, two when somebody does: it names the holders it saw, so that a request that is
   * sent twice never hits a successor.
   *
   * @returns Whether it took the lock from anybody.
   */
  async break(options: CallOptions = {}): Promise<boolean> {
    const found = await this.#inspect(options);
    const releases = found.flatMap(({ resource, leases }) =>
      leases.map(({ seat, id }): spi.Release => ({ op: "release", resource, seat, id }))
    );
    if (releases.length === 0) return false;
    const outcomes = await this.#session.driver.apply(releases, options);
    return outcomes.some(({ ok }) => ok);
  }

  /** Asks the backend whether this object's latest acquisition still stands. One request. */
  async isStillOwner(options: CallOptions = {}): Promise<boolean> {
    const lease = this.#leases.findLast((lease) => lease.held);
    if (!lease) return false;
    const { resource, seat } = lease.giveBack;
    const found = await this.#session.inspect(resource, seat, options.signal);
    return lease.held && found.some((other) => lease.owns(other));
  }

  /** Who has the lock now: nobody, one, or several readers. One request. */
  async holders(options: CallOptions = {}): Promise<Holder[]> {
    const found = await this.#inspect(options);
    return found.flatMap(({ leases }) => leases.map(holder));
  }

  /** The exclusive holder and the readers, of whom there are never both. */
  async #inspect(
    options: CallOptions,
  ): Promise<{ resource: string; leases: readonly spi.Lease[] }[]> {
    const [lock, readers] = [resources.lock(this.name), resources.readers(this.name)];
    const [held, shared] = await this.#session.driver.apply([
      { op: "inspect", resource: lock, seat: "" },
      { op: "inspect", resource: readers },
    ], options);
    return [
      { resource: lock, leases: held?.leases ?? [] },
      { resource: readers, leases: shared?.leases ?? [] },
    ];
  }

  async #hold(options: AcquireOptions): Promise<HeldLease> {
    const { lease, blockers } = await this.#acquire(options);
    if (lease) return lease;
    const [first] = blockers.map(holder);
    const why = first
      ? `${first.memberId} has it, for up to ${Math.ceil(first.left)} ms more unless it renews`
      : "it was busy";
    throw new LockAcquireFailed(
      `Lock "${this.name}" was not acquired within ${limit(options)} ms: ${why}. Nothing is held`,
    );
  }

  async #acquire(options: AcquireOptions): Promise<Grant> {
    const { ttl = this.#ttl, shared = false, signal } = options;
    const [lock, readers] = [resources.lock(this.name), resources.readers(this.name)];
    const wanted: Wanted = {
      ttl,
      value: this.#memberId,
      signal,
      // Each side takes its seat only while the other side has none, in one atomic step.
      ...(shared
        ? {
          resource: readers,
          seat: this.#session.runtime.id(),
          guard: { when: "vacant", resource: lock, seat: "" },
        }
        : { resource: lock, guard: { when: "vacant", resource: readers } }),
    };
    const grant = await acquireWithin(this.#session, wanted, limit(options));
    if (grant.lease) this.#leases = [...this.#leases.filter((lease) => lease.held), grant.lease];
    return grant;
  }
}

/** How long to wait, in ms. */
function limit({ blocking = true, timeout = Infinity }: AcquireOptions): number {
  if (typeof blocking === "number") return blocking;
  return blocking ? timeout : 0;
}

function holder({ value, token, left }: spi.Lease): Holder {
  return { memberId: value, token, left };
}

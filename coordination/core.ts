/**
 * Leases without groups: locks, elections and cron jobs. `Coordinator` is this and groups; where every
 * kilobyte of a bundle counts, this alone will do.
 *
 * @module
 */

import type { Driver } from "../drivers/driver.ts";
import { checkOptions } from "../drivers/kit/options.ts";
import { Cron } from "./cron/cron.ts";
import type { CampaignOptions } from "./election/candidate.ts";
import { Candidates } from "./election/candidates.ts";
import { Election, type Leader } from "./election/election.ts";
import { CoordinationError, NotSupported } from "../errors.ts";
import { internalsOf, lend } from "./internals.ts";
import type { LeaderWork } from "./election/leader_loop.ts";
import { type CallOptions, checkCall } from "./leases/lease.ts";
import { Lock } from "./locks/lock.ts";
import { sessionOf } from "./member.ts";
import { checkName } from "./names.ts";
import type { CoordinatorOptions, StartOptions } from "./options.ts";
import { Semaphore } from "./locks/semaphore.ts";
import type { Session } from "./leases/session.ts";

export type { CoordinatorOptions, StartOptions } from "./options.ts";

/**
 * Locks, semaphores, elections and cron jobs of one member over one backend.
 *
 * It does not make anything safe by itself: a holder that is paused can act on a lease it has lost.
 * Within the clock bounds no two processes think at the same time that they hold it; beyond them only a
 * resource that checks `lease.token` is safe.
 *
 * On Cloudflare Workers make one per request; it costs nothing until it is used.
 *
 * @example
 * ```ts
 * import { CoreCoordinator } from "@baton/baton/core";
 * import { memory } from "@baton/baton/drivers/memory";
 *
 * const baton = new CoreCoordinator(memory());
 * await using lease = await baton.getLock("account:42").hold({ ttl: 10_000, timeout: 3_000 });
 * console.log(`mine until ${new Date(lease.deadline).toISOString()}, token ${lease.token}`);
 * ```
 */
export class CoreCoordinator implements AsyncDisposable {
  /** Name of this process, visible to others. */
  readonly memberId: string;
  readonly #session: Session;
  readonly #candidates: Candidates;
  #started = false;
  /** Whether `start()` was ever called. */
  #begun = false;
  /** How often `stop()` was called: a `start()` under way when it was does not start the heartbeat. */
  #stops = 0;
  /** The stops under way, of which there can be several: each signal that a process gets may ask for one. */
  #stopping: Promise<unknown> | undefined;

  /**
   * Makes a coordinator. No request.
   *
   * @throws {InvalidArgument} when an option cannot work, saying which and why.
   */
  constructor(driver: Driver, options: CoordinatorOptions = {}) {
    const session = this.#session = sessionOf(driver, options);
    const candidates = this.#candidates = new Candidates(session);
    this.memberId = session.memberId;
    lend(this, { session, candidates, namespace: options.namespace });
  }

  /** Whether `start()` was called, and `stop()` was not since. */
  get isStarted(): boolean {
    return this.#started;
  }

  /**
   * Proves with one call of the driver that the backend answers and accepts us, and begins to renew in
   * the background if asked to. Short-lived code can do without: every other call works unstarted.
   *
   * @throws {ConnectionError} when the backend is not reached or refuses us; we stay unstarted.
   * @throws {NotSupported} when a heartbeat is asked for where timers end with the request.
   * @throws {CoordinationError} when started already.
   */
  async start(options: StartOptions = {}): Promise<void> {
    checkOptions(options, "heartbeat? signal");
    if (this.#started) {
      throw new CoordinationError("Cannot start: this coordinator is started already", "misuse");
    }
    if (options.heartbeat && !this.#session.runtime.lasting) {
      throw new NotSupported(
        "Background heartbeats do not work here: this platform stops timers when the request ends. " +
          "Call heartbeat(), or use lock.with() or lead()",
      );
    }
    this.#started = this.#begun = true;
    internalsOf(this).owned?.resume();
    const stops = this.#stops;
    try {
      await this.#session.look("groups", "", options);
    } catch (error) {
      if (stops === this.#stops) this.#started = false;
      throw error;
    }
    if (stops === this.#stops) this.#session.heart.keepAll(options.heartbeat === true);
  }

  /**
   * Ends the heartbeat and everything that acquires or waits (`lead()`, `events()`, waiters,
   * `catchUp()`), and releases everything held: up to 50 leases in one call of the driver. Afterwards
   * nothing is acquired by what was called before; pending calls end, with code `misuse` where they
   * cannot answer. Runs of cron jobs go on to their end under their own claims.
   *
   * It never hangs: if the backend does not answer, it gives up after at most ten seconds and what was
   * held ends by its ttl.
   *
   * What was never started is stopped all the same, if it holds something, asks or waits for something or
   * has a file open. A second call while the first is under way ends with it; a later one, or one after a
   * `start()` that failed, does nothing. `await using baton = …` does the same at the end of a block, and
   * never throws.
   *
   * @throws {CoordinationError} when `start()` was never called, and there is nothing to stop.
   */
  async stop(): Promise<void> {
    const before = this.#stopping;
    // After a start, failed or not, a stop too many says nothing: in a `finally` its error would hide the
    // one that ended the work.
    if (!before && !this.#begun && !this.#session.busy && !internalsOf(this).owned) {
      throw new CoordinationError("Cannot stop: this coordinator is not started", "misuse");
    }
    const stopping = this.#stopping = Promise.all([before, this[Symbol.asyncDispose]()]);
    await stopping;
    if (this.#stopping === stopping) this.#stopping = undefined;
  }

  /** As {@link Coordinator.stop}, started or not; a failed release is reported, not thrown. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#started = false;
    this.#stops++;
    this.#session.heart.keepAll(false);
    await this.#session.stop();
    const { owned } = internalsOf(this);
    await Promise.resolve(owned?.[Symbol.asyncDispose]()).catch((error: unknown) => {
      this.#session.report({ type: "release-failed", error });
    });
  }

  /**
   * Renews everything held: up to 1,000 leases in one call of the driver, sent once; none when nothing
   * is held.
   *
   * @returns In how many ms the next call is due; when nothing is held, how long a loop may sleep.
   * @throws {UnknownOutcome} when there was no answer: call again soon, leases last until their
   *   deadlines.
   */
  async heartbeat(options: CallOptions = {}): Promise<number> {
    checkCall(options);
    return await this.#session.heart.beat(options.signal);
  }

  /**
   * The lock of that name. No request.
   *
   * @throws {InvalidArgument} when the name is empty, too long or has control characters.
   */
  getLock(name: string): Lock {
    checkName("lock", name);
    return new Lock(name, this.#session);
  }

  /**
   * The semaphore of that name, of which at most `permits` are held at a time. All who use it must
   * give the same number. No request.
   *
   * @throws {InvalidArgument} when the name cannot be used, or `permits` is not from 1 to 10,000.
   */
  getSemaphore(name: string, permits: number): Semaphore {
    checkName("semaphore", name);
    return new Semaphore(name, permits, this.#session);
  }

  /**
   * The election of that group's leader. No request. A candidate need not be a member.
   *
   * @throws {InvalidArgument} when the name is empty, too long or has control characters.
   */
  election(group: string): Election {
    return new Election(group, this.#session, this.#candidates);
  }

  /** Who leads the group now, or `null`. One call of the driver. */
  async getLeader(group: string, options: CallOptions = {}): Promise<Leader | null> {
    return await this.election(group).leader(options);
  }

  /** Gives leadership of the group up. One call of the driver; `false` when we did not lead. */
  async standDownGroupLeader(group: string, options: CallOptions = {}): Promise<boolean> {
    return await this.election(group).standDown(options);
  }

  /**
   * Leads the group for as long as it can; see {@link Election.lead}.
   *
   * @example
   * ```ts ignore
   * await baton.lead("indexers", async ({ term, signal }) => {
   *   while (!signal.aborted) await indexNext(term);
   * });
   * ```
   * @returns What `work` answered, or `undefined` when it was stopped without leading.
   */
  async lead<T>(
    group: string,
    work: LeaderWork<T>,
    options: CampaignOptions = {},
  ): Promise<T | undefined> {
    return await this.election(group).lead(work, options);
  }

  /**
   * The cron job of that name. No request.
   *
   * @throws {InvalidArgument} when the name is empty, too long or has control characters.
   */
  cron(job: string): Cron {
    checkName("job", job);
    return new Cron(job, this.#session);
  }
}

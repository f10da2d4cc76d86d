/**
 * Leases without groups: locks, elections and cron jobs. `Coordinator` is this and groups; where every
 * kilobyte of a bundle counts, this alone will do.
 *
 * @module
 */

import type { Driver } from "../drivers/driver.ts";
import { Cron } from "./cron/cron.ts";
import { type CampaignOptions, Candidate } from "./election/candidate.ts";
import { Election, type Leader } from "./election/election.ts";
import { CoordinationError, NotSupported } from "../errors.ts";
import { lend } from "./internals.ts";
import type { LeaderWork } from "./election/leader_loop.ts";
import type { CallOptions } from "./leases/lease.ts";
import { Lock } from "./locks/lock.ts";
import { memberOf } from "./member.ts";
import { checkName } from "./names.ts";
import type { CoordinatorOptions, StartOptions } from "./options.ts";
import { Semaphore } from "./locks/semaphore.ts";
import type { Session } from "./leases/session.ts";

export type { CoordinatorOptions, StartOptions } from "./options.ts";

/**
 * Locks, semaphores, elections and cron jobs of one member over one backend.
 *
 * It does not make anything safe by itself: a holder that is paused can act on a lease it has lost.
 * Within the clock bounds no two holders believe at once; beyond them only a resource that checks
 * `lease.token` is safe.
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
  /** Who we are, for others to read. */
  readonly memberId: string;
  readonly #session: Session;
  readonly #ttls: { lock: number; leader: number; any: number };
  readonly #candidates = new Map<string, Candidate>();
  #started = false;

  /**
   * Makes a coordinator. No request.
   *
   * @throws {InvalidArgument} when an option cannot work, saying which and why.
   */
  constructor(driver: Driver, options: CoordinatorOptions = {}) {
    const { memberId, session, ttl } = memberOf(driver, options);
    const { lockTtl = ttl, leaderTtl = ttl } = options;
    this.memberId = memberId;
    this.#session = session;
    for (const each of [lockTtl, leaderTtl]) session.check(each);
    this.#ttls = { lock: lockTtl, leader: leaderTtl, any: ttl };
    lend(this, { session, candidate: (group) => this.#candidate(group) });
  }

  /** Whether `start()` was called, and `stop()` was not since. */
  get isStarted(): boolean {
    return this.#started;
  }

  /**
   * Proves with one request that the backend answers and knows us, and begins to renew in the
   * background if asked to. Short-lived code can do without: every other call works unstarted.
   *
   * @throws {ConnectionError} when the backend is not reached or refuses us; we stay unstarted.
   * @throws {NotSupported} when a heartbeat is asked for where timers end with the request.
   * @throws {CoordinationError} when started already.
   */
  async start(options: StartOptions = {}): Promise<void> {
    if (this.#started) {
      throw new CoordinationError("Cannot start: this coordinator is started already", "misuse");
    }
    if (options.heartbeat && !this.#session.runtime.lasting) {
      throw new NotSupported(
        "Cannot beat in the background here: this platform ends timers with the request. Use " +
          "lock.with(), lead() or cron().run(), which renew while they run, or call heartbeat()",
      );
    }
    this.#started = true;
    try {
      await this.#session.inspect("groups", "", options.signal);
    } catch (error) {
      this.#started = false;
      throw error;
    }
    this.#session.heart.keepAll(options.heartbeat === true);
  }

  /**
   * Ends the heartbeat and releases everything held, in one request. It never hangs: if the backend
   * does not answer, it gives up after at most ten seconds and what was held ends by its ttl.
   *
   * Where `start()` was never called, `await using baton = …` does the same, or
   * `await baton[Symbol.asyncDispose]()`.
   *
   * @throws {CoordinationError} when not started.
   */
  async stop(): Promise<void> {
    if (!this.#started) {
      throw new CoordinationError("Cannot stop: this coordinator is not started", "misuse");
    }
    this.#started = false;
    await this[Symbol.asyncDispose]();
  }

  /** As {@link Coordinator.stop}, started or not; a failed release is reported, not thrown. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#started = false;
    this.#session.heart.keepAll(false);
    await this.#session.releaseAll().catch((error: unknown) => {
      this.#session.report({ type: "release-failed", error });
    });
  }

  /**
   * Renews everything held. One request, sent once; none when nothing is held.
   *
   * @returns In how many ms the next call is due; `Infinity` when nothing is held.
   * @throws {UnknownOutcome} when there was no answer: call again soon, leases last until their
   *   deadlines.
   */
  async heartbeat(options: CallOptions = {}): Promise<number> {
    return await this.#session.heartbeat(options.signal);
  }

  /**
   * The lock of that name. No request.
   *
   * @throws {InvalidArgument} when the name is empty, too long or has control characters.
   */
  getLock(name: string): Lock {
    checkName("lock", name);
    return new Lock(name, this.#session, this.memberId, this.#ttls.lock);
  }

  /**
   * The semaphore of that name, of which at most `permits` are held at a time. All who use it must
   * give the same number. No request.
   *
   * @throws {InvalidArgument} when the name cannot be used, or `permits` is not from 1 to 10,000.
   */
  getSemaphore(name: string, permits: number): Semaphore {
    checkName("semaphore", name);
    return new Semaphore(name, permits, this.#session, this.memberId, this.#ttls.lock);
  }

  /**
   * The election of that group's leader. No request. A candidate need not be a member.
   *
   * @throws {InvalidArgument} when the name is empty, too long or has control characters.
   */
  election(group: string): Election {
    return new Election(this.#candidate(group));
  }

  #candidate(group: string): Candidate {
    checkName("group", group);
    let candidate = this.#candidates.get(group);
    if (!candidate) {
      candidate = new Candidate(group, this.#session, this.memberId, this.#ttls.leader);
      this.#candidates.set(group, candidate);
    }
    return candidate;
  }

  /** Who leads the group now, or `null`. One request. */
  async getLeader(group: string, options: CallOptions = {}): Promise<Leader | null> {
    return await this.election(group).leader(options);
  }

  /** Gives leadership of the group up. One request; `false` when we did not lead. */
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
    return new Cron(job, this.#session, this.memberId, this.#ttls.any);
  }
}

/**
 * Leader election: at most one leader of a group believes at a time, and each has a term.
 *
 * @module
 */

import type { CampaignOptions, Candidate } from "./candidate.ts";
import { type LeaderWork, leadWith } from "./leader_loop.ts";
import type { CallOptions, Lease } from "../leases/lease.ts";
import { resources } from "../names.ts";

/** Who leads a group. */
export interface Leader {
  /** The leader's member id. */
  readonly memberId: string;
  /** Its term: the fencing token of its leadership. */
  readonly term: number;
  /** An upper bound of how long it leads unrenewed, in ms. */
  readonly left: number;
}

/**
 * The election of one group's leader. Winning is a lease, so leadership that is not renewed ends by
 * itself, and its loss is told by `lease.signal` and by a `leadership-lost` event.
 */
export class Election {
  readonly #candidate: Candidate;

  /** Made by `coordinator.election(group)`. */
  constructor(candidate: Candidate) {
    this.#candidate = candidate;
  }

  /** The group. */
  get group(): string {
    return this.#candidate.group;
  }

  /** Whether this coordinator leads, as far as this process can know. No request. */
  get leading(): boolean {
    return this.#candidate.leadership !== undefined;
  }

  /**
   * Tries once to become the leader. One request; none while we lead already. Leadership then needs
   * renewing: by `coordinator.start({ heartbeat: true })`, `tick()` or `heartbeat()`; or use
   * `lead()`.
   *
   * @returns The leadership, whose token is the term, or `null` when another leads, or when
   *   membership is required and we are not a live member.
   * @throws {UnknownOutcome} when there was no answer.
   */
  async campaign(options: CampaignOptions = {}): Promise<Lease | null> {
    const { leadership } = await this.#candidate.campaign(options);
    return leadership ?? null;
  }

  /** Who leads now, or `null`. One request. */
  async leader(options: CallOptions = {}): Promise<Leader | null> {
    const resource = resources.leader(this.group);
    const [found] = await this.#candidate.session.inspect(resource, "", options.signal);
    return found ? { memberId: found.value, term: found.token, left: found.left } : null;
  }

  /**
   * Gives leadership up, so that another can win it at once. One request.
   *
   * @returns `false` when we did not lead, or had lost it.
   * @throws {UnknownOutcome} when there was no answer; it may be called again.
   */
  async standDown(options: CallOptions = {}): Promise<boolean> {
    return await this.#candidate.standDown(options);
  }

  /**
   * Leads for as long as it can: campaigns, runs `work` each time it wins, renews meanwhile, and
   * campaigns again after a loss. Ends when `work` ends while leading, or when `options.signal`
   * aborts and `work` has stopped; then another can lead at once.
   *
   * @returns What `work` answered, or `undefined` when it was stopped without leading.
   * @throws what `work` throws while leading, and errors that no waiting can mend.
   */
  async lead<T>(work: LeaderWork<T>, options: CampaignOptions = {}): Promise<T | undefined> {
    return await leadWith(this.#candidate, work, options);
  }
}

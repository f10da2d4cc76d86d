/**
 * Leader election: within the clock bounds a group has at most one leader at a time, each in a term.
 *
 * @module
 */

import { type CampaignOptions, type Candidate, checkCampaign } from "./candidate.ts";
import { type LeaderWork, leadWith } from "./leader_loop.ts";
import { type CallOptions, checkCall, type Lease } from "../leases/lease.ts";
import { checkFunction } from "../../drivers/kit/check.ts";
import { breakLeases } from "../leases/breaking.ts";
import type { Session } from "../leases/session.ts";
import { checkName, resources } from "../names.ts";
import type { Candidates } from "./candidates.ts";

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
 * itself, and its loss is reported by `lease.signal` and by a `leadership-lost` event.
 */
export class Election {
  /** The group. */
  readonly group: string;
  readonly #session: Session;
  readonly #candidates: Candidates;

  /** Made by `coordinator.election(group)`. */
  constructor(group: string, session: Session, candidates: Candidates) {
    checkName("group", group);
    this.group = group;
    this.#session = session;
    this.#candidates = candidates;
  }

  get #candidate(): Candidate {
    return this.#candidates.of(this.group);
  }

  /** Whether this coordinator leads, as far as this process can know. No request. */
  get leading(): boolean {
    return this.#candidate.leadership !== undefined;
  }

  /**
   * Tries once to become the leader. One call of the driver; none while we lead already. Leadership then needs
   * renewing: by `coordinator.start({ heartbeat: true })`, `tick()` or `heartbeat()`; or use
   * `lead()`.
   *
   * @returns The leadership, whose token is the term, or `null` when another leads, or when
   *   membership is required and we are not a live member.
   * @throws {UnknownOutcome} when there was no answer.
   */
  async campaign(options: CampaignOptions = {}): Promise<Lease | null> {
    checkCampaign(options);
    return (await this.#candidate.campaign(options)).lease ?? null;
  }

  /** Who leads now, or `null`. One call of the driver. */
  async leader(options: CallOptions = {}): Promise<Leader | null> {
    checkCall(options);
    const resource = resources.leader(this.group);
    const [found] = await this.#session.look(resource, "", options);
    return found ? { memberId: found.value, term: found.token, left: found.left } : null;
  }

  /**
   * Gives leadership up, so that another can win it at once. One call of the driver.
   *
   * @returns `false` when we did not lead, or had lost it.
   * @throws {UnknownOutcome} when there was no answer; it may be called again.
   */
  async standDown(options: CallOptions = {}): Promise<boolean> {
    checkCall(options);
    return await this.#candidate.standDown(options);
  }

  /**
   * Takes leadership away from the leader, who learns it at its next renewal; what it has under
   * way is stopped only where the term is checked. Another can win at once. One call of the driver when
   * nobody leads, two when somebody does.
   *
   * @returns Whether somebody led.
   */
  async break(options: CallOptions = {}): Promise<boolean> {
    checkCall(options);
    const place = { resource: resources.leader(this.group), seat: "" };
    return await breakLeases(this.#session, [place], options) > 0;
  }

  /**
   * Leads for as long as it can: campaigns, runs `work` each time it wins, renews meanwhile, and
   * campaigns again after a loss. It ends when `work` ends while leading, or when `options.signal`
   * aborts or the coordinator is stopped, and `work` has stopped; then another can lead at once.
   *
   * An outage, or a backend that refuses for a while, is waited out and reported as `campaign-failed`.
   * A second `lead()` of the same group on this coordinator waits until the first has ended.
   *
   * @returns What `work` answered, or `undefined` when it was stopped without leading.
   * @throws what `work` throws while leading.
   * @throws {InvalidArgument} when an option cannot work.
   */
  async lead<T>(work: LeaderWork<T>, options: CampaignOptions = {}): Promise<T | undefined> {
    checkFunction("work", work);
    checkCampaign(options);
    return await leadWith(this.#candidate, work, options);
  }
}

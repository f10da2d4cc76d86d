/**
 * Leader election: at most one leader of a group believes at a time, and each has a term.
 *
 * @module
 */

import { LeaseLost } from "./errors.ts";
import { type Campaign, type LeaderWork, leadWith } from "./lead.ts";
import type { CallOptions, HeldLease, Lease } from "./lease.ts";
import { resources } from "./names.ts";
import type { Session } from "./session.ts";

/** How to campaign. */
export interface CampaignOptions extends CallOptions {
  /** How long leadership lives unrenewed, in ms; the coordinator's unless given. */
  ttl?: number;
}

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
  /** The group. */
  readonly group: string;
  readonly #session: Session;
  readonly #memberId: string;
  readonly #ttl: number;
  #leadership: HeldLease | undefined;

  /** Made by `coordinator.election(group)`. */
  constructor(group: string, session: Session, memberId: string, ttl: number) {
    this.group = group;
    this.#session = session;
    this.#memberId = memberId;
    this.#ttl = ttl;
  }

  /** Whether this coordinator leads, as far as this process can know. No request. */
  get leading(): boolean {
    return this.#leadership?.held === true;
  }

  /**
   * Tries once to become the leader. One request; none while we lead already. Leadership then needs
   * renewing: by `coordinator.start({ heartbeat: true })` or `heartbeat()`; or use `lead()`.
   *
   * @returns The leadership, whose token is the term, or `null` when another leads.
   * @throws {UnknownOutcome} when there was no answer.
   */
  async campaign(options: CampaignOptions = {}): Promise<Lease | null> {
    const { leadership } = await this.#campaign(options);
    return leadership ?? null;
  }

  /** Who leads now, or `null`. One request. */
  async leader(options: CallOptions = {}): Promise<Leader | null> {
    const resource = resources.leader(this.group);
    const [found] = await this.#session.inspect(resource, "", options.signal);
    return found ? { memberId: found.value, term: found.token, left: found.left } : null;
  }

  /**
   * Gives leadership up, so that another can win it at once. One request.
   *
   * @returns `false` when we did not lead, or had lost it.
   * @throws {UnknownOutcome} when there was no answer; it may be called again.
   */
  async standDown(options: CallOptions = {}): Promise<boolean> {
    const leadership = this.#leadership;
    if (!leadership || leadership.over) return false;
    const released = await leadership.release(options);
    if (released) this.#report("stood-down", leadership);
    return released;
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
    const candidate = {
      campaign: () => this.#campaign(options),
      standDown: () => this.standDown(),
    };
    return await leadWith(candidate, this.#session, work, options.signal);
  }

  async #campaign(options: CampaignOptions): Promise<Campaign> {
    if (this.#leadership?.held) return { leadership: this.#leadership };
    const { lease, blockers } = await this.#session.acquire({
      resource: resources.leader(this.group),
      ttl: options.ttl ?? this.#ttl,
      value: this.#memberId,
      signal: options.signal,
    });
    if (!lease) return { leaderLeft: Math.min(...blockers.map((blocker) => blocker.left)) };
    this.#leadership = lease;
    this.#report("elected", lease);
    // Tooz never tells; here losing is as loud as winning.
    lease.signal.addEventListener("abort", () => {
      if (lease.signal.reason instanceof LeaseLost) this.#report("leadership-lost", lease);
    }, { once: true });
    return { leadership: lease };
  }

  #report(type: "elected" | "leadership-lost" | "stood-down", { token }: Lease): void {
    this.#session.report({ type, group: this.group, term: token });
  }
}

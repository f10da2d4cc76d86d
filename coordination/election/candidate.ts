/**
 * One coordinator's candidacy in one group, however it is run: by hand, by `lead()` or by a tick.
 *
 * @module
 */

import type * as spi from "../../drivers/driver.ts";
import { LeaseLost } from "../../errors.ts";
import type { HeldLease } from "../leases/held_lease.ts";
import type { CallOptions } from "../leases/lease.ts";
import { resources } from "../names.ts";
import type { Part, Wanted } from "../leases/request.ts";
import type { Session } from "../leases/session.ts";

/** How to campaign. */
export interface CampaignOptions extends CallOptions {
  /** How long leadership lives unrenewed, in ms; the coordinator's unless given. */
  ttl?: number;
  /** Whether only a live member of the group may win; as in Tooz anyone may unless this is set. */
  requireMembership?: boolean;
}

/** How a campaign ended: won, or lost to a leader with that many ms left. */
export interface Campaign {
  /** Ours, when we won. */
  readonly leadership?: HeldLease;
  /** The other's time left, when it is known. */
  readonly leaderLeft?: number;
}

/** A candidate, who may be leading. */
export class Candidate {
  /** The group. */
  readonly group: string;
  /** Keeps the leadership. */
  readonly session: Session;
  /** Who campaigns. */
  readonly memberId: string;
  readonly #ttl: number;
  #leadership: HeldLease | undefined;

  /** Somebody who does not campaign yet. */
  constructor(group: string, session: Session, memberId: string, ttl: number) {
    this.group = group;
    this.session = session;
    this.memberId = memberId;
    this.#ttl = ttl;
  }

  /** Ours, while we lead. */
  get leadership(): HeldLease | undefined {
    return this.#leadership?.held ? this.#leadership : undefined;
  }

  /** Tries once, unless we lead. */
  async campaign(options: CampaignOptions): Promise<Campaign> {
    if (this.leadership) return { leadership: this.leadership };
    const { lease, blockers } = await this.session.acquire(this.#wanted(options));
    if (lease) return { leadership: this.#won(lease) };
    return { leaderLeft: Math.min(...blockers.map((blocker) => blocker.left)) };
  }

  /** A try as a part of a request; `won` is called when it won. */
  attempt(options: CampaignOptions, won: (leadership: HeldLease) => void): Part {
    return this.session.attempt(this.#wanted(options), (lease) => won(this.#won(lease)));
  }

  /** Gives leadership up; `false` when we did not lead, or had lost it. */
  async standDown(options: CallOptions = {}): Promise<boolean> {
    const leadership = this.#leadership;
    if (!leadership || leadership.over) return false;
    const released = await leadership.release(options);
    if (released) this.session.report({ type: "stood-down", ...this.#term(leadership) });
    return released;
  }

  #wanted({ ttl = this.#ttl, requireMembership, signal }: CampaignOptions): Wanted {
    const member: spi.Guard = {
      when: "held",
      resource: resources.group(this.group),
      seat: this.memberId,
    };
    return {
      resource: resources.leader(this.group),
      ttl,
      value: this.memberId,
      signal,
      ...(requireMembership && { guard: member }),
    };
  }

  #won(lease: HeldLease): HeldLease {
    this.#leadership = lease;
    const term = this.#term(lease);
    this.session.report({ type: "elected", ...term });
    // Tooz never tells; here losing is as loud as winning.
    lease.signal.addEventListener("abort", () => {
      if (!(lease.signal.reason instanceof LeaseLost)) return;
      this.session.report({ type: "leadership-lost", ...term });
      this.session.note({ type: "leadership-lost", memberId: this.memberId, ...term });
    }, { once: true });
    return lease;
  }

  #term({ token }: HeldLease): { group: string; term: number } {
    return { group: this.group, term: token };
  }
}

/**
 * One coordinator's candidacy in one group, however it is run: by hand, by `lead()` or by a tick.
 *
 * @module
 */

import type * as spi from "../../drivers/driver.ts";
import { codeOf } from "../../errors.ts";
import type { HeldLease } from "../leases/held_lease.ts";
import type { CallOptions } from "../leases/lease.ts";
import type { Wanted } from "../leases/attempt.ts";
import type { Part } from "../leases/request.ts";
import type { Session } from "../leases/session.ts";
import { resources } from "../names.ts";
import { least } from "../runtime.ts";

/** How to campaign. */
export interface CampaignOptions extends CallOptions {
  /** How long leadership lives unrenewed, in ms. Default: the coordinator's. */
  ttl?: number | undefined;
  /** Whether only a live member of the group may win. Default: anyone may, as in Tooz. */
  requireMembership?: boolean | undefined;
}

/** How a campaign ended: won, or lost to a leader with that many ms left. */
export interface Campaign {
  /** Ours, when we won. */
  readonly leadership?: HeldLease | undefined;
  /** The other's time left, when it is known. */
  readonly leaderLeft?: number | undefined;
}

/** A candidate, who may be leading. */
export class Candidate {
  /** The group. */
  readonly group: string;
  /** Keeps the leadership. */
  readonly session: Session;
  #leadership: HeldLease | undefined;
  /** How many campaigns are under way. */
  #campaigns = 0;
  /** How many work under our leadership. */
  #users = 0;
  /** What to do once nobody works under it any more. */
  #whenUnused: (() => void)[] = [];
  /** The end of each `lead()` that goes on or waits for the one before it. */
  readonly #turns: Promise<void>[] = [];

  /** Nobody campaigns yet. */
  constructor(group: string, session: Session) {
    this.group = group;
    this.session = session;
  }

  /** Ours, while we lead. */
  get leadership(): HeldLease | undefined {
    return this.#leadership?.held ? this.#leadership : undefined;
  }

  /** Whether it can be forgotten: nobody uses it, and there is nothing to give back. */
  get idle(): boolean {
    const over = this.#leadership?.over ?? true;
    return over && this.#users === 0 && this.#turns.length === 0 && this.#campaigns === 0;
  }

  /** Tries once, unless we lead; a backend that pushes waits at most `patience` ms for a vacancy. */
  async campaign(options: CampaignOptions, patience = 0): Promise<Campaign> {
    if (this.leadership) return { leadership: this.leadership };
    this.#campaigns++;
    try {
      const { lease, blockers } = await this.session.acquire(this.#wanted(options, patience));
      if (lease) return { leadership: this.#won(lease) };
      return { leaderLeft: least(blockers, (blocker) => blocker.left) };
    } finally {
      this.#campaigns--;
    }
  }

  /** A try as a part of a request; `won` is called when it won. */
  attempt(options: CampaignOptions, won: (leadership: HeldLease) => void): Part {
    return this.session.attempt(this.#wanted(options, 0), (lease) => won(this.#won(lease)));
  }

  /**
   * Counts somebody who works under our leadership until the answer is called. It is not given back
   * before all have ended, unless somebody stands down on purpose.
   */
  enter(): () => void {
    this.#users++;
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      if (--this.#users === 0) { for (const each of this.#whenUnused.splice(0)) each(); }
    };
  }

  /** Gives leadership up once nobody works under it any more. */
  async standDownWhenUnused(): Promise<void> {
    if (this.#users > 0) await new Promise<void>((go) => this.#whenUnused.push(go));
    await this.standDown();
  }

  /** Runs one `lead()` after the other: a term has one work. Answers `undefined` once `signal` aborts. */
  async inTurn<T>(lead: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    const before = this.#turns.at(-1);
    let end = (): void => {};
    const turn = new Promise<void>((go) => end = go);
    this.#turns.push(turn);
    try {
      if (before) await unlessAborted(before, signal);
      return signal.aborted ? undefined : await lead();
    } finally {
      // One that gave up waiting ends its turn only after those before it.
      void Promise.resolve(before).then(end);
      this.#turns.splice(this.#turns.indexOf(turn), 1);
    }
  }

  /** Gives leadership up; `false` when we did not lead, or had lost it. */
  async standDown(options: CallOptions = {}): Promise<boolean> {
    const leadership = this.#leadership;
    if (!leadership || leadership.over) return false;
    const released = await leadership.release(options);
    if (released) this.session.report({ type: "stood-down", ...this.#term(leadership) });
    return released;
  }

  #wanted(options: CampaignOptions, patience: number): Wanted {
    const { memberId, ttls } = this.session;
    const { ttl = ttls.leader, requireMembership, signal } = options;
    const member: spi.Guard = {
      when: "held",
      resource: resources.group(this.group),
      seat: memberId,
    };
    return {
      resource: resources.leader(this.group),
      ttl,
      value: memberId,
      signal,
      patience,
      ...(requireMembership && { guard: member }),
    };
  }

  #won(lease: HeldLease): HeldLease {
    this.#leadership = lease;
    const term = this.#term(lease);
    this.session.report({ type: "elected", ...term });
    // Tooz never reports a loss; here losing is as loud as winning.
    lease.signal.addEventListener("abort", () => {
      if (codeOf(lease.signal.reason) !== "lease-lost") return;
      this.session.report({ type: "leadership-lost", ...term });
    }, { once: true });
    return lease;
  }

  #term({ token }: HeldLease): { group: string; term: number } {
    return { group: this.group, term: token };
  }
}

/** Waits for a promise that never rejects, or until the signal aborts. */
async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  let abort = (): void => {};
  const aborted = new Promise<void>((go) => {
    abort = () => go();
    signal.addEventListener("abort", abort);
  });
  if (!signal.aborted) await Promise.race([promise, aborted]);
  signal.removeEventListener("abort", abort);
}

/**
 * One coordinator's candidacy in one group, however it is run: by hand, by `lead()` or by a tick.
 *
 * @module
 */

import { onAbort } from "../../drivers/kit/aborts.ts";
import { checkOptions } from "../../drivers/kit/options.ts";
import { codeOf } from "../../errors.ts";
import type { HeldLease } from "../leases/held_lease.ts";
import type { CallOptions } from "../leases/lease.ts";
import type { Grant, Wanted } from "../leases/attempt.ts";
import type { Part } from "../leases/request.ts";
import type { Session } from "../leases/session.ts";
import { resources } from "../names.ts";

/** How to campaign. */
export interface CampaignOptions extends CallOptions {
  /** How long leadership lives unrenewed, in ms. Default: the coordinator's. */
  ttl?: number | undefined;
  /** Whether only a live member of the group may win. Default: anyone may, as in Tooz. */
  requireMembership?: boolean | undefined;
}

/**
 * Throws for an option that campaigns do not have.
 *
 * @throws {InvalidArgument} naming it.
 */
export function checkCampaign(options: CampaignOptions): void {
  checkOptions(options, "ttl requireMembership? signal");
}

/** A candidate, who may be leading. */
export class Candidate {
  /** The group. */
  readonly group: string;
  /** Keeps the leadership. */
  readonly session: Session;
  #leadership: HeldLease | undefined;
  /** Who works under our leadership. */
  readonly #users = new Set<symbol>();
  /** What to do once nobody works under it any more. */
  #whenUnused: (() => void)[] = [];
  /** The end of each `lead()` that goes on or waits for the one before it. */
  readonly #turns = new Set<Promise<void>>();
  /** How many campaigns are under way. */
  #campaigns = 0;

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
    return over && this.#users.size + this.#turns.size + this.#campaigns === 0;
  }

  /** Tries once, unless we lead; a backend that pushes waits at most `patience` ms for a vacancy. */
  async campaign(options: CampaignOptions, patience = 0): Promise<Grant> {
    if (this.leadership) return { lease: this.leadership };
    this.#campaigns++;
    try {
      const grant = await this.session.acquire(this.#wanted(options, patience));
      if (grant.lease) this.#won(grant.lease);
      return grant;
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
    const user = Symbol();
    this.#users.add(user);
    return () => {
      if (!this.#users.delete(user) || this.#users.size > 0) return;
      for (const each of this.#whenUnused.splice(0)) each();
    };
  }

  /** Gives leadership up once nobody works under it any more. */
  async standDownWhenUnused(): Promise<void> {
    if (this.#users.size > 0) await new Promise<void>((go) => this.#whenUnused.push(go));
    await this.standDown();
  }

  /** Runs one `lead()` after the other: a term has one work. Answers `undefined` once `signal` aborts. */
  async inTurn<T>(lead: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    const before = [...this.#turns].at(-1);
    let end = (): void => {};
    const turn = new Promise<void>((go) => end = go);
    this.#turns.add(turn);
    try {
      if (before) {
        this.#reportTurn();
        await unlessAborted(before, signal);
      }
      return signal.aborted ? undefined : await lead();
    } finally {
      // One that gave up waiting ends its turn only after those before it.
      void Promise.resolve(before).then(end);
      this.#turns.delete(turn);
    }
  }

  /** For those who wonder why nothing happens: a `lead()` in the work of another waits for itself. */
  #reportTurn(): void {
    const { memberId } = this.session;
    const lease = this.#leadership;
    const holders = lease?.held ? [{ memberId, token: lease.token, left: lease.left }] : [];
    this.session.report({
      type: "waiting",
      what: `lead() of "${this.group}"`,
      ms: 0,
      holders,
      ours: true,
    });
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
    const seat = { resource: resources.group(this.group), seat: memberId };
    return {
      resource: resources.leader(this.group),
      ttl,
      value: memberId,
      signal,
      patience,
      ...(requireMembership && { guard: { when: "held", ...seat } }),
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
    });
    return lease;
  }

  #term({ token }: HeldLease): { group: string; term: number } {
    return { group: this.group, term: token };
  }
}

/** Waits for a promise that never rejects, or until the signal aborts. */
async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  let unlisten = (): void => {};
  await Promise.race([promise, new Promise<void>((go) => unlisten = onAbort(signal, go))]);
  unlisten();
}

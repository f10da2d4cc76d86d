/**
 * Leading for as long as one can.
 *
 * @module
 */

import { codeOf, isOutage } from "../../errors.ts";
import { firstOf } from "../leases/abort_signals.ts";
import type { HeldLease } from "../leases/held_lease.ts";
import { patienceOf } from "../leases/timings.ts";
import { elapsed, instant, least, sleep } from "../runtime.ts";
import type { CampaignOptions, Candidate } from "./candidate.ts";

/** What a leader works with. */
export interface Leadership {
  /** The term: a fencing token larger than every earlier leader's. */
  readonly term: number;
  /** Aborts when leadership is lost, or when the caller's own signal does. */
  readonly signal: AbortSignal;
  /**
   * Asks the backend whether we still lead, and renews, for use before an irreversible step.
   *
   * @throws {LeaseLost} when we do not.
   * @throws {UnknownOutcome} when there was no answer.
   */
  confirm(): Promise<void>;
}

/** What runs while we lead. */
export type LeaderWork<T> = (leadership: Leadership) => T | Promise<T>;

/** The longest pause between two campaigns, in ms: a leader's standing down is noticed within it. */
const LONGEST_PAUSE = 5_000;
/** The pause after a campaign that failed, in ms; it doubles while campaigns fail. */
const PAUSE_IN_TROUBLE = 500;
/** The pause after a term that ended by an error, in ms; it doubles while terms are short. */
const PAUSE_AFTER_TERM = 100;

/** The loop behind `election.lead()`. */
export async function leadWith<T>(
  candidate: Candidate,
  work: LeaderWork<T>,
  options: CampaignOptions,
): Promise<T | undefined> {
  // `stop()` ends it like the caller's own signal.
  return await candidate.session.asOne(options.signal, async (signal) => {
    const loop = new LeaderLoop(candidate, work, { ...options, signal });
    return await candidate.inTurn(() => loop.run(), signal);
  });
}

class LeaderLoop<T> {
  readonly #candidate: Candidate;
  readonly #work: LeaderWork<T>;
  readonly #options: CampaignOptions;
  readonly #signal: AbortSignal;
  /** How many campaigns in a row had no answer. */
  #failures = 0;
  /** How many short terms in a row ended by an error. */
  #shortTerms = 0;

  constructor(
    candidate: Candidate,
    work: LeaderWork<T>,
    options: CampaignOptions & { signal: AbortSignal },
  ) {
    this.#candidate = candidate;
    this.#work = work;
    this.#options = options;
    this.#signal = options.signal;
  }

  async run(): Promise<T | undefined> {
    while (!this.#signal.aborted) {
      const next = await this.#campaign();
      const { pause, ended } = typeof next === "number" ? { pause: next } : await this.#term(next);
      if (ended) return ended.answer;
      await sleep(this.#candidate.session.runtime, pause, this.#signal).catch(() => {});
    }
    return undefined;
  }

  /** One campaign: leadership, or how long to wait after it. An outage is waited out. */
  async #campaign(): Promise<HeldLease | number> {
    const { session } = this.#candidate;
    const { runtime, guarantees, ttls } = session;
    const ttl = this.#options.ttl ?? ttls.leader;
    const patience = guarantees.push ? patienceOf(ttl, Infinity) : 0;
    const asked = instant(runtime);
    try {
      const { lease, blockers } = await this.#candidate.campaign(this.#options, patience);
      this.#failures = 0;
      if (lease) return lease;
      // A backend that pushes has waited for us.
      if (patience > 0 && elapsed(runtime, asked) >= patience / 2) return 0;
      const left = least(blockers, (blocker) => blocker.left);
      return Math.min(left, LONGEST_PAUSE) + 1 + runtime.random() * 50;
    } catch (error) {
      if (this.#signal.aborted) return 0;
      // Only what is wrong in the program itself ends the campaign: a candidate has nothing better to
      // do than to wait until a fail-over is over or a password has been changed.
      if (!isOutage(error)) throw error;
      session.report({ type: "campaign-failed", error });
      return growing(PAUSE_IN_TROUBLE, this.#failures++) * (1 - runtime.random() / 10);
    }
  }

  /** One term: works while we lead, and gives leadership up once the work has stopped. */
  async #term(leadership: HeldLease): Promise<{ pause: number; ended?: { answer: T } }> {
    const candidate = this.#candidate;
    const { session } = candidate;
    const { runtime, heart } = session;
    const letGo = heart.keep(leadership);
    const leave = candidate.enter();
    const began = instant(runtime);
    try {
      const answer = await this.#work({
        term: leadership.token,
        signal: firstOf(leadership.signal, this.#signal),
        confirm: () => leadership.confirm(),
      });
      if (leadership.held || this.#signal.aborted) return { pause: 0, ended: { answer } };
    } catch (error) {
      // Work that was cut short by a loss ends with an error as a rule, and gets another term. So does
      // work whose resource has seen a later leader. What was asked to stop, and says so, has stopped.
      const stale = codeOf(error) === "stale-token";
      const stopped = this.#signal.aborted && saysStopped(error, this.#signal.reason);
      if (leadership.held && !stale && !stopped) throw error;
      if (stale) session.report({ type: "term-failed", error });
    } finally {
      leave();
      // Only now, when the work has stopped, may another begin; and not before a request that works
      // under the same leadership has ended.
      await candidate.standDownWhenUnused().catch((error: unknown) => {
        session.report({ type: "release-failed", error });
      });
      letGo();
    }
    if (elapsed(runtime, began) > LONGEST_PAUSE) this.#shortTerms = 0;
    return { pause: growing(PAUSE_AFTER_TERM, this.#shortTerms++) };
  }
}

function growing(first: number, times: number): number {
  return Math.min(LONGEST_PAUSE, first * 2 ** times);
}

/** Whether an error only passes on that its work was asked to stop; platforms wrap the reason. */
function saysStopped(error: unknown, reason: unknown): boolean {
  try {
    // Causes can go in circles.
    for (let each = error, depth = 0; depth < 10; depth++) {
      if (each === reason) return true;
      if (!(each instanceof Error)) return false;
      if (each.name === "AbortError") return true;
      each = each.cause;
    }
  } catch {
    // What cannot even be looked at says nothing.
  }
  return false;
}

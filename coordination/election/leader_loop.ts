/**
 * Leading for as long as one can.
 *
 * @module
 */

import type { Campaign, CampaignOptions, Candidate } from "./candidate.ts";
import { CoordinationError } from "../../errors.ts";
import { sleep } from "../runtime.ts";
import { firstOf } from "../leases/abort_signals.ts";

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
/** The pause after a campaign without an answer, in ms. */
const PAUSE_IN_TROUBLE = 500;

/** The loop behind `election.lead()`. */
export async function leadWith<T>(
  candidate: Candidate,
  work: LeaderWork<T>,
  options: CampaignOptions,
): Promise<T | undefined> {
  const { session } = candidate;
  const { signal } = options;
  const { runtime } = session;
  while (!signal?.aborted) {
    const { leadership, leaderLeft = Infinity } = await patiently(candidate, options);
    if (!leadership) {
      const pause = Math.min(leaderLeft, LONGEST_PAUSE) + 1 + runtime.random() * 50;
      await sleep(runtime, pause, signal).catch(() => {});
      continue;
    }
    const letGo = session.heart.keep(leadership);
    try {
      const answer = await work({
        term: leadership.token,
        signal: firstOf(leadership.signal, signal),
        confirm: () => leadership.confirm(),
      });
      if (leadership.held) return answer;
    } catch (error) {
      // Work that was cut short by a loss ends with an error as a rule, and gets another term. So does
      // work whose resource has seen a later leader. What was told to stop, and says so, has stopped.
      const lost = !leadership.held || (error as { code?: unknown } | null)?.code === "stale-token";
      if (!lost && !(signal?.aborted && saysStopped(error, signal.reason))) throw error;
    } finally {
      // Only now, when the work has stopped, may another begin.
      letGo();
      await candidate.standDown().catch((error: unknown) => {
        session.report({ type: "release-failed", error });
      });
    }
  }
  return undefined;
}

/** Whether an error only passes on that its work was told to stop; platforms wrap the reason. */
function saysStopped(error: unknown, reason: unknown): boolean {
  if (error === reason) return true;
  return error instanceof Error &&
    (error.name === "AbortError" || saysStopped(error.cause, reason));
}

/** One campaign; an outage is waited out, for a leader-to-be has nothing better to do. */
async function patiently(
  candidate: Candidate,
  options: CampaignOptions,
): Promise<Campaign> {
  try {
    return await candidate.campaign(options);
  } catch (error) {
    if (options.signal?.aborted) return {};
    if (!(error instanceof CoordinationError && error.retryable)) throw error;
    candidate.session.report({ type: "campaign-failed", error });
    return { leaderLeft: PAUSE_IN_TROUBLE };
  }
}

/**
 * Which slots of a schedule nobody has run.
 *
 * @module
 */

import { checkRetain, LONGEST, RETAIN } from "./plan.ts";
import type { Plan, RunRecord, SlotOptions } from "./types.ts";
import { InvalidArgument } from "../../errors.ts";
import { checkWhole } from "../leases/timings.ts";

/**
 * The ms between any two slots, whole seconds and at least a minute; or what tells the schedule's first slot after an instant, which need
 * not be a slot itself, in ms since the epoch.
 */
export type Every = number | ((instant: number) => number);

/**
 * How to make up for missed slots. What ran last must still be remembered: unless `retain` is given,
 * that is for 24 hours, and for three times `every` where it is a number; under a function that tells
 * slots further apart than half a day, give `retain`.
 */
export interface CatchUpOptions extends SlotOptions {
  /**
   * The schedule: the ms between two slots, or what tells the slot after an instant, such as a cron
   * library's: in a time zone with daylight saving, days have 23 and 25 hours.
   */
  every: Every;
  /** Whether to run all that were missed or only the last of them; `"all"` unless given. */
  missed?: "last" | "all" | undefined;
  /** At most so many of the missed, the latest; 100 unless given. */
  limit?: number | undefined;
}

/** Where to look for missed slots. */
export interface Missing {
  /** What is asked for; its slot is the one that is due now. */
  readonly plan: Plan;
  /** The schedule. */
  readonly every: Every;
  /** The runs that are remembered, the latest slot and run first. */
  readonly runs: readonly RunRecord[];
  /** Slots before this instant would be refused. */
  readonly oldest: number;
  /** At most so many. */
  readonly limit: number;
}

/**
 * For how long slots are remembered: what has run last must not be forgotten when it is looked for.
 *
 * @throws {InvalidArgument} when that cannot be, or the schedule is none.
 */
export function rememberedFor({ every, limit = 0, retain }: CatchUpOptions): number {
  checkWhole("limit", limit, 0, 1_000_000);
  if (typeof every === "function") return retain ?? RETAIN;
  checkWhole("every", every);
  const kept = retain ?? Math.min(LONGEST, Math.max(RETAIN, 3 * every));
  checkRetain(kept, `twice every ${every}`, 2 * every);
  return kept;
}

/**
 * The schedule's slots between the last that is known and the one that is due, and in `"retry"` those
 * of which the last run failed; the oldest first.
 *
 * @throws {InvalidArgument} when the schedule does not go forward.
 */
export function missedSlots({ plan, every, runs, oldest, limit }: Missing): number[] {
  const { slot, mode } = plan;
  // By the slot that is due, so that one that was triggered by hand shifts nothing.
  const next = typeof every === "function"
    ? every
    : (from: number) => slot - (Math.ceil((slot - from) / every) - 1) * every;
  const earlier = runs.filter((run, i) => run.slot < slot && run.slot !== runs[i - 1]?.slot);
  const missed = earlier
    .filter(({ outcome }) => mode === "retry" && (outcome === "failed" || outcome === "cut"))
    .map((run) => run.slot);
  for (let from = earlier[0]?.slot ?? slot; from < slot;) {
    const at = next(from);
    if (!Number.isSafeInteger(at) || at <= from) {
      throw new InvalidArgument(
        `Cannot use this schedule: the slot after ${from} must be a later instant in ms, not ${at}`,
      );
    }
    if (at < slot) missed.push(at);
    from = at;
  }
  const kept = missed.filter((at) => at >= oldest).sort((a, b) => a - b);
  return kept.slice(Math.max(0, kept.length - limit));
}

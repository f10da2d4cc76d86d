/**
 * Which slots of a schedule were missed, because nobody has run them.
 *
 * @module
 */

import { checkRetain, LONGEST, RETAIN } from "./plan.ts";
import type { Plan, RunRecord, SlotOptions } from "./types.ts";
import { PAGE, rememberedRuns } from "./remembered.ts";
import { refuse } from "../../drivers/kit/check.ts";
import type { Session } from "../leases/session.ts";
import { checkWhole } from "../leases/timings.ts";

/**
 * A schedule. A number is the time from one slot to the next, in ms: whole seconds, and at least a
 * minute. A function returns the schedule's first slot after an instant, both in ms since the
 * epoch. The instant need not be a slot.
 */
export type Every = number | ((instant: number) => number);

/**
 * How to make up for missed slots. The last run must still be remembered then, so `retain` has a
 * longer default: 24 hours, or three times `every` if that is a number and longer. If `every` is a
 * function whose slots can be more than half a day apart, give `retain`.
 */
export interface CatchUpOptions extends SlotOptions {
  /**
   * The schedule: the ms from one slot to the next, or a function that returns the first slot after
   * an instant, such as a cron library's. Use a function for a time zone with daylight saving,
   * where some days have 23 or 25 hours.
   */
  every: Every;
  /** Whether to run all missed slots or only the latest. Default: `"all"`. */
  missed?: "last" | "all" | undefined;
  /** The most missed slots to run; the latest are chosen. Default: 100. */
  limit?: number | undefined;
}

/** What to look for. */
export interface Missing {
  /** The plan of the run. Its slot is the one that is due now. */
  readonly plan: Plan;
  /** The schedule. */
  readonly every: Every;
  /** Slots before this instant would be refused. */
  readonly oldest: number;
  /** The most slots to find. */
  readonly limit: number;
}

/**
 * For how long slots are remembered. The last run must not be forgotten before we look for it.
 *
 * @throws {InvalidArgument} when `retain` is too short for that, or the schedule cannot be used.
 */
export function rememberedFor({ every, retain }: CatchUpOptions): number {
  if (typeof every === "function") return retain ?? RETAIN;
  checkWhole("every", every);
  const kept = retain ?? Math.min(LONGEST, Math.max(RETAIN, 3 * every));
  checkRetain(kept, `twice every ${every}`, 2 * every);
  return kept;
}

/**
 * The schedule's slots between the last remembered run and the slot that is due; in `"retry"` also
 * those whose last run failed. The oldest comes first. It reads no further back than it has to.
 *
 * @throws {InvalidArgument} when the schedule does not go forward.
 */
export async function missedSlots(
  session: Session,
  resource: string,
  missing: Missing,
): Promise<number[]> {
  const { plan: { slot, mode, signal }, every, oldest, limit } = missing;
  if (mode === "once" && typeof every === "number") {
    // Then nothing was missed, and however much is remembered, it need not be searched.
    const before = await session.look(resource, `${slot - every}`, { signal });
    if (before.length > 0) return [];
  }
  const runs = await rememberedRuns(session, resource, {
    signal,
    page: mode === "once" ? PAGE : Infinity,
    enough: (runs, since) =>
      mode === "once"
        ? runs.some((run) => run.slot < slot)
        : since < oldest || missedAfter(runs, missing).length >= limit,
  });
  return missedAfter(runs, missing);
}

function missedAfter(
  runs: readonly RunRecord[],
  { plan, every, oldest, limit }: Missing,
): number[] {
  const { slot, mode } = plan;
  // Counted from the slot that is due, so that one that was triggered by hand does not shift the
  // others.
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
      refuse("schedule", `the slot after ${from} must be a later instant in ms, not ${at}`);
    }
    if (at < slot) missed.push(at);
    from = at;
  }
  const kept = missed.filter((at) => at >= oldest).sort((a, b) => a - b);
  return kept.slice(Math.max(0, kept.length - limit));
}

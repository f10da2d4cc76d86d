/**
 * Which slots of a schedule nobody has run.
 *
 * @module
 */

import type { SlotOptions } from "./cron_types.ts";
import { InvalidArgument } from "./errors.ts";

/** The schedule's next slot after one, in ms since the epoch; or the ms between any two. */
export type Every = number | ((slot: number) => number);

/** How to make up for missed slots. */
export interface CatchUpOptions extends SlotOptions {
  /**
   * The schedule: the ms between two slots, or what tells the slot after one, such as a cron
   * library's: in a time zone with daylight saving, days have 23 and 25 hours.
   */
  every: Every;
  /** Whether to run all that were missed or only the last of them; `"all"` unless given. */
  missed?: "last" | "all";
  /** At most so many of the missed, the latest; 100 unless given. */
  limit?: number;
}

/** Where to look for missed slots. */
export interface Missing {
  /** The slot that is due now. */
  readonly slot: number;
  /** The schedule. */
  readonly every: Every;
  /** The slots that are remembered. */
  readonly known: readonly number[];
  /** Slots before this instant would be refused. */
  readonly oldest: number;
  /** At most so many. */
  readonly limit: number;
}

/**
 * The slots between the last that is known and the one that is due, the oldest first.
 *
 * @throws {InvalidArgument} when the schedule does not go forward.
 */
export function missedSlots({ slot, every, known, oldest, limit }: Missing): number[] {
  if (!Number.isSafeInteger(limit) || limit < 0) {
    throw new InvalidArgument(`Cannot use limit ${limit}: it must be a whole number`);
  }
  if (typeof every === "number" && !(every >= 1_000)) {
    throw new InvalidArgument(
      `Cannot use this schedule: ${every} ms between slots is under a second`,
    );
  }
  const next = typeof every === "number" ? (from: number) => from + every : every;
  const earlier = known.filter((each) => each < slot);
  if (earlier.length === 0) return [];
  const missed: number[] = [];
  for (let from = Math.max(...earlier);;) {
    const at = next(from);
    if (!Number.isSafeInteger(at) || at <= from) {
      throw new InvalidArgument(
        `Cannot use this schedule: the slot after ${from} must be a later instant in ms, not ${at}`,
      );
    }
    if (at >= slot) return missed.slice(Math.max(0, missed.length - limit));
    if (at >= oldest) missed.push(at);
    from = at;
  }
}

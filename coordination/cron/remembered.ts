/**
 * Reads what is remembered of a job, a page at a time.
 *
 * @module
 */

import { MAX_LIMIT } from "../../drivers/kit/check.ts";
import { runIn, slotIn } from "./records.ts";
import type { RunRecord } from "./types.ts";
import type { CallOptions } from "../leases/lease.ts";
import type { Session } from "../leases/session.ts";

/** From this instant until the year 2286 slots have 13 digits, so their seats are in their order. */
const THIRTEEN_DIGITS = 1e12;

/** How many seats to read at a time if there is no reason to read more. */
export const PAGE = 100;

/** How to read. */
export interface Reading extends CallOptions {
  /** How many seats to read at a time; at most 1,000 are. */
  readonly page: number;
  /** Whether this is enough: all runs of all slots after `since`, the latest first. */
  enough(runs: readonly RunRecord[], since: number): boolean;
}

/**
 * The remembered runs of a job, the latest slot and run first, until there are enough.
 *
 * All seats of a slot come from one page if it holds them. So a run is not missed if it ends between
 * two pages, when its seat is released and another one has its record.
 */
export async function rememberedRuns(
  session: Session,
  resource: string,
  { page, enough, signal }: Reading,
): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  const limit = Math.min(page, MAX_LIMIT);
  let before: string | undefined;
  for (;;) {
    const { leases, after } = await session.page({ op: "inspect", resource, limit, before }, {
      signal,
    });
    const there = leases.filter((lease) => slotIn(lease) < Infinity);
    const cut = after === undefined ? -Infinity : parseInt(after);
    const inOrder = cut >= THIRTEEN_DIGITS;
    const whole = there.filter((lease) => slotIn(lease) > cut);
    const again = inOrder && whole.length > 0;
    for (const lease of again ? whole : there) runs.push(runIn(lease));
    runs.sort((a, b) => b.slot - a.slot || b.token - a.token);
    if (after === undefined) return runs;
    if (inOrder && enough(runs.filter(({ slot }) => slot > cut), cut)) return runs;
    before = again ? `${cut + 1}` : after;
  }
}

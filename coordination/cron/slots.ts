/**
 * Which slot a trigger is for. A slot is the instant that the schedule names, never the clock at
 * execution: two triggers of one slot run at different times, in different regions.
 *
 * @module
 */

import { InvalidArgument } from "../../errors.ts";

/** What platforms hand to a scheduled function. */
export type Trigger =
  | {
    /** Cloudflare's `scheduled(event)`. */
    readonly scheduledTime: number | Date;
  }
  | {
    /** Amazon EventBridge's, an ISO 8601 text. */
    readonly time: string;
  }
  | {
    /** Google Cloud Scheduler's request, with `x-cloudscheduler-scheduletime`. */
    readonly headers: { get(name: string): string | null };
  };

/**
 * The slot of a trigger that says which it is for, in ms since the epoch.
 *
 * Vercel Cron, `Deno.cron`, GitHub Actions and plain intervals do not say: see {@link slotAt}.
 *
 * A slot is an instant and nothing else: where several schedules trigger one job, those that meet in
 * one minute share a slot, and one of them runs. Give each a job of its own, such as
 * `` cron(`invoices ${event.cron}`) ``.
 *
 * @example
 * ```ts ignore
 * await baton.cron("invoices").run({ slot: slotOf(event) }, sendInvoices);
 * ```
 * @throws {InvalidArgument} when it does not say, or what it says is no instant.
 */
export function slotOf(trigger: Trigger): number {
  const said = "scheduledTime" in trigger
    ? trigger.scheduledTime
    : "time" in trigger
    ? trigger.time
    : trigger.headers.get("x-cloudscheduler-scheduletime");
  // Without a zone, a text would be an instant of wherever it is read.
  const zoned = typeof said !== "string" || /(Z|[+-]\d\d:?\d\d)$/i.test(said);
  const slot = said === null || !zoned ? NaN : new Date(said).getTime();
  if (!Number.isSafeInteger(slot)) {
    throw new InvalidArgument(
      "Cannot tell the slot of this trigger: it has no scheduled instant (scheduledTime, time, or " +
        "the header x-cloudscheduler-scheduletime). Use slotAt() with the schedule's interval",
    );
  }
  return slot;
}

/** A schedule of equal intervals, in UTC. Durations are in ms. */
export interface Interval {
  /** From one slot to the next. */
  every: number;
  /**
   * How long after the epoch's multiples of `every`: 540,000 with an hour is nine minutes past. Weeks
   * need one, for the epoch began on a Thursday: 345,600,000 is Monday at midnight, UTC.
   */
  offset?: number | undefined;
  /**
   * How much too early a trigger may come, by our clock, and still be for the slot ahead; a tenth of
   * `every`, and 5,000 at most, unless given.
   */
  early?: number | undefined;
}

/**
 * The slot of a trigger that comes at `now` and does not say which it is for.
 *
 * A trigger that comes later than the next slot's instant is for that one, be it late (GitHub Actions
 * can be, by minutes to hours) or the platform's retry of one that failed: its own slot stays unrun,
 * unless `catchUp()` makes up for it, and the next is not run again when its own trigger comes. So let
 * retries end within the interval, and run hourly what may be late by minutes.
 *
 * For schedules in a time zone, or of unequal intervals, take the instant from a cron library: the
 * schedule's last before now (a little after now, for early triggers), and not the instant at which
 * the library called. With daylight saving one local time can be two instants, or none.
 *
 * @example
 * ```ts ignore
 * Deno.cron("invoices", "0 * * * *", async () => {
 *   const slot = slotAt(Date.now(), { every: 3_600_000 });
 *   await baton.cron("invoices").run({ slot }, sendInvoices);
 * });
 * ```
 * @throws {InvalidArgument} when the interval is no positive whole number of ms.
 */
export function slotAt(now: number, { every, offset = 0, early }: Interval): number {
  for (const each of [now, every, offset, early ?? 0]) {
    if (!Number.isSafeInteger(each)) {
      throw new InvalidArgument(`Cannot tell the slot: ${each} is not whole milliseconds`);
    }
  }
  if (every <= 0) {
    throw new InvalidArgument(`Cannot tell the slot: every ${every} ms is no interval`);
  }
  const ahead = early ?? Math.min(Math.floor(every / 10), 5_000);
  return Math.floor((now + ahead - offset) / every) * every + offset;
}

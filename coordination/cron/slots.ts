/**
 * Which slot a trigger is for. A slot is the instant that the schedule names, and never the clock
 * at execution: two triggers of one slot run at different times, in different regions.
 *
 * @module
 */

import { refuseValue } from "../../drivers/kit/check.ts";
import { checkOptions } from "../../drivers/kit/options.ts";
import { InvalidArgument } from "../../errors.ts";
import { NOT_SECONDS } from "../leases/timings.ts";
import { instantOf, looksLikeSeconds, type Said, SCHEDULED } from "./instants.ts";

/** Headers as a request of the web, of Node or of Express has them, or as pairs. */
export type TriggerHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | readonly (readonly [string, string])[];

/** What platforms give to a scheduled function. */
export type Trigger =
  | {
    /** Cloudflare's `scheduled(event)`. */
    readonly scheduledTime: Said;
  }
  | {
    /** Vercel Schedules', in the metadata of a function target. */
    readonly scheduledAt: Said;
  }
  | {
    /** Amazon EventBridge's, an ISO 8601 text. */
    readonly time: Said;
  }
  | {
    /** Google Cloud Scheduler's request, with `x-cloudscheduler-scheduletime`. */
    readonly headers: TriggerHeaders;
  };

/** The fields in which a trigger can have its instant, besides the headers. */
const FIELDS = ["scheduledTime", "scheduledAt", "time"] as const;

/**
 * The slot that a trigger names, in ms since the epoch.
 *
 * - Cloudflare: the event of `scheduled(event)`.
 * - Vercel Schedules: the metadata of a function target. A path target's header
 *   `x-vercel-cron-schedule` names the schedule and not the run, so take {@link slotAt}.
 * - Google Cloud Scheduler: the request, whether it is the web's, Node's, Express's or a
 *   framework's.
 * - Amazon EventBridge: the event.
 *
 * Vercel Cron, Netlify, `Deno.cron`, GitHub Actions and plain intervals do not name the slot: see
 * {@link slotAt}.
 *
 * An instant is a `Date`, a number of ms since the epoch (fractions are cut off), or a text in the
 * form of RFC 3339, with date, time and zone. Nothing else is guessed.
 *
 * A slot is an instant and nothing else. If several schedules trigger one job, those that meet in
 * one minute share a slot, and only one of them runs. Give each a job of its own, such as ``
 * cron(`invoices ${event.cron}`) ``.
 *
 * @example
 * ```ts ignore
 * await baton.cron("invoices").run({ slot: slotOf(event) }, sendInvoices);
 * ```
 * @throws {InvalidArgument} when it names no instant, or one that looks like seconds.
 */
export function slotOf(trigger: Trigger): number {
  let slot = NaN;
  try {
    const fields = trigger as Partial<Record<string, unknown>>;
    const field = FIELDS.find((each) => fields[each] !== undefined);
    slot = instantOf(field ? fields[field] : headerIn(fields["headers"]));
  } catch {
    // Whatever this trigger is, it names no instant.
  }
  if (looksLikeSeconds(slot)) {
    refuseValue("slot", slot, NOT_SECONDS);
  }
  if (Number.isNaN(slot)) {
    throw new InvalidArgument(
      "Cannot tell the slot of this trigger: it has no scheduledTime (Cloudflare), scheduledAt " +
        `(Vercel's metadata), time (EventBridge) or header ${SCHEDULED} (Google). Use slotAt() with the ` +
        "schedule's interval",
    );
  }
  return slot;
}

/**
 * The value of the header, in every form of headers; `undefined` if the header is there twice with
 * different values.
 */
function headerIn(headers: unknown): unknown {
  const { get } = headers as { get?: unknown };
  if (typeof get === "function") return get.call(headers, SCHEDULED);
  const pairs = Array.isArray(headers) ? headers : Object.entries(headers as object);
  const found = pairs.filter(([name]) => name.toLowerCase() === SCHEDULED)
    .flatMap(([, value]) => value);
  return found.every((each) => each === found[0]) ? found[0] : undefined;
}

/** A schedule of equal intervals, in UTC. Durations are in ms. */
export interface Interval {
  /** The time from one slot to the next: whole seconds, and at least a minute. */
  every: number;
  /**
   * How long after the multiples of `every` since the epoch a slot is: whole seconds. With an
   * `every` of an hour, 540,000 means nine minutes past. Weeks need an offset, because the epoch
   * began on a Thursday: 345,600,000 means Monday at midnight, UTC. Default: 0.
   */
  offset?: number | undefined;
  /**
   * How much too early, by our clock, a trigger may come and still count as the slot ahead.
   * Default: 5,000.
   */
  early?: number | undefined;
}

/**
 * The slot of a trigger that comes at `now` and does not name its slot.
 *
 * A trigger that arrives after the next slot has started counts as that slot. It may be late (on
 * GitHub Actions by minutes to hours), or a platform's retry of one that failed. Its own slot is
 * then missed, unless `catchUp()` runs it, and the next slot's trigger finds that slot taken. So
 * let retries end within the interval, and choose hourly slots for triggers that may be late by
 * minutes.
 *
 * An interval of less than a minute is refused: no platform's schedule is so short, and 3,600 is an
 * hour in seconds. A test with shorter intervals gives the slot itself, such as
 * `Math.floor(now / 1_000) * 1_000`.
 *
 * For schedules in a time zone, or with unequal intervals, take the instant from a cron library.
 * Take the schedule's last instant before now (or a little after now, for early triggers), and not
 * the instant at which the library called. With daylight saving, one local time can be two
 * instants, or none.
 *
 * @example
 * ```ts ignore
 * Deno.cron("invoices", "0 * * * *", async () => {
 *   const slot = slotAt(Date.now(), { every: 3_600_000 });
 *   await baton.cron("invoices").run({ slot }, sendInvoices);
 * });
 * ```
 * @throws {InvalidArgument} when a number is not a whole number of ms, or looks like seconds.
 */
export function slotAt(now: number, interval: Interval): number {
  checkOptions(interval, "every offset early");
  const { every, offset = 0, early = 5_000 } = interval;
  for (const each of [now, early]) {
    if (!Number.isSafeInteger(each)) refuseValue("instant", each, "it must be whole milliseconds");
  }
  checkEvery(every);
  checkSeconds("offset", offset);
  return Math.floor((now + early - offset) / every) * every + offset;
}

/**
 * Throws for an interval that no schedule has.
 *
 * @throws {InvalidArgument} when it is not a whole number of seconds, in ms, or is less than a
 *   minute.
 */
export function checkEvery(every: number): void {
  checkSeconds("every", every, 60_000);
}

function checkSeconds(what: string, ms: number, least = -Infinity): void {
  if (Number.isSafeInteger(ms) && ms % 1_000 === 0 && ms >= least) return;
  refuseValue(
    what,
    ms,
    `it must be in ms and a multiple of 1000, and every at least a minute (60000); ${NOT_SECONDS}`,
  );
}

/**
 * Throws for a number that cannot be a slot at any time.
 *
 * @param now The clock. If it is so early that real slots would look like seconds, it is a test's.
 * @throws {InvalidArgument} when it is not a whole number of ms, or looks like seconds.
 */
export function checkSlot(slot: number, now: number): void {
  const whole = Number.isSafeInteger(slot);
  const seconds = whole && looksLikeSeconds(slot) && now > 1e11;
  if (whole && !seconds) return;
  refuseValue(
    "slot",
    slot,
    "it must be the scheduled instant, in whole ms since the epoch; " +
      (seconds ? NOT_SECONDS : "slotOf() reads it from a trigger"),
  );
}

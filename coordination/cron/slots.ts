/**
 * Which slot a trigger is for. A slot is the instant that the schedule names, never the clock at
 * execution: two triggers of one slot run at different times, in different regions.
 *
 * @module
 */

import { InvalidArgument } from "../../errors.ts";
import { NOT_SECONDS } from "../leases/timings.ts";
import { instantOf, looksLikeSeconds, type Said, SCHEDULED } from "./instants.ts";

/** Headers as a request has them: of the web, of Node and Express, or as pairs. */
export type TriggerHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | readonly (readonly [string, string])[];

/** What platforms hand to a scheduled function. */
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

/** Where a trigger can say its instant, besides the headers. */
const FIELDS = ["scheduledTime", "scheduledAt", "time"] as const;

/**
 * The slot of a trigger that says which it is for, in ms since the epoch.
 *
 * - Cloudflare: the event of `scheduled(event)`.
 * - Vercel Schedules: the metadata of a function target. A path target's header
 *   `x-vercel-cron-schedule` names the schedule and not the run, so take {@link slotAt}.
 * - Google Cloud Scheduler: the request, be it the web's, Node's, Express's or a framework's on top.
 * - Amazon EventBridge: the event.
 *
 * Vercel Cron, Netlify, `Deno.cron`, GitHub Actions and plain intervals do not say: see {@link slotAt}.
 *
 * An instant is a `Date`, whole ms since the epoch (fractions are cut), or a text as RFC 3339 writes
 * it, with date, time and zone. Nothing else is guessed at.
 *
 * A slot is an instant and nothing else: where several schedules trigger one job, those that meet in
 * one minute share a slot, and one of them runs. Give each a job of its own, such as
 * `` cron(`invoices ${event.cron}`) ``.
 *
 * @example
 * ```ts ignore
 * await baton.cron("invoices").run({ slot: slotOf(event) }, sendInvoices);
 * ```
 * @throws {InvalidArgument} when it does not say, or what it says is no instant, or looks like seconds.
 */
export function slotOf(trigger: Trigger): number {
  let slot = NaN;
  try {
    const fields = trigger as Partial<Record<string, unknown>>;
    const field = FIELDS.find((each) => fields[each] !== undefined);
    slot = instantOf(field ? fields[field] : headerIn(fields["headers"]));
  } catch {
    // Whatever it is, it says no instant.
  }
  if (looksLikeSeconds(slot)) {
    throw new InvalidArgument(`Cannot use ${slot} as a slot: ${NOT_SECONDS}`);
  }
  if (Number.isNaN(slot)) {
    throw new InvalidArgument(
      "Cannot tell the slot of this trigger: it has no scheduled instant (scheduledTime on " +
        `Cloudflare, scheduledAt in Vercel's metadata, time on EventBridge, the header ${SCHEDULED} ` +
        "of Google's requests). Use slotAt() with the schedule's interval",
    );
  }
  return slot;
}

/** What the header says, in whatever form headers come; `undefined` where two of it disagree. */
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
  /** From one slot to the next: whole seconds, and at least a minute. */
  every: number;
  /**
   * How long after the epoch's multiples of `every`, in whole seconds: 540,000 with an hour is nine
   * minutes past. Weeks need one, for the epoch began on a Thursday: 345,600,000 is Monday at midnight,
   * UTC. Default: 0.
   */
  offset?: number | undefined;
  /**
   * How much too early a trigger may come, by our clock, and still be for the slot ahead. Default: a
   * tenth of `every`, and 5,000 at most.
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
 * An interval of less than a minute is refused: no platform's schedule is so short, and 3,600 is an
 * hour in seconds. A test of shorter ones gives the slot itself, such as
 * `Math.floor(now / 1_000) * 1_000`.
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
 * @throws {InvalidArgument} when a number is no whole number of ms, or looks like seconds.
 */
export function slotAt(now: number, { every, offset = 0, early }: Interval): number {
  for (const each of [now, early ?? 0]) {
    if (!Number.isSafeInteger(each)) {
      throw new InvalidArgument(`Cannot use ${shown(each)}: it must be whole milliseconds`);
    }
  }
  checkEvery(every);
  checkSeconds("offset", offset);
  const ahead = early ?? Math.min(Math.floor(every / 10), 5_000);
  return Math.floor((now + ahead - offset) / every) * every + offset;
}

/**
 * Refuses an interval that no schedule has.
 *
 * @throws {InvalidArgument} when it is no whole number of seconds, in ms, or less than a minute.
 */
export function checkEvery(every: number): void {
  checkSeconds("every", every, 60_000);
}

function checkSeconds(what: string, ms: number, least = -Infinity): void {
  if (Number.isSafeInteger(ms) && ms % 1_000 === 0 && ms >= least) return;
  throw new InvalidArgument(
    `Cannot use ${what} ${shown(ms)}: whole seconds, and every a minute (60000) or more; ` +
      NOT_SECONDS,
  );
}

/**
 * Refuses what is no slot at any time.
 *
 * @param now A clock that stands where slots would look like seconds is a test's.
 * @throws {InvalidArgument} when it is no whole number of ms, or looks like seconds.
 */
export function checkSlot(slot: number, now: number): void {
  const whole = Number.isSafeInteger(slot);
  const seconds = whole && looksLikeSeconds(slot) && now > 1e11;
  if (whole && !seconds) return;
  throw new InvalidArgument(
    `Cannot use slot ${
      shown(slot)
    }: it must be the scheduled instant, in whole ms since the epoch` +
      (seconds ? `; ${NOT_SECONDS}` : ". slotOf() reads it from a platform's trigger"),
  );
}

/** A number as it is, and of anything else what it is: not everything can be made a text. */
function shown(value: unknown): string {
  return typeof value === "number" ? `${value}` : `of type ${typeof value}`;
}

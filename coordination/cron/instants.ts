/**
 * Instants as platforms say them.
 *
 * @module
 */

/** The header by which Google Cloud Scheduler says its slot. */
export const SCHEDULED = "x-cloudscheduler-scheduletime";

/** An instant: a `Date`, ms since the epoch, or an RFC 3339 text. */
export type Said = number | Date | string;

/**
 * An instant in ms since the epoch; `NaN` for what is none.
 *
 * @throws {TypeError} for objects that are no `Date`.
 */
export function instantOf(said: unknown): number {
  if (typeof said === "string") return parsed(said);
  // By its own method, for a test's or another realm's Date is no instance of ours.
  const ms = typeof said === "object" ? Date.prototype.getTime.call(said) : said;
  const whole = typeof ms === "number" ? Math.trunc(ms) : NaN;
  return Math.abs(whole) < 1e14 ? whole : NaN;
}

/**
 * Whether an instant is from 1970 to 1973 in ms, and from 1973 on in seconds. Seconds of earlier years
 * are nobody's slots.
 */
export function looksLikeSeconds(ms: number): boolean {
  return ms >= 1e8 && ms < 1e11;
}

/** What `Date` reads alike in every engine; with a zone, or the instant would be that of the place. */
const RFC_3339 =
  /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** Two regions must not name two slots of one text, so nothing is guessed at. */
function parsed(text: string): number {
  const [, date = ""] = RFC_3339.exec(text) ?? [];
  const day = Date.parse(`${date}T00:00Z`);
  // 30 February is read as a day in March.
  return day > 0 && new Date(day).toISOString().startsWith(date) ? Date.parse(text) : NaN;
}

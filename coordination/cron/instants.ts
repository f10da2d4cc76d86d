/**
 * Instants in the forms in which platforms give them.
 *
 * @module
 */

/** The header in which Google Cloud Scheduler gives its slot. */
export const SCHEDULED = "x-cloudscheduler-scheduletime";

/** An instant: a `Date`, ms since the epoch, or an RFC 3339 text. */
export type Said = number | Date | string;

/**
 * An instant in ms since the epoch; `NaN` for anything else.
 *
 * @throws {TypeError} for objects that are not a `Date`.
 */
export function instantOf(said: unknown): number {
  if (typeof said === "string") return parsed(said);
  // By its own method, because a test's or another realm's Date is not an instance of ours.
  const ms = typeof said === "object" ? Date.prototype.getTime.call(said) : said;
  const whole = typeof ms === "number" ? Math.trunc(ms) : NaN;
  return Math.abs(whole) < 1e14 ? whole : NaN;
}

/**
 * Whether an instant is before March 1973 if it is in ms, and later if it is in seconds. Nobody has
 * slots in seconds of earlier years.
 */
export function looksLikeSeconds(ms: number): boolean {
  return ms >= 1e8 && ms < 1e11;
}

/**
 * What every engine's `Date` reads alike. It has a zone, or the instant would depend on the place.
 */
const RFC_3339 =
  /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** Two regions must not read two slots from one text, so nothing is guessed. */
function parsed(text: string): number {
  const [, date = ""] = RFC_3339.exec(text) ?? [];
  const day = Date.parse(`${date}T00:00Z`);
  // 30 February is read as a day in March.
  return day > 0 && new Date(day).toISOString().startsWith(date) ? Date.parse(text) : NaN;
}

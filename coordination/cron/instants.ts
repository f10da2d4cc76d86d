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

/**
 * RFC 3339, and no more: what else `Date` takes differs from engine to engine, and then two regions
 * name two slots. Without a zone, a text would be an instant of wherever it is read.
 */
function parsed(text: string): number {
  const [, minute, second = ":00", fraction = "", zone, sign, hours = "0", minutes = "0"] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d)?(?:\.(\d{1,3})\d*)?(Z|([+-])([01]\d|2[0-3]):?([0-5]\d))$/
      .exec(text) ?? [];
  const written = `${minute}${second}.${fraction.padEnd(3, "0")}Z`;
  const local = zone ? Date.parse(written) : NaN;
  // What is not written back as it was read is no day or hour, such as 30 February.
  if (!(local > 0 && new Date(local).toISOString() === written)) return NaN;
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000;
  return sign === "-" ? local + offset : local - offset;
}

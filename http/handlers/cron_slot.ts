/**
 * Which slot a request triggers.
 *
 * @module
 */

import { InvalidArgument } from "../../errors.ts";
import { instantOf, SCHEDULED } from "../../coordination/cron/instants.ts";
import { type Interval, slotAt } from "../../coordination/cron/slots.ts";

/** How a request says its slot, besides Google's header. */
export interface SlotSource {
  /** Whether `?slot=`, in ms since the epoch, counts. */
  readonly slotInQuery?: boolean | undefined;
  /** The schedule, for requests that do not say their slot. */
  readonly interval?: Interval | undefined;
}

/**
 * The slot of a request that comes at `now`. It is `NaN` if the header or `?slot=` is not an
 * instant; a run refuses that.
 *
 * @throws {InvalidArgument} when the request does not say its slot, and there is no interval.
 */
export function slotFor(request: Request, now: number, source: SlotSource): number {
  const scheduled = request.headers.get(SCHEDULED);
  if (scheduled !== null) return instantOf(scheduled);
  const asked = source.slotInQuery ? new URL(request.url).searchParams.getAll("slot") : [];
  // Two contradict each other.
  if (asked.length > 0) return /^\d{1,16}$/.test(`${asked}`) ? Number(asked) : NaN;
  if (source.interval) return slotAt(now, source.interval);
  throw new InvalidArgument(
    `Cannot tell the slot: the request has no header ${SCHEDULED}, and the endpoint has no every`,
  );
}

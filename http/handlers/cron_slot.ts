/**
 * Which slot a request triggers.
 *
 * @module
 */

import { InvalidArgument } from "../../errors.ts";
import { instantOf, SCHEDULED } from "../../coordination/cron/instants.ts";
import { type Interval, slotAt } from "../../coordination/cron/slots.ts";

/** How a request tells its slot, besides by Google's header. */
export interface SlotSource {
  /** Whether `?slot=`, in ms since the epoch, is heeded. */
  readonly slotInQuery?: boolean | undefined;
  /** The schedule, for requests that do not say. */
  readonly interval?: Interval | undefined;
}

/**
 * The slot of a request that comes at `now`; `NaN` where its header or `?slot=` says no instant, which
 * no run takes.
 *
 * @throws {InvalidArgument} when it says nothing, and there is no interval.
 */
export function slotFor(request: Request, now: number, source: SlotSource): number {
  const scheduled = request.headers.get(SCHEDULED);
  if (scheduled !== null) return instantOf(scheduled);
  const asked = source.slotInQuery ? new URL(request.url).searchParams.getAll("slot") : [];
  // Two of them are none.
  if (asked.length > 0) return /^\d{1,16}$/.test(`${asked}`) ? Number(asked) : NaN;
  if (source.interval) return slotAt(now, source.interval);
  throw new InvalidArgument(
    `Cannot tell the slot: the request has no ${SCHEDULED}, and the endpoint no every`,
  );
}

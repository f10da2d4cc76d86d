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
 * The slot of a request that comes at `now`; `NaN` where its header says no instant.
 *
 * @throws {InvalidArgument} when there is no telling.
 */
export function slotFor(request: Request, now: number, source: SlotSource): number {
  const scheduled = request.headers.get(SCHEDULED);
  if (scheduled !== null) return instantOf(scheduled);
  const asked = source.slotInQuery ? new URL(request.url).searchParams.getAll("slot") : [];
  const [first] = asked;
  if (first !== undefined) {
    if (asked.length > 1 || !/^\d{1,16}$/.test(first)) {
      throw new InvalidArgument(
        "Cannot use ?slot: it must be there once, as whole milliseconds since the epoch",
      );
    }
    return Number(first);
  }
  if (source.interval) return slotAt(now, source.interval);
  throw new InvalidArgument(
    `Cannot tell the slot of this request: it has no header ${SCHEDULED}, and the endpoint was ` +
      "made without an interval (every)",
  );
}

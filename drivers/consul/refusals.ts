/**
 * What a refused acquisition waits for.
 *
 * @module
 */

import type { Acquire, Outcome } from "../driver.ts";
import type { Watched } from "./client.ts";
import type { Keys } from "./keys.ts";
import type { Snapshot } from "./transaction.ts";

/** A refusal. */
export interface Refusal {
  /** What was refused. */
  readonly op: Acquire;
  /** The answer. */
  readonly outcome: Outcome;
  /** What stands in the way. */
  readonly place: Watched;
  /** Its last change when it was read; `undefined` if that is not known. */
  readonly index: number | undefined;
  /** For how many ms it stands in the way at most, if nothing changes. */
  readonly ends: number;
  /** Whether the holder of the seat, or what is in its way, must go before this can change. */
  readonly isLasting: boolean;
}

/** Why an acquisition was refused with this snapshot. */
export function refusalOf(op: Acquire, outcome: Outcome, keys: Keys, snapshot: Snapshot): Refusal {
  const { resource, seat, guard } = op;
  const [lease] = outcome.leases;
  const occupied = lease && snapshot.entries.get(keys.seat(resource, seat))?.id === lease.id;
  const at = occupied || !guard ? { resource, seat } : guard;
  const all = at.seat === undefined;
  const place = { key: all ? keys.folder(at.resource) : keys.seat(at.resource, at.seat!), all };
  let ends = Infinity;
  for (const [name, entry] of snapshot.entries) {
    const stands = all ? name.startsWith(place.key) : name === place.key;
    if (stands && entry.ends > 0) ends = Math.min(ends, Math.max(1, entry.ends - snapshot.now));
  }
  const index = snapshot.entries.get(place.key)?.modified;
  return { op, outcome, place, index, ends, isLasting: index !== undefined && ends === Infinity };
}

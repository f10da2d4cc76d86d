/**
 * What each operation means, written once for all backends whose decisions Baton's own code makes,
 * with nothing running in between: memory and SQLite.
 *
 * @module
 */

import type {
  Acquire,
  Guard,
  Inspect,
  Lease,
  List,
  Op,
  Outcome,
  Release,
  Renew,
} from "../driver.ts";
import { refuse } from "./check.ts";
import { bySeat } from "./order.ts";

/** A resource and a seat of it. */
export interface Place {
  /** The resource. */
  readonly resource: string;
  /** The seat. */
  readonly seat: string;
}

/** A lease with its resource. */
export interface Listed extends Lease {
  /** Its resource. */
  readonly resource: string;
}

/** Where leases are kept. It knows the time, and answers only live leases. */
export interface Table {
  /** The live lease of one seat, or those of all seats of a resource, ordered by seat. */
  live(resource: string, seat?: string): readonly Lease[];
  /**
   * The last `limit` live leases of a resource, the last seat first, and only seats before `before`.
   * Optional: for a table that can read a part of a resource without the whole. Otherwise a page is
   * cut from what {@link Table.live} answers.
   */
  last?(resource: string, before: string | undefined, limit: number): readonly Lease[];
  /** Writes a lease that ends `lease.left` milliseconds from now. */
  put(resource: string, lease: Lease): void;
  /** Forgets a lease. */
  drop(resource: string, seat: string): void;
  /**
   * At most `limit` live leases of all resources whose names begin with `prefix`. The table chooses
   * the order. It begins with the first lease after the place `after`.
   */
  scan(prefix: string, after: Place | undefined, limit: number): readonly Listed[];
  /** A fencing token above every earlier one: `max(previous + 1, clock in ms)`. */
  nextToken(): number;
}

const REFUSED: Outcome = { ok: false, leases: [] };
const DONE: Outcome = { ok: true, leases: [] };

/** Runs one operation. The caller makes sure that nothing else runs meanwhile. */
export function step(op: Op, table: Table): Outcome {
  switch (op.op) {
    case "acquire":
      return acquire(op, table);
    case "renew":
      return renew(op, table);
    case "release":
      return release(op, table);
    case "inspect":
      return inspect(op, table);
    case "list":
      return list(op, table);
  }
}

function acquire(op: Acquire, table: Table): Outcome {
  const { resource, seat, id, ttl, value } = op;
  const [holder] = table.live(resource, seat);
  // A replay (contract rule 4) answers the lease that is there, and does not change it.
  if (holder) return { ok: holder.id === id, leases: [holder] };
  const blocked = refusal(op.guard, table);
  if (blocked) return blocked;
  const lease = { seat, id, token: table.nextToken(), value, left: ttl };
  table.put(resource, lease);
  return { ok: true, leases: [lease] };
}

function renew(op: Renew, table: Table): Outcome {
  const [holder] = table.live(op.resource, op.seat);
  if (holder?.id !== op.id) return REFUSED;
  table.put(op.resource, { ...holder, value: op.value ?? holder.value, left: op.ttl });
  return DONE;
}

function release(op: Release, table: Table): Outcome {
  const { resource, seat, id } = op;
  const [holder] = table.live(resource, seat);
  if (!holder) return REFUSED;
  if (id !== undefined && holder.id !== id) return { ok: false, leases: [holder] };
  const blocked = refusal(op.guard, table);
  if (blocked) return blocked;
  table.drop(resource, seat);
  return DONE;
}

function inspect({ resource, seat, limit, before }: Inspect, table: Table): Outcome {
  if (limit === undefined || seat !== undefined) {
    return { ok: true, leases: table.live(resource, seat) };
  }
  if (table.last) return lastPage(table.last(resource, before, limit), limit);
  const there = table.live(resource).filter((lease) => before === undefined || lease.seat < before);
  return lastPage(there.slice(-limit).reverse(), limit);
}

/** The outcome of an inspection with this `limit` that found these leases, the last seat first. */
export function lastPage(leases: readonly Lease[], limit: number): Outcome {
  // Nothing comes before the seat "".
  const after = leases.length < limit ? "" : leases.at(-1)?.seat;
  return { ok: true, leases: [...leases].sort(bySeat), ...(after && { after }) };
}

function list({ prefix, after, limit }: List, table: Table): Outcome {
  const from = after === undefined ? undefined : placeIn(after, prefix);
  return page(table.scan(prefix, from, limit), limit);
}

/** The outcome of a list with this `limit` that found these leases, in order. */
export function page(leases: readonly Listed[], limit: number): Outcome {
  const last = leases.length < limit ? undefined : leases.at(-1);
  if (!last) return { ok: true, leases };
  return { ok: true, leases, after: JSON.stringify([last.resource, last.seat]) };
}

/**
 * The place in a cursor that {@link page} has made.
 *
 * @param prefix The list's prefix. A cursor of another list could lead out of a namespace, which is
 *   a prefix, too.
 * @throws {InvalidArgument} when it is not such a cursor.
 */
export function placeIn(after: string, prefix: string): Place {
  try {
    const [resource, seat, ...rest] = JSON.parse(after);
    const fits = typeof resource === "string" && typeof seat === "string" && rest.length === 0;
    if (fits && resource.startsWith(prefix)) return { resource, seat };
  } catch {
    // See below.
  }
  return refuse("after", "it is not what an earlier page answered");
}

/** The refusal by a guard that fails, with who makes it fail; `undefined` when it holds. */
function refusal(guard: Guard | undefined, table: Table): Outcome | undefined {
  if (!guard) return undefined;
  const leases = table.live(guard.resource, guard.seat);
  if ((guard.when === "held") === (leases.length > 0)) return undefined;
  return { ok: false, leases };
}

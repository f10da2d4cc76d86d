/**
 * Short ways to write operations. What follows an acquire (renew, release) is derived from it, so
 * that ids and ttls agree, as rules 6 and 8 ask of callers.
 *
 * @module
 */

import type { Acquire, Guard, Inspect, List, Release, Renew } from "../../drivers/driver.ts";

/** A ttl that does not end while a case runs, and that a crashed run leaves behind for minutes. */
export const LONG = 600_000;

/** A seat of a resource. */
export interface Place {
  readonly resource: string;
  readonly seat: string;
}

/** An acquisition with an id of its own, of the only seat unless told otherwise. */
export function acquire(
  resource: string,
  parts: Partial<Omit<Acquire, "op" | "resource">> = {},
): Acquire {
  return {
    op: "acquire",
    resource,
    seat: "",
    id: crypto.randomUUID(),
    ttl: LONG,
    value: "",
    ...parts,
  };
}

/** Renews what that acquisition got. */
export function renew({ resource, seat, id, ttl }: Acquire, value?: string): Renew {
  return { op: "renew", resource, seat, id, ttl, ...(value !== undefined && { value }) };
}

/** Releases what that acquisition got. */
export function release({ resource, seat, id }: Acquire, guard?: Guard): Release {
  return { op: "release", resource, seat, id, ...(guard && { guard }) };
}

/** Releases whoever holds the seat. */
export function breakSeat({ resource, seat }: Place, guard?: Guard): Release {
  return { op: "release", resource, seat, ...(guard && { guard }) };
}

/** Looks at one seat, or at all. */
export function inspect(resource: string, seat?: string): Inspect {
  return { op: "inspect", resource, ...(seat !== undefined && { seat }) };
}

/** Looks at all seats a page at a time, the last first. */
export function page(resource: string, limit: number, before?: string): Inspect {
  return { op: "inspect", resource, limit, ...(before !== undefined && { before }) };
}

/** Looks at all resources whose names begin so, a page at a time. */
export function list(prefix: string, limit = 1_000, after?: string): List {
  return { op: "list", prefix, limit, ...(after !== undefined && { after }) };
}

/** Only if somebody is there. */
export function ifHeld(resource: string, seat?: string): Guard {
  return { when: "held", resource, ...(seat !== undefined && { seat }) };
}

/** Only if nobody is there. */
export function ifVacant(resource: string, seat?: string): Guard {
  return { when: "vacant", resource, ...(seat !== undefined && { seat }) };
}

/**
 * Orders that must be the same everywhere: by UTF-16 code units, as JavaScript compares.
 *
 * @module
 */

/** Orders leases as the contract does. */
export function bySeat(one: { seat: string }, two: { seat: string }): number {
  return one.seat < two.seat ? -1 : 1;
}

/** A text that is the same for the same place alone, and sorts the same for everyone. */
export function placeKey(
  { resource, seat }: { resource: string; seat?: string | undefined },
): string {
  return JSON.stringify([resource, seat]);
}

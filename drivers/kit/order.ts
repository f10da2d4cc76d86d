/**
 * Orders that must be the same everywhere.
 *
 * @module
 */

/** Orders leases as the contract does: by UTF-16 code units, as JavaScript compares. */
export function bySeat(one: { seat: string }, two: { seat: string }): number {
  return one.seat < two.seat ? -1 : 1;
}

/** A text that is the same for the same place alone, and sorts the same for everyone. */
export function placeKey(
  { resource, seat }: { resource: string; seat?: string | undefined },
): string {
  return JSON.stringify([resource, seat]);
}

/**
 * The first text after all that begin with `prefix`, where texts are ordered by their code points, which
 * is the order of their UTF-8 bytes; `undefined` when there is none.
 */
export function endOf(prefix: string): string | undefined {
  const points = Array.from(prefix, (letter) => letter.codePointAt(0)!);
  while (points.at(-1) === 0x10ffff) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  // Halves of surrogate pairs are no characters.
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
}

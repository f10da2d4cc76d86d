/**
 * Orders that must be the same everywhere.
 *
 * @module
 */

/** Orders leases as the contract does: by UTF-16 code units, as JavaScript compares. */
export function bySeat(one: { seat: string }, two: { seat: string }): number {
  return one.seat < two.seat ? -1 : 1;
}

/** A text for a place. Different places have different texts, and they sort alike everywhere. */
export function placeKey(
  { resource, seat }: { resource: string; seat?: string | undefined },
): string {
  return JSON.stringify([resource, seat]);
}

/**
 * The first text after all texts that begin with `prefix`; `undefined` if there is no such text.
 * Texts are ordered by their code points, which is the order of their UTF-8 bytes.
 */
export function endOf(prefix: string): string | undefined {
  const points = Array.from(prefix, (letter) => letter.codePointAt(0)!);
  while (points.at(-1) === 0x10ffff) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  // Skips the halves of surrogate pairs, which are not characters.
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
}

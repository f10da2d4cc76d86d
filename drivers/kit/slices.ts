/**
 * Lists in parts, where a backend takes only so much at once.
 *
 * @module
 */

/** A list in parts of at most so many, in order. */
export function slicesOf<T>(all: readonly T[], most: number): T[][] {
  return Array.from(
    { length: Math.ceil(all.length / most) },
    (_, n) => all.slice(n * most, (n + 1) * most),
  );
}

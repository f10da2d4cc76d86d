/**
 * Makes a failing run small: the fewest faults that still break a law (delta debugging: Zeller and
 * Hildebrandt, 2002).
 *
 * @module
 */

/**
 * The smallest part of `things` that it finds for which `fails` is true; with none of its members
 * left out it would be false.
 *
 * @param fails Is true for all of them.
 */
export async function shrunk<T>(
  things: readonly T[],
  fails: (some: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let kept = things;
  if (await fails([])) return [];
  for (let parts = 2; kept.length > 1;) {
    const size = Math.ceil(kept.length / parts);
    let smaller: readonly T[] | undefined;
    for (let at = 0; at < kept.length && !smaller; at += size) {
      const without = [...kept.slice(0, at), ...kept.slice(at + size)];
      if (await fails(without)) smaller = without;
    }
    if (smaller) {
      kept = smaller;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) break;
    else parts = Math.min(kept.length, parts * 2);
  }
  return kept;
}

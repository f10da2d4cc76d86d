/**
 * Dice that fall again as they fell.
 *
 * @module
 */

/** Numbers from 0 up to 1, the same for the same seed (Steele and others, "SplitMix", 2014). */
export function chance(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** A seed of its own for each run, or the one in `BATON_SEED`. */
export function seedOfRun(): number {
  return Number(Deno.env.get("BATON_SEED") ?? Math.floor(Math.random() * 2 ** 31));
}

/** The same things in another order. */
export function shuffled<T>(things: readonly T[], random: () => number): T[] {
  return things.map((thing) => [random(), thing] as const).sort(([a], [b]) => a - b)
    .map(([, thing]) => thing);
}

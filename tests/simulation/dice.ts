/**
 * Chance that does not depend on what else was asked for: so a fault can be taken out of a run, and
 * all the others still strike as they did.
 *
 * @module
 */

import { chance } from "../tools/chance.ts";

/** A stream of numbers from 0 up to 1. */
export type Stream = () => number;

/** Streams of numbers, one for each name. */
export class Dice {
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** The stream of that name, from its beginning. */
  of(name: string): Stream {
    // FNV-1a (Fowler, Noll, Vo) spreads the name over the seed.
    let hash = 0x811c9dc5 ^ this.#seed;
    for (let n = 0; n < name.length; n++) {
      hash = Math.imul(hash ^ name.charCodeAt(n), 0x01000193);
    }
    return chance(hash);
  }
}

/** One of several. */
export function oneOf<T>(random: Stream, things: readonly T[]): T {
  return things[Math.floor(random() * things.length)] as T;
}

/** A number from `least` up to `most`. */
export function between(random: Stream, least: number, most: number): number {
  return least + random() * (most - least);
}

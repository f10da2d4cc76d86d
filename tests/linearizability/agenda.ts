/**
 * What a search has still to look at: the most promising first, and of equals the latest.
 *
 * @module
 */

/** Things by rank, a whole number. */
export class Agenda<T> {
  readonly #byRank = new Map<number, T[]>();
  #highest = 0;
  #size = 0;

  /** Notes something. */
  add(rank: number, thing: T): void {
    const equals = this.#byRank.get(rank);
    if (equals) equals.push(thing);
    else this.#byRank.set(rank, [thing]);
    this.#highest = this.#size++ === 0 ? rank : Math.max(this.#highest, rank);
  }

  /** Takes the last of the highest rank. */
  take(): T | undefined {
    if (this.#size === 0) return undefined;
    // An emptied rank is kept, for it is most likely to be used again.
    while (!this.#byRank.get(this.#highest)?.length) this.#highest--;
    this.#size--;
    return this.#byRank.get(this.#highest)?.pop();
  }
}

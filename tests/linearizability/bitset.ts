/**
 * Sets of numbers, nearly all of which below some mark are in: what a search for an order has taken
 * so far. Their names are as long as what lies above the mark, however many lie below.
 *
 * @module
 */

const WORD = 16;
const FULL = 2 ** WORD - 1;

/** Numbers from 0 up to a size. */
export class Bitset {
  readonly #words: Uint16Array;
  /** All words below are full. */
  #low = 0;
  /** All words from here on are empty. */
  #high = 0;

  constructor(size: number) {
    this.#words = new Uint16Array(Math.ceil(size / WORD));
  }

  /** Puts a number in. */
  add(number: number): void {
    const word = Math.floor(number / WORD);
    this.#words[word] = this.#at(word) | (1 << (number % WORD));
    this.#high = Math.max(this.#high, word + 1);
    while (this.#at(this.#low) === FULL) this.#low++;
  }

  /** Takes a number out. */
  remove(number: number): void {
    const word = Math.floor(number / WORD);
    this.#words[word] = this.#at(word) & ~(1 << (number % WORD));
    this.#low = Math.min(this.#low, word);
    while (this.#high > 0 && this.#at(this.#high - 1) === 0) this.#high--;
  }

  /** The same text for the same numbers, and for no others. */
  name(): string {
    return `${this.#low}:${String.fromCharCode(...this.#words.subarray(this.#low, this.#high))}`;
  }

  #at(word: number): number {
    return this.#words[word] ?? 0;
  }
}

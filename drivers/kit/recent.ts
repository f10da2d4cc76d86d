/**
 * What a driver remembers, as long as there is room. It never has to: the backend checks whatever rests on
 * it.
 *
 * @module
 */

/** The last values, by key. */
export class Recent<V> {
  readonly #values = new Map<string, V>();
  readonly #most: number;

  /** At most so many. */
  constructor(most = 1_000) {
    this.#most = most;
  }

  /** The value of a key. */
  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  /** Remembers a value, and forgets the oldest if there are too many. */
  set(key: string, value: V): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    const [oldest] = this.#values.keys();
    if (this.#values.size > this.#most && oldest !== undefined) this.#values.delete(oldest);
  }

  /** Forgets a key. Answers whether it was known. */
  delete(key: string): boolean {
    return this.#values.delete(key);
  }
}

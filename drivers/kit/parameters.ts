/**
 * A URL's options that are not Baton's own: each is understood, or refused by its name.
 *
 * @module
 */

import { refuse } from "./check.ts";

/** Options after a `?`. If one is there several times, the last counts, as in Tooz. */
export class Parameters {
  readonly #all: URLSearchParams;

  /** Of a URL's text after the `?`. */
  constructor(text: string | undefined) {
    this.#all = new URLSearchParams(text);
  }

  /** An option as it is; `undefined` if it is not there, or empty. */
  text(name: string): string | undefined {
    return this.#all.getAll(name).at(-1) || undefined;
  }

  /** All values of an option. */
  all(name: string): readonly string[] {
    return this.#all.getAll(name);
  }

  /**
   * An option that is yes or no, in the words that Tooz takes.
   *
   * @throws {InvalidArgument} when it is none of these.
   */
  flag(name: string): boolean | undefined {
    const text = this.text(name)?.toLowerCase();
    if (text === undefined) return undefined;
    const yes = /^(1|true|t|yes|y|on)$/.test(text);
    if (!yes && !/^(0|false|f|no|n|off)$/.test(text)) {
      refuse(`option ${name}`, "it is not true or false");
    }
    return yes;
  }

  /**
   * An option that is a number from 0 on.
   *
   * @throws {InvalidArgument} when it is not.
   */
  number(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!/^\d{1,9}(\.\d+)?$/.test(text)) refuse(`option ${name}`, "it is not a number");
    return Number(text);
  }

  /**
   * Refuses those of these options that are there.
   *
   * @throws {InvalidArgument} naming the option and what to do instead.
   */
  none(names: readonly string[], why: string): void {
    const found = names.find((name) => this.#all.has(name));
    if (found) refuse(`option ${found}`, why);
  }
}

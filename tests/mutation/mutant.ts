/**
 * One bug, as one change of text at one place.
 *
 * @module
 */

/** A bug in a file of the product. */
export interface Mutant {
  /** The file's path from the root. */
  readonly file: string;
  /** What is broken where, such as `Heart.#untilDue: "<" became "<=" (2)`; each of a file differs. */
  readonly name: string;
  /** Where the text that changes begins. */
  readonly from: number;
  /** Where it ends. */
  readonly to: number;
  /** What stands there instead. */
  readonly put: string;
  /** The text that is changed, so that a mutant of an older text is noticed. */
  readonly was: string;
  /** Whether it was written by hand. Default: it was generated. */
  readonly story?: true;
}

/** A mutant's name among those of all files. */
export function titleOf({ file, name }: Mutant): string {
  return `${file} ${name}`;
}

/**
 * The file's text with the bug in it.
 *
 * @throws {Error} when the text is not the one that the mutant was made for.
 */
export function applied({ from, to, put, was, ...mutant }: Mutant, text: string): string {
  if (text.slice(from, to) !== was) {
    throw new Error(`${mutant.file} is not the text that "${mutant.name}" was made for`);
  }
  return text.slice(0, from) + put + text.slice(to);
}

/** The lines that change, as a diff shows them. */
export function diffOf({ from, to, put }: Mutant, text: string): string {
  const start = text.lastIndexOf("\n", from - 1) + 1;
  const found = text.indexOf("\n", to);
  const end = found < 0 ? text.length : found;
  const line = (mark: string, lines: string): string => {
    const [first = "", ...more] = lines.trim().split("\n");
    return `${mark} ${first.slice(0, 120)}${more.length > 0 ? " …" : ""}`;
  };
  const changed = text.slice(start, from) + put + text.slice(to, end);
  return `${line("-", text.slice(start, end))}\n${line("+", changed)}`;
}

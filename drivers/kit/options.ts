/**
 * Names of options that nobody knows, which would otherwise be ignored in silence.
 *
 * @module
 */

import { refuse } from "./check.ts";

/** The words of a text, which a space separates. */
type Words<Text extends string> = Text extends `${infer First} ${infer Rest}` ? First | Words<Rest>
  : Text;

/** Nothing if a text names every option once and no other; otherwise what is wrong with it. */
type Complete<Options, Text extends string> =
  & ([keyof Options] extends [Words<Text>] ? unknown
    : { forgotten: Exclude<keyof Options, Words<Text>> })
  & ([Words<Text>] extends [keyof Options] ? unknown
    : { unknown: Exclude<Words<Text>, keyof Options> });

/**
 * Throws for an option that is not one of these. The compiler refuses `names` in which one of the type's
 * options is missing, so a new option cannot be forgotten.
 *
 * @param names The names of all options, separated by spaces.
 * @throws {InvalidArgument} naming the unknown option and the one that is most like it.
 */
export function checkOptions<Options extends object, const Names extends string>(
  options: Options,
  names: Names & Complete<Options, Names>,
): void {
  // A signal has no keys of its own, so it would be ignored.
  if (typeof options !== "object" || !options || "aborted" in options) {
    refuse("argument", `it must be an object with some of: ${names}`);
  }
  const known = names.split(" ");
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const strange = (each: string): number =>
      [...each + name].filter((letter) => !each.includes(letter) || !name.includes(letter)).length;
    const [nearest] = known.sort((a, b) => strange(a) - strange(b));
    refuse(`option "${name}"`, `did you mean ${nearest}? There are: ${names}`);
  }
}

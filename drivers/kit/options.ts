/**
 * Options that nobody knows, and values that would be taken for something else, in silence.
 *
 * @module
 */

import { refuse } from "./check.ts";

/** The words of a text, which a space separates. */
type Words<Text extends string> = Text extends `${infer First} ${infer Rest}` ? First | Words<Rest>
  : Text;

/** The names of all options; one that is true or false has a `?` behind it. */
type Named<Options> = {
  [Name in keyof Options & string]-?: [Exclude<Options[Name], undefined>] extends [boolean]
    ? `${Name}?`
    : Name;
}[keyof Options & string];

/** Nothing if a text names every option once and no other; otherwise what is wrong with it. */
type Complete<Options, Text extends string> =
  & ([Named<Options>] extends [Words<Text>] ? unknown
    : { forgotten: Exclude<Named<Options>, Words<Text>> })
  & ([Words<Text>] extends [Named<Options>] ? unknown
    : { unknown: Exclude<Words<Text>, Named<Options>> });

/**
 * Throws for an option that is not one of these, and for one that is neither true nor false although it has
 * to be: `"false"`, from a variable of the environment, would be taken for true. The compiler refuses `names`
 * in which one of the type's options is missing, so a new option cannot be forgotten.
 *
 * @param names The names of all options, separated by spaces. One that is true or false has a `?` behind it.
 * @throws {InvalidArgument} naming the unknown option and the one that is most like it, or what is wrong with
 *   a value.
 */
export function checkOptions<Options extends object, const Names extends string>(
  options: Options,
  names: Names & Complete<Options, Names>,
): void {
  // A signal has no keys of its own, so it would be ignored.
  if (typeof options !== "object" || !options || "aborted" in options) {
    refuse("argument", `it must be an object with some of: ${plain(names)}`);
  }
  let known = texts.get(names);
  if (!known) texts.set(names, known = names.split(" "));
  for (const [name, value] of Object.entries(options)) {
    const isBoolean = known.includes(`${name}?`);
    if (!isBoolean && (!known.includes(name) || name.endsWith("?"))) {
      const all = plain(names);
      refuse(
        `option "${name}"`,
        `did you mean ${nearest(name, all.split(" "))}? There are: ${all}`,
      );
    }
    if (value === undefined) continue;
    if (isBoolean && typeof value !== "boolean") {
      refuse(name, `it is of type ${typeof value}, and must be true or false`);
    }
    if (name === "signal" && value && !("aborted" in Object(value))) {
      refuse(name, "it is not an AbortSignal; of an AbortController give its signal");
    }
  }
}

/** The words of each text of names, which is asked about at each call. */
const texts = new Map<string, readonly string[]>();

function plain(names: string): string {
  return names.replaceAll("?", "");
}

/** Which of the known names is most like one that is not known: by the letters that only one of them has. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const strange = (each: string): number =>
    [...each + name].filter((letter) => !each.includes(letter) || !name.includes(letter)).length;
  return [...known].sort((a, b) => strange(a) - strange(b))[0];
}

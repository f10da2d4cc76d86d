/**
 * Reads values that came from another process, field by field.
 *
 * @module
 */

/**
 * A value does not have the expected form. The message names fields, and never repeats their
 * values.
 */
export class Mismatch extends Error {
  /** Whether the other side speaks another version. */
  readonly version: boolean;

  /** Makes the error. */
  constructor(message: string, version = false) {
    super(message);
    this.version = version;
  }
}

/** Checks a value and returns it in the form used here. `at` says for errors where the value is. */
export type Field<T> = (value: unknown, at: string) => T;

/** An object with exactly these fields. A field whose value is `undefined` is left out. */
export function object<T>(shape: Readonly<Record<string, Field<unknown>>>): Field<T> {
  return (value, at) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new Mismatch(`${at} is not an object`);
    }
    for (const key of Object.keys(value)) {
      if (Object.hasOwn(shape, key)) continue;
      // The sender chose this name, so it could be anything.
      const name = /^\w{1,32}$/.test(key) ? ` "${key}"` : "";
      throw new Mismatch(
        `${at} has a field${name} that this side does not know; is the sender newer?`,
      );
    }
    const fields = Object.entries(shape).map(([key, field]) => {
      const given = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
      return [key, field(given, `${at}.${key}`)] as const;
    });
    return Object.fromEntries(fields.filter(([, each]) => each !== undefined)) as T;
  };
}

/** A list of any length. */
export function listOf<T>(each: Field<T>): Field<T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) throw new Mismatch(`${at} is not a list`);
    return value.map((one, n) => each(one, `${at}[${n}]`));
  };
}

/** A field that may be missing. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return (value, at) => value === undefined ? undefined : field(value, at);
}

/** One of these words. */
export function word(...words: readonly string[]): Field<string> {
  return check(`is not one of ${words.join(", ")}`, (value) => words.includes(value as string));
}

/** Any text. */
export const text: Field<string> = check("is not a text", (value) => typeof value === "string");
/** `true` or `false`. */
export const truth: Field<boolean> = check("is not true or false", (it) => typeof it === "boolean");
/** A whole number within the range that JavaScript holds exactly. */
export const whole: Field<number> = check("is not a whole number", Number.isSafeInteger);
/** A whole number from 0. */
export const count: Field<number> = check(
  "is not a whole number from 0 on",
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
);

/** A finite number, or the text `"Infinity"`. */
export const endless: Field<number> = (value, at) => {
  if (value === "Infinity") return Infinity;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new Mismatch(`${at} is neither a number nor "Infinity"`);
};

function check<T>(fault: string, fits: (value: unknown) => boolean): Field<T> {
  return (value, at) => {
    if (!fits(value)) throw new Mismatch(`${at} ${fault}`);
    return value as T;
  };
}

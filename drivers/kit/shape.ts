/**
 * Reads values that came from another process, field by field.
 *
 * @module
 */

/** A value is not as it must be. The message names fields, and never repeats what is in them. */
export class Mismatch extends Error {
  /** Whether the other side speaks another version. */
  readonly version: boolean;

  /** Makes the error. */
  constructor(message: string, version = false) {
    super(message);
    this.version = version;
  }
}

/** Checks a value and returns it as it is used here; `at` says where it stands, for errors. */
export type Field<T> = (value: unknown, at: string) => T;

/** An object of exactly these fields. One whose value is `undefined` is left out. */
export function object<T>(shape: Readonly<Record<string, Field<unknown>>>): Field<T> {
  return (value, at) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new Mismatch(`${at} is no object`);
    }
    for (const key of Object.keys(value)) {
      if (Object.hasOwn(shape, key)) continue;
      // A name of theirs could be anything.
      const name = /^\w{1,32}$/.test(key) ? ` "${key}"` : "";
      throw new Mismatch(`${at} has a field${name} that is not known here; is the sender newer?`);
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
    if (!Array.isArray(value)) throw new Mismatch(`${at} is no list`);
    return value.map((one, n) => each(one, `${at}[${n}]`));
  };
}

/** A field that may be missing. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return (value, at) => value === undefined ? undefined : field(value, at);
}

/** One of these words. */
export function word(...words: readonly string[]): Field<string> {
  return check(`is none of ${words.join(", ")}`, (value) => words.includes(value as string));
}

/** Any text. */
export const text: Field<string> = check("is no text", (value) => typeof value === "string");
/** `true` or `false`. */
export const truth: Field<boolean> = check("is not true or false", (it) => typeof it === "boolean");
/** A whole number that JavaScript can tell from its neighbours. */
export const whole: Field<number> = check("is no whole number", Number.isSafeInteger);
/** A whole number that is not below 0. */
export const count: Field<number> = check(
  "is no whole number from 0 on",
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
);

/** A finite number, or the text `"Infinity"`. */
export const endless: Field<number> = (value, at) => {
  if (value === "Infinity") return Infinity;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new Mismatch(`${at} is no number, nor "Infinity"`);
};

function check<T>(fault: string, fits: (value: unknown) => boolean): Field<T> {
  return (value, at) => {
    if (!fits(value)) throw new Mismatch(`${at} ${fault}`);
    return value as T;
  };
}

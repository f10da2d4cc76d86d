/**
 * The part of `node:assert/strict` that the published suite uses, for where there is no such module:
 * so that what is proven of workerd needs no compatibility flag. `assert_test.ts` compares the two.
 *
 * @module
 */

/** What a failed assertion throws. */
class AssertionError extends Error {
  override readonly name = "AssertionError";
  readonly code = "ERR_ASSERTION";
}

type Message = string | undefined;

function fail(message: Message, said = "failed"): never {
  throw new AssertionError(message ?? said);
}

function shown(value: unknown): string {
  if (value instanceof Set || value instanceof Map) {
    return `${value.constructor.name} ${shown([...value])}`;
  }
  try {
    return value instanceof Error ? String(value) : JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

/** Structural equality, prototypes included. */
function same(one: unknown, two: unknown): boolean {
  if (Object.is(one, two)) return true;
  if (typeof one !== "object" || typeof two !== "object" || one === null || two === null) {
    return false;
  }
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(two)) return false;
  if (one instanceof Set || one instanceof Map) {
    return sameEntries([...one], [...(two as typeof one)]);
  }
  if (one instanceof Date) return Object.is(one.getTime(), (two as Date).getTime());
  if (one instanceof Error) {
    const other = two as Error;
    if (one.message !== other.message || one.name !== other.name) return false;
  }
  if (Array.isArray(one) && one.length !== (two as unknown[]).length) return false;
  const [keys, others] = [Object.keys(one), Object.keys(two)];
  return keys.length === others.length &&
    keys.every((key) =>
      Object.hasOwn(two, key) && same(Reflect.get(one, key), Reflect.get(two, key))
    );
}

/** The same members, in whatever order. */
function sameEntries(one: readonly unknown[], two: readonly unknown[]): boolean {
  const left = [...two];
  return one.length === two.length && one.every((entry) => {
    const found = left.findIndex((other) => same(entry, other));
    if (found >= 0) left.splice(found, 1);
    return found >= 0;
  });
}

type Expected = RegExp | Record<string, unknown> | string | undefined;

/** Whether what was thrown is what was expected: a text fits, or properties are as given. */
function check(error: unknown, expected: Expected, message: Message): void {
  if (expected === undefined || typeof expected === "string") return;
  if (expected instanceof RegExp) {
    if (!expected.test(String(error))) fail(message, `${error} does not match ${expected}`);
    return;
  }
  for (const [key, value] of Object.entries(expected)) {
    const found: unknown = Reflect.get(Object(error), key);
    const fits = value instanceof RegExp && typeof found === "string"
      ? value.test(found)
      : same(found, value);
    if (!fits) fail(message, `${key} is ${shown(found)}, not ${shown(value)}, of ${error}`);
  }
}

function ok(value: unknown, message?: string): void {
  if (!value) fail(message, `${shown(value)} is not truthy`);
}

const assert = {
  ok,
  fail: (message?: string): never => fail(message),
  equal(actual: unknown, expected: unknown, message?: string): void {
    if (!Object.is(actual, expected)) fail(message, `${shown(actual)} is not ${shown(expected)}`);
  },
  notEqual(actual: unknown, expected: unknown, message?: string): void {
    if (Object.is(actual, expected)) fail(message, `${shown(actual)} twice`);
  },
  deepEqual(actual: unknown, expected: unknown, message?: string): void {
    if (!same(actual, expected)) fail(message, `${shown(actual)} is not ${shown(expected)}`);
  },
  match(text: string, pattern: RegExp, message?: string): void {
    if (!pattern.test(text)) fail(message, `${text} does not match ${pattern}`);
  },
  throws(work: () => unknown, expected?: Expected, message?: string): void {
    try {
      work();
    } catch (error) {
      return check(error, expected, message);
    }
    fail(message, "nothing was thrown");
  },
  async rejects(
    work: PromiseLike<unknown> | (() => PromiseLike<unknown>),
    expected?: Expected,
    message?: string,
  ): Promise<void> {
    const [resolved, error] = await (typeof work === "function" ? work() : work).then(
      () => [true, undefined] as const,
      (error: unknown) => [false, error] as const,
    );
    if (resolved) fail(message, "it was not rejected");
    check(error, expected, message);
  },
};

/** As `node:assert/strict` has it: callable, with everything on it. */
export default Object.assign(ok, assert);

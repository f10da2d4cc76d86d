/**
 * When to try again, as HTTP writes it.
 *
 * @module
 */

/**
 * The value of a `Retry-After` header (RFC 9110, 10.2.3) for something that stays taken for `left`
 * ms more. It is in whole seconds, rounded up, and at least 1.
 *
 * @example
 * ```ts
 * import { retryAfter } from "@baton/baton/http";
 *
 * console.log(retryAfter(1_001)); // "2"
 * ```
 * @returns `undefined` when `left` is missing or has no end.
 */
export function retryAfter(left: number | null | undefined): string | undefined {
  // Other numbers would not be written with digits alone.
  if (!Number.isSafeInteger(Math.ceil(left ?? NaN))) return undefined;
  return `${Math.max(1, Math.ceil(Number(left) / 1_000))}`;
}

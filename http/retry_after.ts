/**
 * When to come again, in the words of HTTP.
 *
 * @module
 */

/**
 * The value of a `Retry-After` header (RFC 9110, 10.2.3) for somebody who keeps something for `left`
 * ms more: whole seconds, rounded up, at least 1.
 *
 * @example
 * ```ts
 * import { retryAfter } from "@baton/baton/http";
 *
 * console.log(retryAfter(1_001)); // "2"
 * ```
 * @returns `undefined` where nobody can tell: without `left`, or with one that has no end.
 */
export function retryAfter(left: number | null | undefined): string | undefined {
  // A number that is no time would not be written in digits alone.
  if (!Number.isSafeInteger(Math.ceil(left ?? NaN))) return undefined;
  return `${Math.max(1, Math.ceil(Number(left) / 1_000))}`;
}

/**
 * Makes each request differ from every earlier one (contract rule 12).
 *
 * @module
 */

/**
 * Makes a function that returns a new text at each call. No text repeats within this process, and
 * hardly ever anywhere else. Without it, a cache that answers equal requests from memory, such as a
 * `fetch` that a framework has patched, would report leases that were lost long ago.
 */
export function nonces(): () => string {
  // Made at the first request: Workers allow no randomness before there is one.
  let origin: string | undefined;
  let count = 0;
  return () => `${origin ??= crypto.randomUUID().slice(0, 8)}-${(count++).toString(36)}`;
}

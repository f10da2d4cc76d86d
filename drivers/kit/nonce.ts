/**
 * What makes each request differ from every earlier one (contract rule 12).
 *
 * @module
 */

/**
 * Makes a source of texts that never repeat: within this process, and by chance nowhere else. A cache
 * that answers equal requests from memory, such as a `fetch` that a framework has patched, would
 * otherwise report a lease that was lost long ago.
 */
export function nonces(): () => string {
  // Made at the first request: Workers allow no randomness before there is one.
  let origin: string | undefined;
  let count = 0;
  return () => `${origin ??= crypto.randomUUID().slice(0, 8)}-${(count++).toString(36)}`;
}

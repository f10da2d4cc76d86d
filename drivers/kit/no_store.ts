/**
 * How a request over HTTP forbids caching.
 *
 * @module
 */

/**
 * `{ cache: "no-store" }` if this runtime knows it, and otherwise `{}`. Workers with an old
 * compatibility date refuse a request that has this option.
 */
export function noStore(): { cache?: "no-store" } {
  try {
    return new Request("https://localhost", { cache: "no-store" }) && { cache: "no-store" };
  } catch {
    return {};
  }
}

/**
 * How a request over HTTP forbids caching.
 *
 * @module
 */

/**
 * `{ cache: "no-store" }` where this runtime knows it. Workers of old compatibility dates refuse the
 * whole request because of it.
 */
export function noStore(): { cache?: "no-store" } {
  try {
    return new Request("https://localhost", { cache: "no-store" }) && { cache: "no-store" };
  } catch {
    return {};
  }
}

/**
 * Which rules of a runtime concern drivers.
 *
 * @module
 */

/**
 * Whether this is a Cloudflare Worker. There a socket belongs to the request during which it was opened,
 * and one request must not wait for what another one does.
 */
export function isCloudflare(): boolean {
  const { navigator } = globalThis as { navigator?: { readonly userAgent?: string } };
  return navigator?.userAgent === "Cloudflare-Workers";
}

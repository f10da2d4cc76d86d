/**
 * What drivers ask about a URL.
 *
 * @module
 */

/**
 * Whether a host, with or without a port, is this machine. Only there may a secret go unencrypted.
 */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(host);
}

/**
 * What a driver may know of a URL.
 *
 * @module
 */

/** Whether a host, with or without its port, is this machine: only there may a secret go unencrypted. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(host);
}

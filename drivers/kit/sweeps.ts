/**
 * Which grants clean up, and what they look at, where dead leases stay until somebody asks for them.
 *
 * @module
 */

import type { Outcome } from "../driver.ts";

/**
 * Whether a sweep follows this grant: one in so many of all. Tokens of one client alone
 * may all be even, so they are not asked for their last bits.
 */
export function isSwept({ ok, leases: [lease] }: Outcome, oneIn: number): boolean {
  return ok && lease !== undefined &&
    (Math.imul(lease.token, 0x9e3779b1) >>> 0) < 2 ** 32 / oneIn;
}

/** That many of them, by chance. */
export function some<T>(all: readonly T[], count: number): T[] {
  const rest = [...all];
  return Array.from(
    { length: Math.min(count, rest.length) },
    () => rest.splice(Math.floor(Math.random() * rest.length), 1)[0]!,
  );
}

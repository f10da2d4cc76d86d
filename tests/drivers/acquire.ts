/**
 * The acquisition that most tests of a driver send.
 *
 * @module
 */

import type { Acquire } from "../../drivers/driver.ts";

/** A value that strips, guesses and casts all mangle. */
export const TRICKY = "\uFEFF{\"a\":1} 9007199254740993 true 'é' \\ 👩‍🚀";

/** Of the lock `x`, for a minute. */
export function acquire(id: string, more: Partial<Acquire> = {}): Acquire {
  return { op: "acquire", resource: "lock:x", seat: "", id, ttl: 60_000, value: TRICKY, ...more };
}

/**
 * The ids of acquisitions in the model of the lease protocol: numbers from 1, each of one client.
 *
 * @module
 */

import type { Model } from "./lease_state.ts";

/** How many acquisitions a client may make at most, in any scope. */
export const MOST_ATTEMPTS = 2;

/** The id of a client's latest acquisition. */
export function idOf({ rules }: Model, client: number, attempt: number): number {
  return client * MOST_ATTEMPTS + (rules.idsAreFresh ? attempt : 1);
}

/** Whose id it is. */
export function ownerOf(id: number): number {
  return Math.floor((id - 1) / MOST_ATTEMPTS);
}

/** A client's name. */
export function nameOf(client: number): string {
  return "abc".charAt(client);
}

/** An id as people read it: `a2` is a client's second. */
export function nameOfId(id: number): string {
  return NAMES[id] ?? "";
}

const NAMES = Array.from(
  { length: 3 * MOST_ATTEMPTS + 1 },
  (_, id) => `${nameOf(ownerOf(id))}${(id - 1) % MOST_ATTEMPTS + 1}`,
);

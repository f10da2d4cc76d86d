/**
 * What a coordinator that is built upon the core needs of it, and users do not get hold of.
 *
 * @module
 */

import type { Candidate } from "./election/candidate.ts";
import type { Session } from "./leases/session.ts";

/** The inside of a coordinator. */
export interface Internals {
  /** Its leases. */
  readonly session: Session;
  /** Its candidate in each group. */
  readonly candidate: (group: string) => Candidate;
}

const internals = new WeakMap<object, Internals>();

/** Lends the inside of a coordinator to those who ask by {@link internalsOf}. */
export function lend(coordinator: object, inside: Internals): void {
  internals.set(coordinator, inside);
}

/** The inside of a coordinator. */
export function internalsOf(coordinator: object): Internals {
  return internals.get(coordinator) as Internals;
}

/**
 * What a coordinator that is built upon the core needs of it, and users do not get hold of.
 *
 * @module
 */

import type { Candidate } from "./candidate.ts";
import type { CoreCoordinator } from "./core.ts";
import type { Session } from "./session.ts";

/** The inside of a coordinator. */
export interface Inside {
  /** Its leases. */
  readonly session: Session;
  /** Its candidate in each group. */
  readonly candidate: (group: string) => Candidate;
}

const insides = new WeakMap<CoreCoordinator, Inside>();

/** Lends the inside of a coordinator to those who ask by {@link insideOf}. */
export function lend(core: CoreCoordinator, inside: Inside): void {
  insides.set(core, inside);
}

/** The inside of a coordinator. */
export function insideOf(core: CoreCoordinator): Inside {
  return insides.get(core) as Inside;
}

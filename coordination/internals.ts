/**
 * What a coordinator that is built upon the core needs of it, and users do not get hold of.
 *
 * @module
 */

import { CoordinationError } from "../errors.ts";
import type { Candidates } from "./election/candidates.ts";
import type { Session } from "./leases/session.ts";

/** A driver that is ended with its coordinator, and may be used again. */
export interface Owned extends AsyncDisposable {
  /** It is used again. */
  resume(): void;
}

/** The inside of a coordinator. */
export interface Internals {
  /** Its leases. */
  readonly session: Session;
  /** Its candidates in all groups. */
  readonly candidates: Candidates;
  /** The driver, where the coordinator's maker has made that as well: `stop()` disposes of it. */
  owned?: Owned | undefined;
  /** What keeps it apart on its backend, if anything does. */
  readonly namespace: string | undefined;
}

const internals = new WeakMap<object, Internals>();

/** Lends the inside of a coordinator to those who ask by {@link internalsOf}. */
export function lend(coordinator: object, inside: Internals): void {
  internals.set(coordinator, inside);
}

/**
 * The inside of a coordinator.
 *
 * @throws {CoordinationError} when this copy of the package has not made it.
 */
export function internalsOf(coordinator: object): Internals {
  const found = internals.get(coordinator);
  if (found) return found;
  throw new CoordinationError(
    "This is no coordinator, or one of another copy of @baton/baton, so nothing was done. Import it and " +
      "its handlers from one copy",
    "misuse",
  );
}

/**
 * The candidacies of one coordinator, by group.
 *
 * @module
 */

import { doubling } from "../leases/doubling.ts";
import type { Session } from "../leases/session.ts";
import { checkName } from "../names.ts";
import { Candidate } from "./candidate.ts";

/** One candidate for each group, as long as there is anything to remember of it. */
export class Candidates {
  readonly #session: Session;
  readonly #candidates = new Map<string, Candidate>();
  readonly #sweep = doubling(this.#candidates, () => {
    for (const [group, { idle }] of this.#candidates) {
      if (idle) this.#candidates.delete(group);
    }
  });

  /** Nobody campaigns yet. */
  constructor(session: Session) {
    this.#session = session;
  }

  /**
   * The candidate of that group. Ask each time: it is forgotten once it is idle.
   *
   * @throws {InvalidArgument} when the group's name cannot be used.
   */
  of(group: string): Candidate {
    const known = this.#candidates.get(group);
    if (known) return known;
    checkName("group", group);
    this.#sweep();
    const candidate = new Candidate(group, this.#session);
    this.#candidates.set(group, candidate);
    return candidate;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#candidates.size;
  }
}

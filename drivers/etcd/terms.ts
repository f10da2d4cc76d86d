/**
 * etcd's own leases, which end the keys that are attached to them. To keep apart: a *term* here is
 * one of etcd's.
 *
 * @module
 */

import { type Instant, instant, since } from "../kit/instants.ts";
import { Recent } from "../kit/recent.ts";

/** Grants a term of so many seconds; answers its id. */
export type Grant = (seconds: string) => Promise<string>;

interface Term {
  readonly id: string;
  readonly seconds: string;
  /** When it was asked for. */
  readonly asked: Instant;
}

/**
 * The newest term of each length. It serves all leases that are taken soon after it, so that many
 * leases cost one term, and a refused acquisition leaves none of its own behind. A renewal moves a
 * lease to a new term, so that no lease lives on because another is renewed.
 *
 * A term is granted through etcd's log, after the request for it was sent. (A keep-alive would do
 * with fewer writes, but a leader that was deposed answers it, too, until it learns of that.)
 */
export class Terms {
  #newest = new Recent<Term>();

  /**
   * The id of a term of this ttl that has at least `least` ms left from now on; `undefined` for one
   * without end. Default: the ttl. An eighth is added, so that the term can be shared for as long.
   */
  async of(ttl: number, grant: Grant, least: number = ttl): Promise<string | undefined> {
    if (ttl === Infinity) return undefined;
    const seconds = `${Math.ceil(ttl * 1.125 / 1_000)}`;
    const newest = this.#newest.get(seconds);
    if (newest && leftOf(newest) >= least) return newest.id;
    // From the send on, for it is granted later.
    const asked = instant();
    const term = { id: await grant(seconds), seconds, asked };
    this.#newest.set(seconds, term);
    return term.id;
  }

  /** Forgets all, because etcd does not know one of them. */
  clear(): void {
    this.#newest = new Recent();
  }
}

/** A lower bound, in ms. */
function leftOf({ seconds, asked }: Term): number {
  // Our clocks may be slower than etcd's by as much.
  return Number(seconds) * 1_000 - since(asked) * 1.02;
}

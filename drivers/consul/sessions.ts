/**
 * The sessions that a driver keeps its leases in. A session ends together with all leases in it, so
 * those that are renewed together share one, and those that are not do not: a lease whose holder has
 * forgotten it must end although others of the same process are renewed.
 *
 * The ttl of a session is an eighth longer than its leases', so that within an eighth it need not be
 * renewed before another lease comes into it.
 *
 * @module
 */

import { LONGEST_SESSION } from "./record.ts";
import type { Kept } from "./transaction.ts";

/** A session that this driver has made. */
interface Own {
  readonly id: string;
  /** Of its leases, in ms. */
  readonly ttl: number;
  /** When it was last renewed, by both clocks. */
  renewed: Instant;
  /** The keys of all leases that may be in it. */
  readonly keys: Set<string>;
}

interface Instant {
  readonly wall: number;
  readonly steady: number;
}

/** How sessions are made and renewed. */
export interface SessionCalls {
  /** Makes a session of so many ms; answers its id. */
  create(ttl: number): Promise<string>;
  /** Renews it; answers whether it is there. `keys` says whether it has leases. */
  renew(id: string, keys: boolean): Promise<boolean>;
}

/** A session for some leases, and what their transaction came to. */
export interface Chosen {
  /** Its id. */
  readonly id: string;
  /** Nothing was written: the session is as it was. */
  undone(): void;
  /** It has ended, and nothing was written. */
  lost(): void;
  /** All was written: the leases are in this session and in no other. */
  done(): void;
}

/** The sessions of one driver. */
export class Sessions {
  readonly #all = new Set<Own>();

  /**
   * A session for these leases and no other, which lives for at least `ttl` from now. `undefined` if the
   * session of those that are renewed has ended, and they with it.
   */
  async choose(
    ttl: number,
    { granted, renewed }: Kept,
    calls: SessionCalls,
  ): Promise<Chosen | undefined> {
    const keys = new Set([...granted, ...renewed]);
    for (;;) {
      // Not one in which a lease may be that is asked for again: a replay prolongs nothing.
      const own = this.#fitting(ttl, renewed);
      if (!own) return await this.#create(ttl, keys, calls);
      const before = new Set(own.keys);
      // At once: nobody else may choose it meanwhile for other leases.
      for (const key of keys) own.keys.add(key);
      const now = instant();
      if (since(own.renewed) > lasting(ttl) - ttl) {
        if (!await calls.renew(own.id, before.size > 0)) {
          this.#all.delete(own);
          if (before.size > 0) return undefined;
          continue;
        }
        own.renewed = now;
      }
      return this.#chosen(own, keys, before);
    }
  }

  /** Those keys are in no session any more. */
  ended(keys: Iterable<string>): void {
    for (const key of keys) {
      for (const own of this.#all) own.keys.delete(key);
    }
  }

  async #create(ttl: number, keys: ReadonlySet<string>, calls: SessionCalls): Promise<Chosen> {
    const renewed = instant();
    const id = await calls.create(lasting(ttl));
    const own = { id, ttl, renewed, keys: new Set(keys) };
    this.#all.add(own);
    return this.#chosen(own, keys, new Set());
  }

  /** Of those that have none but these leases, the one that has most. */
  #fitting(ttl: number, keys: ReadonlySet<string>): Own | undefined {
    let best: Own | undefined;
    for (const own of this.#all) {
      // It may have ended, or not; what is in it ends if nobody renews it.
      if (since(own.renewed) > lasting(own.ttl)) this.#all.delete(own);
      else if (own.ttl === ttl && [...own.keys].every((key) => keys.has(key))) {
        if (!best || own.keys.size > best.keys.size) best = own;
      }
    }
    return best;
  }

  #chosen(chosen: Own, keys: ReadonlySet<string>, before: ReadonlySet<string>): Chosen {
    return {
      id: chosen.id,
      undone: () => {
        for (const key of keys) if (!before.has(key)) chosen.keys.delete(key);
      },
      lost: () => this.#all.delete(chosen),
      done: () => {
        for (const own of this.#all) {
          if (own !== chosen) { for (const key of keys) own.keys.delete(key); }
        }
      },
    };
  }
}

/** How long the session of such leases lives, in ms. */
function lasting(ttl: number): number {
  return Math.min(LONGEST_SESSION, Math.ceil(ttl * 9 / 8));
}

function instant(): Instant {
  return { wall: Date.now(), steady: performance.now() };
}

/** The larger of what two clocks say: one may have been set, the other may have slept. */
function since({ wall, steady }: Instant): number {
  return Math.max(Date.now() - wall, performance.now() - steady);
}

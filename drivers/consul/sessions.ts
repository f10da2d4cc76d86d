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

import { type Instant, instant, since } from "../kit/instants.ts";
import { type Entry, LONGEST_SESSION, type Record } from "./record.ts";
import type { Kept } from "./transaction.ts";

/** A session that this driver has made. */
interface Own {
  readonly id: string;
  /** Of its leases, in ms. */
  readonly ttl: number;
  /** When it was last renewed, by both clocks. */
  renewed: Instant;
  /** All leases that may be in it, by key. */
  readonly leases: Map<string, Record>;
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
  async choose(ttl: number, leases: Kept, calls: SessionCalls): Promise<Chosen | undefined> {
    const { granted, renewed } = leases;
    for (;;) {
      // Not one in which a lease may be that is asked for again: a replay prolongs nothing.
      const own = this.#fitting(ttl, renewed);
      if (!own) return await this.#create(ttl, leases, calls);
      const before = new Map(own.leases);
      // At once: nobody else may choose it meanwhile for other leases.
      for (const [key, record] of [...granted, ...renewed]) own.leases.set(key, record);
      const now = instant();
      if (since(own.renewed) > lasting(ttl) - ttl) {
        if (!await calls.renew(own.id, before.size > 0)) {
          this.#all.delete(own);
          if (before.size > 0) return undefined;
          continue;
        }
        own.renewed = now;
      }
      return this.#chosen(own, leases, before);
    }
  }

  /** What this driver knows of a key: its holder and its session. It may have ended. */
  known(key: string): Entry | undefined {
    for (const { id: session, leases } of this.#all) {
      const record = leases.get(key);
      if (record) return { ...record, session, created: 0, modified: undefined };
    }
    return undefined;
  }

  /** Those keys are in no session any more, except in this one. */
  ended(keys: Iterable<string>, except?: Own): void {
    for (const key of keys) {
      for (const own of this.#all) if (own !== except) own.leases.delete(key);
    }
  }

  async #create(ttl: number, leases: Kept, calls: SessionCalls): Promise<Chosen> {
    const renewed = instant();
    const id = await calls.create(lasting(ttl));
    const all = new Map([...leases.granted, ...leases.renewed]);
    const own = { id, ttl, renewed, leases: all };
    this.#all.add(own);
    return this.#chosen(own, leases, new Map());
  }

  /** Of those that have none but these leases, the one that has most. */
  #fitting(ttl: number, renewed: ReadonlyMap<string, Record>): Own | undefined {
    let best: Own | undefined;
    for (const own of this.#all) {
      // It may have ended, or not; what is in it ends if nobody renews it. A leader that was deposed
      // unawares may say that it is renewed; of one as young as this, a ttl is left on the new one.
      if (since(own.renewed) > lasting(own.ttl)) this.#all.delete(own);
      else if (own.ttl === ttl && [...own.leases.keys()].every((key) => renewed.has(key))) {
        if (!best || own.leases.size > best.leases.size) best = own;
      }
    }
    return best;
  }

  #chosen(
    chosen: Own,
    { granted, renewed }: Kept,
    before: ReadonlyMap<string, Record>,
  ): Chosen {
    const keys = [...granted.keys(), ...renewed.keys()];
    return {
      id: chosen.id,
      undone: () => {
        for (const key of keys) if (!before.has(key)) chosen.leases.delete(key);
      },
      lost: () => this.#all.delete(chosen),
      done: () => this.ended(keys, chosen),
    };
  }
}

/** How long the session of such leases lives, in ms. */
function lasting(ttl: number): number {
  return Math.min(LONGEST_SESSION, Math.ceil(ttl * 9 / 8));
}

/**
 * What one transaction reads and writes.
 *
 * @module
 */

import type { Lease, Op } from "../driver.ts";
import { bySeat } from "../kit/order.ts";
import { slicesOf } from "../kit/slices.ts";
import type { Listed, Place, Table } from "../kit/step.ts";
import type { Keys } from "./keys.ts";
import { encodeRecord, type Entry, hasSession, type Record, recordOf, tokenOf } from "./record.ts";

/** An operation of a transaction, in Consul's own words. */
export interface Verb {
  /** What to do. */
  readonly Verb: string;
  /** With which key. */
  readonly Key: string;
  /** In base64. */
  readonly Value?: string;
  /** Of which session. */
  readonly Session?: string;
  /** Of which change. */
  readonly Index?: number;
}

/** What was read. */
export interface Snapshot {
  /** The agent's clock, in ms since 1970. */
  readonly now: number;
  /** What is added to an index to make a token. */
  readonly epoch: number;
  /** Leases by key, dead ones too. */
  readonly entries: ReadonlyMap<string, Entry>;
  /** The index of each mark that is there. */
  readonly marks: ReadonlyMap<string, number>;
}

/** The session of a ttl. */
export type SessionOf = (ttl: number) => string;

/** The leases that need a session, by key. */
export interface Kept {
  /** Those that are granted. */
  readonly granted: Map<string, Record>;
  /** Those that are renewed. */
  readonly renewed: Map<string, Record>;
}

/** A change of a key. */
interface Write {
  readonly key: string;
  /** What it takes; nothing, if the key is as it should be. */
  verbs(session: SessionOf): readonly Verb[];
}

/** A lease as the transaction leaves it. */
interface Staged extends Record {
  readonly token: number;
  /** `undefined` for the one of its ttl. */
  readonly session: string | undefined;
}

/** How many verbs a transaction may have. */
const MOST_VERBS = 64;
/** How many bytes of base64 it may carry; Consul's limit is 512 KB for the request. */
const MOST_BYTES = 450_000;
/** How many verbs an operation adds at most, unless it looks at all seats of a resource. */
const VERBS = 8;

/**
 * The leases of a snapshot, and what is to be done to them. It is done only if all that was looked at
 * is still as it was.
 */
export class Transaction implements Table {
  /** By ttl: what is granted or renewed, if a session ends it. */
  readonly kept: Map<number, Kept> = new Map();
  /** The keys of leases that are ended. */
  readonly ended: Set<string> = new Set();
  /** Whether a look at all seats of a resource asks only if there is one. */
  any = false;
  readonly #keys: Keys;
  readonly #read: Snapshot;
  /** The keys of leases that are granted, by the token that they have until the transaction is done. */
  readonly #granted = new Map<number, string>();
  readonly #staged = new Map<string, Staged | undefined>();
  readonly #checks = new Map<string, Verb>();
  readonly #writes: Write[] = [];
  #bytes = 0;
  /** How many verbs the writes have at most. */
  #verbs = 0;
  /** Whether nothing but renewals was there so far, which need not be in one transaction. */
  #renewals = true;

  /** Nothing is to be done yet. */
  constructor(keys: Keys, read: Snapshot) {
    this.#keys = keys;
    this.#read = read;
  }

  /** Whether this operation can be done together with those before it. There is room for any first one. */
  admits(op: Op): boolean {
    if (!this.#fits(op)) return false;
    this.#renewals &&= op.op === "renew";
    return true;
  }

  #fits(op: Op): boolean {
    if (op.op === "renew" && this.#renewals) return true;
    if (op.op === "list" || op.op === "inspect") return this.#writes.length === 0;
    // Two grants of one transaction have one index, so they would have one token.
    if (op.op === "acquire" && this.#isGranted(this.#keys.seat(op.resource, op.seat))) {
      return false;
    }
    const { value = "" } = op as { value?: string };
    return this.#bytes + 4 * value.length < MOST_BYTES &&
      this.#checks.size + this.#verbs + VERBS < MOST_VERBS;
  }

  /** How many of the operations so far have changed something. */
  get changes(): number {
    return this.#writes.length;
  }

  /**
   * What ends the leases that were found to have ended by the clock, if it does not fit into one transaction
   * with all that was looked at: a look at all seats of a resource may find any number of them.
   */
  ends(): Verb[][] {
    const fits = this.#renewals || this.#checks.size + this.#verbs < MOST_VERBS;
    return fits ? [] : endings(this.#read);
  }

  /** What is to be written, in one transaction unless there are only renewals. */
  parts(session: SessionOf): Verb[][] {
    const writes = this.#writes.map(({ key, verbs }) => ({ key, verbs: verbs(session) }))
      .filter(({ verbs }) => verbs.length > 0);
    if (writes.length === 0) return [];
    if (!this.#renewals) {
      return [[...this.#checks.values(), ...writes.flatMap(({ verbs }) => verbs)]];
    }
    const parts: Verb[][] = [[]];
    let bytes = 0;
    for (const { key, verbs } of writes) {
      const own = verbs.reduce((all, { Value = "" }) => all + Value.length, 0);
      bytes += own;
      if (parts[0]!.length + VERBS > MOST_VERBS || bytes > MOST_BYTES) {
        parts.unshift([]);
        bytes = own;
      }
      const check = this.#checks.get(key);
      // One that comes twice is as it was only at the first time.
      this.#checks.delete(key);
      parts[0]!.push(...check ? [check] : [], ...verbs);
    }
    return parts.reverse();
  }

  live(resource: string, seat?: string): Lease[] {
    if (seat !== undefined) return this.#look(this.#keys.seat(resource, seat), seat);
    const leases: Lease[] = [];
    const folder = this.#keys.folder(resource);
    for (const key of new Set([...this.#read.entries.keys(), ...this.#staged.keys()])) {
      if (!key.startsWith(folder)) continue;
      leases.push(...this.#look(key, this.#keys.placeOf(key)!.seat));
      if (this.any && leases.length > 0) return leases;
    }
    // That there is no other.
    const mark = this.#keys.mark(resource);
    const index = this.#read.marks.get(mark);
    this.#check(mark, index === undefined ? undefined : { modified: index, session: "" });
    const only = this.#keys.seat(resource, "");
    if (!this.#staged.has(only)) this.#check(only, this.#read.entries.get(only));
    return leases.sort(bySeat);
  }

  put(resource: string, lease: Lease): void {
    const { seat, token } = lease;
    const key = this.#keys.seat(resource, seat);
    const record = recordOf(lease, this.#read.now);
    const { ttl } = record;
    const before = this.#staged.has(key) ? this.#staged.get(key) : this.#stored(key);
    if (hasSession(ttl)) this.#keep(key, record, before !== undefined);
    this.#staged.set(key, { ...record, token, session: undefined });
    const value = { Key: key, Value: encodeRecord(record) };
    this.#bytes += value.Value.length;
    if (!before) {
      this.#granted.set(token, key);
      const Key = this.#keys.mark(resource);
      // Consul does not count it as a change if a key gets the value that it has.
      const mark = [{ Verb: "delete", Key }, { Verb: "set", Key, Value: "" }];
      this.#write(key, seat === "" ? 1 : 3, (session) => [
        lock(value, hasSession(ttl) ? session(ttl) : ""),
        ...seat === "" ? [] : mark,
      ]);
      return;
    }
    const same = encodeRecord(before) === value.Value;
    this.#write(key, 2, (session) => {
      const now = hasSession(ttl) ? session(ttl) : "";
      const { session: last = now } = before;
      if (last === now) return same ? [] : [{ Verb: "set", ...value }];
      const unlock = { Verb: "unlock", ...value, Session: last };
      return [...last ? [unlock] : [], ...now ? [lock(value, now)] : []];
    });
  }

  drop(resource: string, seat: string): void {
    this.#end(this.#keys.seat(resource, seat));
  }

  scan(prefix: string, after: Place | undefined, limit: number): Listed[] {
    const found: Listed[] = [];
    const { entries } = this.#read;
    for (const key of [...entries.keys()].sort()) {
      const { resource, seat } = this.#keys.placeOf(key)!;
      if (!resource.startsWith(prefix)) continue;
      if (after && key <= this.#keys.seat(after.resource, after.seat)) continue;
      const stored = this.#stored(key);
      if (!stored || isOver(stored, this.#read)) continue;
      found.push({ resource, ...this.#lease(seat, stored) });
      if (found.length === limit) break;
    }
    return found;
  }

  nextToken(): number {
    return -1 - this.#granted.size;
  }

  /** The key of a lease that was granted; `undefined` if its token is that of an earlier grant. */
  grantedKey({ token }: Lease): string | undefined {
    return this.#granted.get(token);
  }

  #isGranted(key: string): boolean {
    return [...this.#granted.values()].includes(key);
  }

  #keep(key: string, record: Record, renewed: boolean): void {
    const { ttl } = record;
    const kept = this.kept.get(ttl) ?? { granted: new Map(), renewed: new Map() };
    this.kept.set(ttl, kept);
    const { granted } = kept;
    (renewed && !granted.has(key) ? kept.renewed : granted).set(key, record);
  }

  #look(key: string, seat: string): Lease[] {
    const staged = this.#staged.get(key);
    if (this.#staged.has(key)) return staged ? [this.#lease(seat, staged)] : [];
    const stored = this.#stored(key);
    this.#check(key, this.#read.entries.get(key));
    if (!stored) return [];
    if (!isOver(stored, this.#read)) return [this.#lease(seat, stored)];
    // An answer that rests on its end must end it. Otherwise a client with a slower clock could renew it.
    this.#end(key);
    return [];
  }

  #stored(key: string): Staged | undefined {
    const entry = this.#read.entries.get(key);
    return entry && { ...entry, token: tokenOf(this.#read.epoch, entry.created) };
  }

  #lease(seat: string, { id, token, value, ttl, ends }: Staged): Lease {
    return { seat, id, token, value, left: ends > 0 ? Math.min(ttl, ends - this.#read.now) : ttl };
  }

  #end(key: string): void {
    this.#staged.set(key, undefined);
    this.ended.add(key);
    this.#write(key, 1, () => [{ Verb: "delete", Key: key }]);
  }

  #write(key: string, most: number, verbs: Write["verbs"]): void {
    this.#writes.push({ key, verbs });
    this.#verbs += most;
  }

  #check(Key: string, entry: Pick<Entry, "modified" | "session"> | undefined): void {
    const { modified: Index, session: Session } = entry ?? {};
    this.#checks.set(
      Key,
      !entry
        ? { Verb: "check-not-exists", Key }
        : Index === undefined
        ? { Verb: "check-session", Key, Session: Session! }
        : { Verb: "check-index", Key, Index },
    );
  }
}

/** What deletes the leases that have ended by the clock, if they are as they were. */
export function endings(seen: Pick<Snapshot, "now" | "entries">): Verb[][] {
  const verbs = [...seen.entries].flatMap(([Key, entry]) => {
    const { modified: Index } = entry;
    return isOver(entry, seen) && Index !== undefined ? [{ Verb: "delete-cas", Key, Index }] : [];
  });
  return slicesOf(verbs, MOST_VERBS);
}

function isOver({ ends }: Pick<Record, "ends">, { now }: Pick<Snapshot, "now">): boolean {
  return ends > 0 && ends <= now;
}

/** Writes a key that has no session, into a session if there is one. */
function lock(value: { readonly Key: string; readonly Value: string }, session: string): Verb {
  return session ? { Verb: "lock", ...value, Session: session } : { Verb: "set", ...value };
}

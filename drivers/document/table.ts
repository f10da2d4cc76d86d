/**
 * Leases in one text: how it is read, what is live in it, and how it is written.
 *
 * @module
 */

import { ConnectionError } from "../../errors.ts";
import type { Lease } from "../driver.ts";
import { noAnswer } from "../kit/failure.ts";
import { bySeat } from "../kit/order.ts";
import type { Listed, Place, Table } from "../kit/step.ts";

/** The form of the text. A reader of another one refuses it. */
const FORM = 1;

/**
 * How many of the last writers a text names. A writer that was told that it lost looks for itself among
 * them; if more have written since, it cannot tell.
 */
const WRITERS = 16;

/** A lease in the text. JSON has no Infinity: `null` for no end. */
type Row = [
  seat: string,
  id: string,
  token: number,
  value: string,
  ttl: number | null,
  /** On the store's clock. */
  ends: number | null,
];

/** The text, as JSON. */
export interface Text {
  /** The form. */
  readonly baton: number;
  /** How many writes there were. */
  readonly writes: number;
  /** The last writers, the newest first. */
  readonly writers: readonly string[];
  /** The last token. It outlives every lease. */
  readonly last: number;
  /** All leases, by resource. */
  readonly leases: readonly (readonly [resource: string, rows: readonly Row[]])[];
}

const EMPTY: Text = { baton: FORM, writes: 0, writers: [], last: 0, leases: [] };

/** What a text holds at one instant of its store's clock. */
export class DocumentTable implements Table {
  /**
   * Whether the text must be written before anything is answered. That is so after every change, and also
   * after a look that found a lease dead: a client that read the text in time may be about to renew that
   * lease, and its write must fail once anybody has acted on the end.
   */
  changed = false;
  /** Whether a lease or a value came into it. */
  grows = false;
  readonly #text: Text;
  readonly #now: number;
  readonly #late: number;
  /** The rows of each resource. A list of rows is never changed, because others may read it too. */
  readonly #leases: Map<string, readonly Row[]>;
  readonly #from: number;
  #last: number;

  /**
   * @param text The text.
   * @param now The store's clock, in ms since 1970.
   * @param late How much later than its ttl a lease ends, in ms, because the clock does not count finer.
   * @param tokens New tokens are above `after`, and not below `from`.
   */
  constructor(
    text: Text,
    now: number,
    late: number,
    { after, from }: { readonly after: number; readonly from: number },
  ) {
    this.#text = text;
    this.#now = now;
    this.#late = late;
    this.#leases = new Map(text.leases);
    this.#last = Math.max(text.last, after);
    this.#from = from;
  }

  /** The last token. */
  get lastToken(): number {
    return this.#last;
  }

  /** How many writes made this text. */
  get writes(): number {
    return this.#text.writes;
  }

  /** Who wrote the last of them, the newest first. */
  get writers(): readonly string[] {
    return this.#text.writers;
  }

  /** Whether all that have written since there were so many writes are still among the writers. */
  remembers(writes: number): boolean {
    const since = this.#text.writes - writes;
    return since >= 0 && since <= WRITERS;
  }

  /** The text with all changes. Only live leases are in it. */
  text(writer: string): string {
    const leases = Array.from(
      this.#leases,
      ([resource, rows]) =>
        [resource, rows.every(this.#lives) ? rows : rows.filter(this.#lives)] as const,
    );
    const next: Text = {
      baton: FORM,
      writes: this.#text.writes + 1,
      writers: [writer, ...this.#text.writers].slice(0, WRITERS),
      last: this.#last,
      leases: leases.filter(([, rows]) => rows.length > 0),
    };
    return JSON.stringify(next);
  }

  live(resource: string, seat?: string): Lease[] {
    const rows = this.#leases.get(resource) ?? [];
    const asked = seat === undefined ? rows : rows.filter((row) => row[0] === seat);
    const living = asked.filter(this.#lives);
    if (living.length < asked.length) this.changed = true;
    return living.map((row) => this.#lease(row)).sort(bySeat);
  }

  put(resource: string, { seat, id, token, value, left }: Lease): void {
    const [ttl, ends] = left === Infinity ? [null, null] : [left, this.#now + this.#late + left];
    const before = this.#leases.get(resource)?.find((row) => row[0] === seat);
    if (before?.[3] !== value) this.grows = true;
    this.drop(resource, seat);
    this.#leases.set(resource, [
      ...this.#leases.get(resource) ?? [],
      [seat, id, token, value, ttl, ends],
    ]);
  }

  drop(resource: string, seat: string): void {
    const rows = this.#leases.get(resource) ?? [];
    this.#leases.set(resource, rows.filter((row) => row[0] !== seat));
    this.changed = true;
  }

  scan(prefix: string, after: Place | undefined, limit: number): Listed[] {
    const found: Listed[] = [];
    const from = after?.resource ?? "";
    const names = [...this.#leases.keys()].filter((resource) =>
      resource.startsWith(prefix) && resource >= from
    );
    for (const resource of names.sort()) {
      for (const lease of this.live(resource)) {
        if (resource === after?.resource && lease.seat <= after.seat) continue;
        if (found.push({ resource, ...lease }) === limit) return found;
      }
    }
    return found;
  }

  nextToken(): number {
    return this.#last = Math.max(this.#last + 1, Math.floor(this.#from));
  }

  readonly #lives = ([, , , , , ends]: Row): boolean => ends === null || ends > this.#now;

  #lease([seat, id, token, value, ttl, ends]: Row): Lease {
    // Not more than its ttl, however much later than that it ends.
    const left = ends === null ? Infinity : Math.min(ends - this.#now, ttl ?? Infinity);
    return { seat, id, token, value, left };
  }
}

/**
 * Reads a text; `undefined` is that of a document that is not there yet.
 *
 * @param name The name of the driver, for messages.
 * @throws {UnknownOutcome} when it is not JSON: a part of it may be missing.
 * @throws {ConnectionError} when it is somebody else's, or of another version.
 */
export function textIn(name: string, text: string | undefined): Text {
  if (text === undefined) return EMPTY;
  let read: Text;
  try {
    read = Object(JSON.parse(text));
  } catch {
    throw noAnswer(name, "what it answered is not a whole document of Baton's");
  }
  const { baton, writes, writers, last, leases } = read;
  const fits = baton === FORM && Array.isArray(writers) && Array.isArray(leases) &&
    Number.isSafeInteger(writes) && Number.isSafeInteger(last);
  if (fits) return read;
  throw new ConnectionError(
    baton === undefined
      ? `${name} has something else where Baton's document should be, so nothing was written; choose ` +
        "another key"
      : `${name} has a document that this version of Baton does not write, so nothing was written; use the ` +
        "same version everywhere, or another key",
  );
}

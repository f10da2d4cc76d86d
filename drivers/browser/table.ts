/**
 * The leases of one database, while a transaction of it is open.
 *
 * @module
 */

import type { Lease, Op } from "../driver.ts";
import { bySeat } from "../kit/order.ts";
import { type Listed, placeIn, type Table } from "../kit/step.ts";
import { answer, type Range, scope, type Store } from "./idb.ts";

/** Where a row is: what IndexedDB makes its key of. */
export const KEY = ["resource", "seat"] as const;
/** The index of the ends of leases. A lease without an end is not in it. */
export const ENDS = "ends";

/** A lease. It has no `ends` if it has no end. */
interface Row {
  readonly resource: string;
  readonly seat: string;
  readonly id: string;
  readonly token: number;
  readonly value: string;
  /** By the host's clock, in ms since 1970. */
  readonly ends?: number;
}

/** The last token. It has no id, because it is not a lease, and no lease has an empty resource. */
const LAST = { resource: "", seat: "", id: "", value: "" };

/** One grant in so many deletes dead rows, such as old cron slots. */
const GRANTS = 32;
/** So many of them at most, which is more than have been added meanwhile. */
const SWEPT = 100;

/** The table. Rows are read before `step()` asks for them, because IndexedDB does not answer at once. */
export class BrowserTable implements Table {
  readonly #store: Store;
  readonly #clock: () => number;
  /** Those that were read, and changed since. */
  readonly #rows = new Map<string, Map<string, Row>>();
  #now = 0;
  #last = 0;
  #counts = false;
  #sweeps = 0;
  /** What was read for the operation that asks for a page. */
  #page: readonly Row[] = [];

  /**
   * @param store The store, in a transaction that nothing else runs beside.
   * @param clock The host's clock, in ms since 1970.
   */
  constructor(store: Store, clock: () => number) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Reads what a batch needs, but for its pages. */
  async begin(ops: readonly Op[]): Promise<void> {
    const reads = ops.filter((op) => !isPaged(op)).flatMap((op) => {
      if (op.op === "list") return [];
      const { guard } = op as { guard?: { resource: string; seat?: string } };
      return [this.#read(op.resource, op.seat), guard && this.#read(guard.resource, guard.seat)];
    });
    const [last] = await Promise.all([answer(this.#store.get(["", ""])), ...reads]);
    this.#last = (last as Row | undefined)?.token ?? 0;
    // Only now is the transaction ours: a lease that has ended while we waited for it is dead.
    this.#now = Math.floor(this.#clock());
  }

  async #read(resource: string, seat: string | undefined): Promise<void> {
    const rows = this.#rows.get(resource) ?? new Map<string, Row>();
    this.#rows.set(resource, rows);
    const found = seat === undefined
      ? await answer(this.#store.getAll(seatsOf(resource)))
      : [await answer(this.#store.get([resource, seat]))];
    for (const row of found as Row[]) if (row) rows.set(row.seat, row);
  }

  /** Reads the page of the operation that comes next, if it asks for one. What was put before is in it. */
  async turn(op: Op): Promise<void> {
    if (op.op === "list") {
      const { prefix, after, limit } = op;
      const { resource, seat = "" } = after === undefined
        ? { resource: prefix }
        : placeIn(after, prefix);
      const range = scope.IDBKeyRange.lowerBound([resource, seat], after !== undefined);
      this.#page = await this.#pageOf(range, "next", limit, prefix);
    } else if (op.op === "inspect" && isPaged(op)) {
      const { resource, before, limit = 0 } = op;
      this.#page = await this.#pageOf(seatsOf(resource, before), "prev", limit, resource);
    }
  }

  #pageOf(
    range: Range,
    direction: "next" | "prev",
    limit: number,
    prefix: string,
  ): Promise<Row[]> {
    const found: Row[] = [];
    const request = this.#store.openCursor(range, direction);
    return new Promise((resolve, reject) => {
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const row = request.result?.value as Row | undefined;
        // Names that begin alike stand together.
        if (!row?.resource.startsWith(prefix)) return resolve(found);
        if (row.id && this.#lives(row) && found.push(row) === limit) return resolve(found);
        request.result?.continue();
      };
    });
  }

  /** Writes what is not about a single lease. It comes last. */
  async end(): Promise<void> {
    if (this.#counts) this.#store.put({ ...LAST, token: this.#last });
    if (this.#sweeps === 0) return;
    const ended = scope.IDBKeyRange.upperBound(this.#now);
    const dead = this.#store.index(ENDS).getAllKeys(ended, SWEPT * this.#sweeps);
    for (const key of await answer(dead)) this.#store.delete(key);
  }

  live(resource: string, seat?: string): Lease[] {
    const all = this.#rows.get(resource);
    const one = seat === undefined ? undefined : all?.get(seat);
    const rows = seat === undefined ? [...all?.values() ?? []] : one ? [one] : [];
    return rows.filter((row) => this.#lives(row)).map((row) => this.#lease(row)).sort(bySeat);
  }

  last(): Lease[] {
    return this.#page.map((row) => this.#lease(row));
  }

  scan(): Listed[] {
    return this.#page.map((row) => ({ resource: row.resource, ...this.#lease(row) }));
  }

  put(resource: string, { seat, id, token, value, left }: Lease): void {
    const row: Row = {
      ...{ resource, seat, id, token, value },
      ...left < Infinity && { ends: this.#now + left },
    };
    this.#rows.get(resource)?.set(seat, row);
    this.#store.put(row);
  }

  drop(resource: string, seat: string): void {
    this.#rows.get(resource)?.delete(seat);
    this.#store.delete([resource, seat]);
  }

  nextToken(): number {
    this.#last = Math.max(this.#last + 1, this.#now);
    this.#counts = true;
    if (this.#last % GRANTS === 0) this.#sweeps++;
    return this.#last;
  }

  #lives({ ends }: Row): boolean {
    return ends === undefined || ends > this.#now;
  }

  #lease({ seat, id, token, value, ends }: Row): Lease {
    return { seat, id, token, value, left: ends === undefined ? Infinity : ends - this.#now };
  }
}

/** Whether an operation asks for a part of what there is. */
function isPaged(op: Op): boolean {
  return op.op === "list" || (op.op === "inspect" && op.seat === undefined && !!op.limit);
}

/** All seats of a resource; with `before`, only those before that one. */
function seatsOf(resource: string, before?: string): Range {
  // In the order of keys an array comes after all texts.
  return scope.IDBKeyRange.bound([resource], [resource, before ?? []], false, true);
}

/**
 * The part of IndexedDB that the driver uses, as a browser has it. The types of runtimes that are not
 * browsers lack it.
 *
 * @module
 */

/** A key of a row. */
export type Key = readonly (string | readonly never[])[] | number;

/** A range of keys. */
export type Range = { readonly lower: unknown };

/** A request, and its answer. */
export interface Request<T> {
  /** What it has answered. */
  readonly result: T;
  /** Why it failed. */
  readonly error: unknown;
  /** Called with the answer. */
  onsuccess: (() => void) | null;
  /** Called when it failed. */
  onerror: (() => void) | null;
}

/** A request to open a database. */
export interface OpenRequest extends Request<Database> {
  /** Called when the database is new, or of an older version. */
  onupgradeneeded: (() => void) | null;
}

/** An open database. */
export interface Database {
  /** Makes a store, while the database is new. */
  createObjectStore(name: string, options: { readonly keyPath: readonly string[] }): Store;
  /** Begins a transaction. */
  transaction(
    store: string,
    mode: "readwrite",
    options: { readonly durability: "strict" },
  ): Transaction;
  /** Closes it, once its transactions have ended. */
  close(): void;
  /** Called when another page deletes the database, or makes a newer version of it. */
  onversionchange: (() => void) | null;
  /** Called when the browser has closed it, such as when the site's data were deleted. */
  onclose: (() => void) | null;
}

/** A transaction. */
export interface Transaction {
  /** Why it was aborted; `null` if we have aborted it. */
  readonly error: unknown;
  /** The store. */
  objectStore(name: string): Store;
  /** Ends it without waiting for the answers of its requests. Older browsers lack it. */
  commit?(): void;
  /** Undoes it. */
  abort(): void;
  /** Called when all of it is written. */
  oncomplete: (() => void) | null;
  /** Called when nothing of it was written. */
  onabort: (() => void) | null;
}

/** Rows, in the order of their keys. */
export interface Store {
  /** The row of a key. */
  get(key: Key): Request<unknown>;
  /** All rows of a range. */
  getAll(range: Range): Request<unknown[]>;
  /** Writes a row. */
  put(row: object): Request<unknown>;
  /** Deletes a row. */
  delete(key: Key): Request<unknown>;
  /** Goes from row to row. */
  openCursor(range: Range, direction: "next" | "prev"): Request<Cursor | null>;
  /** Makes an index, while the database is new. */
  createIndex(name: string, path: string): unknown;
  /** An index. */
  index(name: string): { getAllKeys(range: Range, count: number): Request<Key[]> };
}

/** A row of several. */
export interface Cursor {
  /** The row. */
  readonly value: unknown;
  /** Goes on to the next one, which the same request answers. */
  continue(): void;
}

/** What browsers have for all of this. It may be missing, or throw when it is asked for. */
export interface Scope {
  /** Databases, by their names. */
  readonly indexedDB?: { open(name: string, version: number): OpenRequest } | null;
  /** Ranges of keys. */
  readonly IDBKeyRange: {
    bound(lower: Key, upper: Key, lowerOpen?: boolean, upperOpen?: boolean): Range;
    lowerBound(lower: Key, open: boolean): Range;
    upperBound(upper: Key): Range;
  };
}

/** What the page or worker has. */
export const scope = globalThis as unknown as Scope;

/** Waits for an answer. Until the caller waits for something else, its transaction stays open. */
export function answer<T>(request: Request<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

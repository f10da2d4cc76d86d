/**
 * A database of the origin, which is open while it is used.
 *
 * @module
 */

import { failed, missing } from "./errors.ts";
import { answer, type Database, scope } from "./idb.ts";
import { ENDS, KEY } from "./table.ts";

/** The store in it. */
export const STORE = "leases";
/** The form of the store. */
const VERSION = 1;

/** A database by its name. */
export class NamedDatabase {
  readonly #name: string;
  #opening: Promise<Database> | undefined;

  /** It is opened when it is used. */
  constructor(name: string) {
    this.#name = name;
  }

  /**
   * The open database.
   *
   * @throws {NotSupported} where there is no IndexedDB.
   * @throws {ConnectionError} when it cannot be opened.
   */
  open(): Promise<Database> {
    if (this.#opening) return this.#opening;
    const opening = open(this.#name, () => this.#forget(opening));
    this.#opening = opening;
    opening.catch(() => this.#forget(opening));
    return opening;
  }

  /** Closes it; the next use opens it again. */
  close(): void {
    // One that cannot be opened needs no closing.
    this.#opening?.then((database) => database.close(), () => {});
    this.#opening = undefined;
  }

  #forget(opening: Promise<Database>): void {
    if (this.#opening === opening) this.#opening = undefined;
  }
}

/** Opens a database, which calls `closed` when it cannot be used any more. */
async function open(name: string, closed: () => void): Promise<Database> {
  try {
    const { indexedDB } = scope;
    if (!indexedDB) throw missing();
    const request = indexedDB.open(name, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(STORE, { keyPath: KEY }).createIndex(ENDS, ENDS);
    };
    const database = await answer(request);
    database.onclose = closed;
    database.onversionchange = () => {
      closed();
      // Once its transactions have ended. If it stayed open, the page that deletes it, or makes a newer
      // version of it, would wait without end.
      database.close();
    };
    return database;
  } catch (error) {
    throw failed(error, false);
  }
}

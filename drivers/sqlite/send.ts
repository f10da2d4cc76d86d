/**
 * How statements go to a SQLite that is somewhere else.
 *
 * @module
 */

import { onAbort } from "../kit/aborts.ts";

/** The rows of a statement, each by the names of its columns. */
export type SqliteRows = readonly Readonly<Record<string, unknown>>[];

/** A statement and its parameters, in the form of `@libsql/client`. */
export interface SqliteStatement {
  /** Its text. */
  sql: string;
  /** The values of its parameters, `?1`… */
  args: (string | number)[];
}

/** What a statement answers; what else is in it does not matter. */
export interface SqliteAnswer {
  /** Its rows; each has its columns by their names. */
  readonly rows: SqliteRows;
}

/**
 * Sends statements in one request, and answers each of them. The database runs them in one transaction that
 * begins with `begin immediate`; when one fails, none has had an effect. It must not send twice by itself,
 * and must go to the primary.
 */
export type SqliteBatch = (
  statements: SqliteStatement[],
  signal?: AbortSignal,
) => Promise<readonly SqliteAnswer[]>;

/** Ends the wait when the signal aborts, for a client that takes none; what was sent goes on. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const unlisten = onAbort(signal, () => reject(signal?.reason));
    work.then(resolve, reject).finally(unlisten);
  });
}

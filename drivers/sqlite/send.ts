/**
 * How statements go to a SQLite that is somewhere else.
 *
 * @module
 */

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

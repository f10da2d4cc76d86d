/**
 * The SQLite clients of this process: `node:sqlite`, `bun:sqlite`, better-sqlite3. They differ in little.
 *
 * @module
 */

import type { Sql, SqlRow, SqlValue } from "./table.ts";

/**
 * An open database: `DatabaseSync` of `node:sqlite`, `Database` of `bun:sqlite`, or better-sqlite3's. It
 * answers at once, not by a promise.
 */
export interface SqliteDatabase {
  /** Prepares one statement. */
  prepare(text: string): SqliteStatement;
  /** Runs several statements. */
  exec(text: string): unknown;
  /** Closes the file. */
  close(): unknown;
}

/** A prepared statement. */
export interface SqliteStatement {
  /** Runs it, and answers all rows. */
  all(...params: SqlValue[]): unknown[];
  /** Runs it. */
  run(...params: SqlValue[]): unknown;
  /** Of better-sqlite3, which wants to be asked for rows only where there can be any. */
  readonly reader?: boolean;
}

/** Runs statements, each of which is prepared once. */
export function sqlOf(database: SqliteDatabase): Sql {
  const prepared = new Map<string, SqliteStatement>();
  return (text, ...params) => {
    let statement = prepared.get(text);
    if (!statement) prepared.set(text, statement = database.prepare(text));
    // `all` is faster than `run` also where there are no rows: `run` answers how many it changed.
    if (statement.reader ?? true) return statement.all(...params) as SqlRow[];
    statement.run(...params);
    return [];
  };
}

/**
 * How a statement goes out, and what it answers.
 *
 * @module
 */

/** What a statement answers. */
export interface MysqlAnswer {
  /** The rows of a `select`. */
  rows?: readonly Readonly<Record<string, unknown>>[];
  /** The insert id, as number or text. */
  insertId?: number | string | bigint;
  /** How many rows a write matched or changed; either will do. */
  rowsAffected?: number;
}

/**
 * Sends one statement and answers what came of it; rejects with the server's error. It must not
 * send twice by itself, must go to the primary, and must commit each statement (autocommit).
 */
export type MysqlQuery = (sql: string, signal?: AbortSignal) => Promise<MysqlAnswer>;

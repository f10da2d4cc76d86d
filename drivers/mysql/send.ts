/**
 * How a statement goes out, what it answers, and the name of ours that stands in it.
 *
 * @module
 */

import { checkFunction, refuse, SENDS } from "../kit/check.ts";
import { nonces } from "../kit/nonce.ts";

/** What a statement answers. */
export interface MysqlAnswer {
  /** The rows of a `select`. */
  rows?: readonly Readonly<Record<string, unknown>>[] | undefined;
  /** The insert id, as number or text. */
  insertId?: number | string | bigint | undefined;
  /** How many rows a write matched or changed; either will do. */
  rowsAffected?: number | undefined;
  /**
   * The status flags of a write, as mysql2 has them; by them a transaction that was left open is noticed.
   * Default: only MariaDB notices it.
   */
  serverStatus?: number | undefined;
}

/** What mysql2 answers: the rows or, of a write, its header; and the fields. */
export type Mysql2Answer = readonly [answer: unknown, fields: unknown];

/**
 * Sends one statement and answers what came of it, as `MysqlAnswer` or as mysql2 does; rejects with the
 * server's error. It must not send twice by itself, must go to the primary, and must commit each
 * statement (autocommit). Send it as text (mysql2's `query`): no two are the same, so preparing them
 * (`execute`) would fill the server's and the client's caches.
 *
 * `params` is empty: the statements have their values in them. It is there so that this has the form
 * of `PostgresQuery`, and one function can serve both.
 */
export type MysqlQuery = (
  sql: string,
  params: string[],
  signal?: AbortSignal,
) => Promise<MysqlAnswer | Mysql2Answer>;

/** Sends a statement of Baton's, and answers in one form. */
export type SendStatement = (sql: string, signal?: AbortSignal) => Promise<MysqlAnswer>;

/** Makes what sends each statement through `query` so that it differs from every other. */
export function senderThrough(query: MysqlQuery): SendStatement {
  const nonce = nonces();
  checkFunction("query", query, SENDS);
  return async (sql, signal) => answerOf(await query(stamped(sql, nonce()), [], signal));
}

function answerOf(answer: MysqlAnswer | Mysql2Answer): MysqlAnswer {
  if (!isPair(answer)) return answer;
  const [first] = answer;
  if (Array.isArray(first)) return { rows: first };
  const { insertId, affectedRows: rowsAffected, serverStatus } = Object(first);
  return { insertId, rowsAffected, serverStatus };
}

function isPair(answer: MysqlAnswer | Mysql2Answer): answer is Mysql2Answer {
  return Array.isArray(answer);
}

/**
 * A statement that differs from every other by a comment. MySQL parses each statement by itself, its
 * digests leave comments out, and so does the key by which Vitess keeps plans: no cache of theirs fills.
 */
export function stamped(sql: string, nonce: string): string {
  return `${sql} /* ${nonce} */`;
}

/** Checks the name of a table of Baton's, which becomes part of SQL. */
export function tableName(name = "baton_leases"): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)) {
    refuse("table name", "it must be at most 64 letters, digits and _, and not begin with a digit");
  }
  return name;
}

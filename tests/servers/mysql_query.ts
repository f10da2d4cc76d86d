/**
 * The line that makes a transport for our driver of `mysql2`.
 *
 * @module
 */

import type { QueryResult } from "mysql2/promise";
import type { MysqlAnswer } from "../../drivers/mysql/mysql.ts";

/** A connection or pool, or whatever sends statements as they do. */
export interface Mysql2 {
  query(sql: string): Promise<[answer: QueryResult, fields: unknown]>;
}

/** Sends statements through it. */
export function queryThrough(client: Mysql2): (sql: string) => Promise<MysqlAnswer> {
  return async (sql) => answerOf(await client.query(sql));
}

/** What its answers mean. */
export function answerOf([answer]: readonly [QueryResult, unknown]): MysqlAnswer {
  if (Array.isArray(answer)) return { rows: answer as Record<string, unknown>[] };
  const { insertId, affectedRows: rowsAffected, serverStatus } = answer;
  return { insertId, rowsAffected, serverStatus };
}

/**
 * What the MySQL driver needs in the database: one table. Kept apart from the driver, for an edge
 * function does not create tables.
 *
 * @module
 */

import { ConnectionError } from "../../errors.ts";
import { checkOptions } from "../kit/options.ts";
import { AUTOCOMMIT, ddlError, errnoOf, mysqlError } from "./errors.ts";
import { type MysqlQuery, senderThrough, type SendStatement, tableName } from "./send.ts";

export type { Mysql2Answer, MysqlAnswer, MysqlQuery } from "./send.ts";

/** Where Baton's leases are. */
export interface MysqlSchemaOptions {
  /** The table. Default: `"baton_leases"`. */
  table?: string | undefined;
}

/**
 * The statements that make the table. Running them again changes nothing. The user that the driver
 * connects with needs SELECT, INSERT, UPDATE and DELETE on it.
 *
 * @throws {InvalidArgument} when the table is not a plain name.
 */
export function schema(options: MysqlSchemaOptions = {}): readonly string[] {
  checkOptions(options, "table");
  // Bytes, so that no two names are one: the usual collations take "A" and "á" for "a". The key
  // itself is the primary key, for a further one would be drawn even by those who lose.
  return [`create table if not exists ${tableName(options.table)} (
  resource varbinary(512) not null,
  seat varbinary(512) not null,
  id varbinary(128) not null,
  token bigint not null,
  value mediumblob not null,
  expires datetime(6) not null,
  hour int generated always as (timestampdiff(hour, '1970-01-01', expires)) stored,
  primary key (resource, seat),
  key leases_by_hour (hour)
) engine = InnoDB`];
}

/**
 * Creates the table where it is missing, and checks that guards are safe on this server.
 *
 * @throws {ConnectionError} where the role may not create tables, or the branch takes none directly
 * (PlanetScale's safe migrations): then deploy {@link schema}'s statements. Also where the isolation
 * level is weaker than REPEATABLE READ, where autocommit is off, and within an open transaction.
 */
export async function migrate(send: MysqlQuery, options: MysqlSchemaOptions = {}): Promise<void> {
  checkOptions(options, "table");
  const table = tableName(options.table);
  const query = senderThrough(send);
  await refuseUncommitted(query);
  try {
    if (!await exists(query, table)) { for (const sql of schema(options)) await query(sql); }
  } catch (error) {
    if (errnoOf(error) === 1054) {
      throw new ConnectionError(
        `The table ${table} is there, but it is not version 1 of Baton's; nothing was changed. ` +
          "Rename or drop it, or give Baton another name with { table }",
      );
    }
    throw ddlError(error, "what schema() returns and `npx baton-schema mysql` prints");
  }
  const level = await isolation(query);
  if (!/^(REPEATABLE-READ|SERIALIZABLE)$/.test(level)) {
    throw new ConnectionError(
      `The isolation level is ${level}, under which a group could be deleted while someone joins; ` +
        "set transaction_isolation to REPEATABLE-READ for the user that Baton connects with",
    );
  }
}

/** Throws where what Baton writes would not be committed at once; any other trouble shows later. */
async function refuseUncommitted(query: SendStatement): Promise<void> {
  const ask = (sql: string) => query(sql).catch((error: unknown) => errnoOf(error));
  const autocommit = await ask("select @@autocommit as answer");
  // The level that guards need; it is for the next transaction, and refused (1568) within an open one.
  const open = await ask("set transaction isolation level repeatable read");
  if (Number(Object(autocommit).rows?.[0]?.answer ?? 1) === 0 || open === 1568) {
    throw new ConnectionError(`Nothing was created: ${AUTOCOMMIT}`);
  }
}

/** Whether the table is there with all its columns. */
async function exists(query: SendStatement, table: string): Promise<boolean> {
  try {
    await query(`select resource, seat, id, token, value, expires, hour from ${table} limit 0`);
    return true;
  } catch (error) {
    if (errnoOf(error) === 1146) return false;
    throw error;
  }
}

async function isolation(query: SendStatement): Promise<string> {
  const read = async (variable: string) =>
    String((await query(`select @@${variable} as level`)).rows?.[0]?.["level"]);
  try {
    return await read("transaction_isolation");
  } catch (error) {
    // MariaDB before 11.1 has only the older name.
    if (errnoOf(error) !== 1193) throw mysqlError("mysql", error);
    return await read("tx_isolation");
  }
}

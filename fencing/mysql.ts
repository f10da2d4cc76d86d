/**
 * Fences in MySQL, MariaDB and PlanetScale: a table that refuses a token below the highest it has
 * seen, by a CHECK constraint; for functions and triggers are not to be had everywhere.
 *
 * **In a transaction**, with {@link fenceMysql} as its first statement. This is the form for
 * everything: its row is locked until the commit, so writers of a resource take turns, and what you
 * read afterwards is what the writer before you has left.
 *
 * **In one statement**, for one row, with a column of your own (`fence bigint not null default 0`):
 *
 * ```sql
 * update accounts set balance = balance - 10, fence = ? where id = 42 and fence <= ?
 * ```
 *
 * No row changed: it was refused, or there is no such row; `select fence from accounts where id = 42`
 * shows which. (A client that counts changed rows and not matched ones, which neither `mysql2` nor
 * PlanetScale does by default, also says 0 where everything was the same already.)
 *
 * **In one statement, for several rows**: join the table of fences, once {@link fenceMysql} has made
 * the resource's row in it, best right after the lock was acquired, when it also locks out the holder
 * before. A stale one fails with an error that `isStale()` knows, and changes nothing:
 *
 * ```sql
 * update baton_fences f left join accounts a on a.owner = 7
 * set a.balance = a.balance - 10, f.token = greatest(f.token, ?), f.asked = ?
 * where f.resource = 'accounts of 7'
 * ```
 *
 * Never with IGNORE, which makes the refusal a warning.
 *
 * @module
 */

import { ConnectionError } from "../errors.ts";
import { ddlError, errnoOf } from "../drivers/mysql/errors.ts";
import { hex } from "../drivers/mysql/hex.ts";
import { stamped, tableName } from "../drivers/mysql/send.ts";
import { nonces } from "../drivers/kit/nonce.ts";
import { checkFence, type Fence } from "./fence.ts";
import { isStale, STALE_CONSTRAINT, StaleToken } from "./stale.ts";

/** Sends one statement; rejects with the server's error. */
export type FenceMysqlQuery = (sql: string) => PromiseLike<unknown>;

/** Where the fences are. */
export interface MysqlFencesOptions {
  /** The table. Default: `"baton_fences"`. */
  table?: string | undefined;
}

/**
 * The statement that makes the table, in the database that is to be written to, be the leases there
 * or not. Running it again changes nothing. The user that writes needs SELECT, INSERT and UPDATE on
 * it. It needs a server that enforces CHECK: MySQL 8.0.16, MariaDB 10.2; {@link migrateMysqlFences}
 * tries.
 *
 * @throws {InvalidArgument} when the table is not a plain name.
 */
export function mysqlFences(options: MysqlFencesOptions = {}): readonly string[] {
  const table = nameOf(options);
  // Bytes, so that no two names are one.
  return [`create table if not exists ${table} (
  resource varbinary(512) not null primary key,
  token bigint not null,
  asked bigint not null,
  constraint ${`${STALE_CONSTRAINT}_${table}`.slice(0, 64)} check (asked >= token)
) engine = InnoDB`];
}

/**
 * Creates the table where it is missing, and tries whether it refuses.
 *
 * @throws {ConnectionError} where the role may not create tables, the branch takes none directly
 * (PlanetScale's safe migrations: deploy {@link mysqlFences}'s statement), a table of that name is
 * another's, or the server ignores CHECK constraints.
 */
export async function migrateMysqlFences(
  send: FenceMysqlQuery,
  options: MysqlFencesOptions = {},
): Promise<void> {
  const table = nameOf(options);
  const nonce = nonces();
  const query: FenceMysqlQuery = (sql) => send(stamped(sql, nonce()));
  try {
    if (await refuses(query, table)) return;
    for (const sql of mysqlFences(options)) await query(sql);
    if (await refuses(query, table)) return;
  } catch (error) {
    throw ddlError(error, "what `schema.ts mysql --fences` prints");
  }
  throw new ConnectionError(`The table ${table} was created, and then it was not there`);
}

/** Whether the table refuses, as it must; `false` when it is not there. */
async function refuses(query: FenceMysqlQuery, table: string): Promise<boolean> {
  try {
    // No resource has an empty name.
    await query(`insert into ${table} (resource, token, asked) values (x'', 2, 1)`);
  } catch (error) {
    if (isStale(error)) return true;
    if (errnoOf(error) === 1146) return false;
    if (errnoOf(error) === 1054) {
      throw new ConnectionError(
        `The table ${table} is there, but it is not Baton's; nothing was changed. Rename or drop ` +
          "it, or give Baton another name with { table }",
      );
    }
    throw error;
  }
  await query(`delete from ${table} where resource = x''`);
  throw new ConnectionError(
    `The table ${table} does not refuse stale tokens, for its server or session does not enforce ` +
      "CHECK constraints: use MySQL 8.0.16 or MariaDB 10.2 or later, with check_constraint_checks on",
  );
}

/**
 * Records the token as the first statement of a transaction that you have begun, or refuses it.
 * Errors other than the two below come through as they are, for you to retry by (1213, 1205).
 *
 * @example
 * ```ts
 * import { fenceMysql } from "@baton/baton/fencing";
 *
 * declare const lease: { token: number };
 * declare const client: { // @planetscale/database; with mysql2, begin and commit by yourself
 *   transaction<T>(work: (tx: { execute(sql: string): Promise<unknown> }) => Promise<T>): Promise<T>;
 * };
 *
 * await client.transaction(async (tx) => {
 *   await fenceMysql((sql) => tx.execute(sql), { resource: "account:42", token: lease.token });
 *   await tx.execute("update accounts set balance = balance - 10 where id = 42");
 * });
 * ```
 * @throws {StaleToken} when a greater token has been seen. MySQL would let the transaction go on, so
 * roll it back.
 * @throws {ConnectionError} when the database has no fences yet.
 */
export async function fenceMysql(
  query: FenceMysqlQuery,
  fence: Fence,
  options: MysqlFencesOptions = {},
): Promise<void> {
  const table = nameOf(options);
  checkFence(fence);
  const { resource, token } = fence;
  try {
    // The token never sinks, even where somebody has turned constraints off.
    const sql = `insert into ${table} (resource, token, asked)
values (${hex(resource)}, ${token}, ${token})
on duplicate key update token = greatest(token, values(token)), asked = values(asked)`;
    await query(stamped(sql, nonces()()));
  } catch (error) {
    if (isStale(error)) throw new StaleToken(fence, { cause: error });
    if ([1146, 1054].includes(errnoOf(error))) {
      throw new ConnectionError(
        `The database has no table ${table} of Baton's, so nothing was written: run ` +
          "migrateMysqlFences(), or what `schema.ts mysql --fences` prints",
        { cause: error },
      );
    }
    throw error;
  }
}

function nameOf({ table = "baton_fences" }: MysqlFencesOptions): string {
  return tableName(table);
}

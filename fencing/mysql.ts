/**
 * Fences in MySQL, MariaDB and PlanetScale: a table whose CHECK constraint refuses a token below
 * the highest that it has seen. It is a constraint because functions and triggers are not available
 * everywhere.
 *
 * **In a transaction**, with {@link fenceMysql} as its first statement. This form works for
 * everything. The fence's row is locked until the commit, so the writers of a resource take turns,
 * and each reads what the one before it has left.
 *
 * **In one statement**, for one row, with a column of your own (`fence bigint not null default 0`):
 *
 * ```sql
 * update accounts set balance = balance - 10, fence = ? where id = 42 and fence <= ?
 * ```
 *
 * If no row changed, the write was refused or there is no such row;
 * `select fence from accounts where id = 42` shows which. (A client that counts changed rows
 * instead of matched ones also says 0 if the row already had these values. Neither `mysql2` nor
 * PlanetScale does so by default.)
 *
 * **In one statement, for several rows**: join the table of fences. {@link fenceMysql} must have
 * made the resource's row in it before; the best time is right after you acquired the lock, because
 * this also shuts out the previous holder. A stale write fails with an error that `isStale()`
 * knows, and changes nothing:
 *
 * ```sql
 * update baton_fences f left join accounts a on a.owner = 7
 * set a.balance = a.balance - 10, f.token = greatest(f.token, ?), f.asked = ?
 * where f.resource = 'accounts of 7'
 * ```
 *
 * Do not use IGNORE: it turns the refusal into a warning.
 *
 * @module
 */

import { ConnectionError } from "../errors.ts";
import { ddlError, errnoOf } from "../drivers/mysql/errors.ts";
import { hex } from "../drivers/mysql/hex.ts";
import { stamped, tableName } from "../drivers/mysql/send.ts";
import { checkOptions } from "../drivers/kit/options.ts";
import { nonces } from "../drivers/kit/nonce.ts";
import { checkFence, type Fence } from "./fence.ts";
import { isStale, STALE_CONSTRAINT, StaleToken } from "./stale.ts";

/** Sends one statement, without parameters; rejects with the server's error. A `MysqlQuery` is one. */
export type FenceMysqlQuery = (sql: string, params: string[]) => PromiseLike<unknown>;

/** Where the fences are. */
export interface MysqlFencesOptions {
  /** The table. Default: `"baton_fences"`. */
  table?: string | undefined;
}

/**
 * The statement that creates the table. Run it in the database that you write to; the leases may be
 * elsewhere. Running it again changes nothing. The user that writes needs SELECT, INSERT and UPDATE
 * on the table. The server must enforce CHECK, as MySQL does from 8.0.16 and MariaDB from 10.2;
 * {@link migrateMysqlFences} tests that.
 *
 * @throws {InvalidArgument} when the table is not a plain name.
 */
export function mysqlFences(options: MysqlFencesOptions = {}): readonly string[] {
  const table = nameOf(options);
  // Bytes, so that no two names count as equal.
  return [`create table if not exists ${table} (
  resource varbinary(512) not null primary key,
  token bigint not null,
  asked bigint not null,
  constraint ${`${STALE_CONSTRAINT}_${table}`.slice(0, 64)} check (asked >= token)
) engine = InnoDB`];
}

/**
 * Creates the table if it is missing, and tests that it refuses a stale token.
 *
 * @throws {ConnectionError} when the role may not create tables; when the branch takes no tables
 * directly (PlanetScale's safe migrations: then deploy {@link mysqlFences}'s statement); when
 * another application has a table of that name; or when the server ignores CHECK constraints.
 */
export async function migrateMysqlFences(
  send: FenceMysqlQuery,
  options: MysqlFencesOptions = {},
): Promise<void> {
  const table = nameOf(options);
  const nonce = nonces();
  const query = (sql: string) => send(stamped(sql, nonce()), []);
  try {
    if (await refuses(query, table)) return;
    for (const sql of mysqlFences(options)) await query(sql);
    if (await refuses(query, table)) return;
  } catch (error) {
    throw ddlError(error, "what `npx baton-schema mysql --fences` prints");
  }
  throw new ConnectionError(
    `The table ${table} was created, but it is not there. Check that every request reaches the ` +
      "same database",
  );
}

/** Whether the table is there and refuses, as it must; `false` if it is missing. */
async function refuses(
  query: (sql: string) => PromiseLike<unknown>,
  table: string,
): Promise<boolean> {
  try {
    // No resource has an empty name.
    await query(`insert into ${table} (resource, token, asked) values (x'', 2, 1)`);
  } catch (error) {
    if (isStale(error)) return true;
    if (errnoOf(error) === 1146) return false;
    if (errnoOf(error) === 1054) {
      throw new ConnectionError(
        `The table ${table} exists, but it is not Baton's; nothing was changed. Rename or drop ` +
          "it, or give Baton another name with { table }",
      );
    }
    throw error;
  }
  await query(`delete from ${table} where resource = x''`);
  throw new ConnectionError(
    `The table ${table} does not refuse stale tokens, because its server or session does not enforce ` +
      "CHECK constraints. Use MySQL 8.0.16 or MariaDB 10.2 or later, with check_constraint_checks on",
  );
}

/**
 * Records the token, or refuses it, as the first statement of a transaction that you have begun.
 * Other errors than the two below come through unchanged, so that you can decide about a retry
 * (1213, 1205).
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
 * @throws {StaleToken} when the database has seen a greater token. MySQL would let the transaction
 * go on, so roll it back.
 * @throws {ConnectionError} when the database has no table of fences yet.
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
    // The token never decreases, even if somebody has turned constraints off.
    const sql = `insert into ${table} (resource, token, asked)
values (${hex(resource)}, ${token}, ${token})
on duplicate key update token = greatest(token, values(token)), asked = values(asked)`;
    await query(stamped(sql, nonces()()), []);
  } catch (error) {
    if (isStale(error)) throw new StaleToken(fence, { cause: error });
    if ([1146, 1054].includes(errnoOf(error))) {
      throw new ConnectionError(
        `The database has no table ${table} of Baton's, so nothing was written. Run ` +
          "migrateMysqlFences(), or the SQL that `npx baton-schema mysql --fences` prints",
        { cause: error },
      );
    }
    throw error;
  }
}

function nameOf(options: MysqlFencesOptions): string {
  checkOptions(options, "table");
  return tableName(options.table ?? "baton_fences");
}

/**
 * Fences in PostgreSQL: a function in the database that records a token, and raises an error if it
 * has seen a greater one. The error undoes the whole statement, or the whole transaction, so no
 * stale write stays. The fence's row is locked until the commit, so the writers of a resource take
 * turns.
 *
 * **In a transaction**, as its first statement. This form works for everything:
 *
 * ```sql
 * begin;
 * select baton.fence_1('account:42', $1);
 * -- anything
 * commit;
 * ```
 *
 * **In one statement**, as a sub-select in its WHERE. PostgreSQL evaluates it once and first, even
 * if no row matches:
 *
 * ```sql
 * update accounts set balance = balance - 10
 * where id = 42 and (select baton.fence_1('account:42', $1));
 *
 * insert into charges (account, amount)
 * select 42, 10 where (select baton.fence_1('account:42', $1));
 * ```
 *
 * A single statement sees the database as it was when the statement began. It does not see what the
 * writer before it committed while it waited for the fence. It updates the newest version of a row,
 * but a `not exists (…)` or a sum may miss rows. If your write depends on such a read, use the
 * transaction under READ COMMITTED (the default): every statement after the fence sees all of it.
 * Stricter levels fail with SQLSTATE 40001 instead; then run the transaction again.
 *
 * **Do not use these**, because the write then goes through unfenced:
 * `exists (select baton.fence_1(…))`, `… or baton.fence_1(…)` and a
 * `with fence as (select baton.fence_1(…))` that the statement does not read from, where PostgreSQL
 * skips the call; and a `select baton.fence_1(…)` that is a transaction of its own. Without the
 * sub-select, `where id = 42 and baton.fence_1(…)` is safe, but PostgreSQL calls it for each row.
 * If no row matches it is not called, and nothing is recorded.
 *
 * @module
 */

import { ConnectionError } from "../errors.ts";
import { checkOptions } from "../drivers/kit/options.ts";
import { nonces } from "../drivers/kit/nonce.ts";
import { migrateBy } from "../drivers/postgres/migration.ts";
import { schemaName } from "../drivers/postgres/send.ts";
import { checkFence, type Fence } from "./fence.ts";
import { isStale, STALE_SQLSTATE, StaleToken } from "./stale.ts";

/**
 * Sends one statement with its parameters; rejects with the server's error, whose `code` is the
 * SQLSTATE.
 */
export type FencePostgresQuery = (text: string, params: string[]) => PromiseLike<unknown>;

/** Where the fences are. */
export interface PostgresFencesOptions {
  /** The Postgres schema; it is created when it is missing. Default: `"baton"`. */
  schema?: string | undefined;
}

/**
 * The statements that create the table `fences` and the function `fence_1`. Run them in the
 * database that you write to; the leases may be elsewhere. Running them again changes nothing. The
 * role that writes needs USAGE on the schema, and SELECT, INSERT and UPDATE on `fences`.
 *
 * @throws {InvalidArgument} when the schema is not a plain lower-case name.
 */
export function postgresFences(options: PostgresFencesOptions = {}): readonly string[] {
  const schema = nameOf(options);
  return [`create schema if not exists ${schema}`, table(schema), fence(schema)];
}

function nameOf(options: PostgresFencesOptions): string {
  checkOptions(options, "schema");
  return schemaName(options.schema);
}

/**
 * Creates what is missing, in one request and one transaction. Two of them at a time do no harm.
 *
 * @throws {ConnectionError} when the role may not create them; nothing was changed then.
 */
export async function migratePostgresFences(
  query: FencePostgresQuery,
  options: PostgresFencesOptions = {},
): Promise<void> {
  await migrateBy(query, postgresFences(options));
}

/**
 * Calls `fence_1` as the first statement of a transaction that you have begun. Other errors than
 * the two below come through unchanged, so that you can decide about a retry (40001, 40P01).
 *
 * @example
 * ```ts
 * import { fencePostgres } from "@baton/baton/fencing";
 * import { Pool } from "pg";
 *
 * declare const lease: { token: number };
 * const client = await new Pool({ connectionString: "postgresql://localhost/db" }).connect();
 * await client.query("begin");
 * try {
 *   await fencePostgres((text, params) => client.query(text, params), {
 *     resource: "account:42",
 *     token: lease.token,
 *   });
 *   await client.query("update accounts set balance = balance - 10 where id = 42");
 *   await client.query("commit");
 * } catch (error) {
 *   await client.query("rollback");
 *   throw error;
 * }
 * ```
 * @throws {StaleToken} when the database has seen a greater token. The transaction can then only be
 *   rolled back.
 * @throws {ConnectionError} when the database has no fences yet.
 */
export async function fencePostgres(
  query: FencePostgresQuery,
  fence: Fence,
  options: PostgresFencesOptions = {},
): Promise<void> {
  const name = `${nameOf(options)}.fence_1`;
  checkFence(fence);
  try {
    // The nonce makes each request different, so that no cache on the way answers with an old
    // reply.
    await query(`select ${name}($1, $2), $3::text`, [
      fence.resource,
      `${fence.token}`,
      nonces()(),
    ]);
  } catch (error) {
    if (isStale(error)) throw new StaleToken(fence, { cause: error });
    if (/^(3F000|42883|42P01)$/.test(String(Object(error).code))) {
      throw new ConnectionError(
        `The database has no ${name} or no table for it, so nothing was written. Run ` +
          "migratePostgresFences(), or the SQL that `npx baton-schema postgres --fences` prints",
        { cause: error },
      );
    }
    throw error;
  }
}

/** Text compares by bytes, so that no two names count as equal. */
const table = (schema: string): string =>
  `create table if not exists ${schema}.fences (
  resource text collate "C" primary key,
  token bigint not null
) with (fillfactor = 80)`;

/**
 * The row is written even if the token stays the same. So a transaction under REPEATABLE READ,
 * which could not see what it waited for, fails with 40001 instead of going on. The function is
 * VOLATILE, because a planner could otherwise call it at any time.
 */
const fence = (schema: string): string =>
  `create or replace function ${schema}.fence_1(text, bigint) returns boolean
language plpgsql volatile as $baton$
declare
  seen bigint;
begin
  -- A null would be neither recorded nor refused.
  if $1 is null or $2 is null or $2 < 1 then
    raise exception 'a fence needs the name of a resource, and a token from 1 on'
      using errcode = '22023';
  end if;
  insert into ${schema}.fences as old (resource, token) values ($1, $2)
  on conflict (resource) do update set token = $2 where old.token <= $2;
  if found then return true; end if;
  select token into seen from ${schema}.fences where resource = $1;
  raise exception 'stale fencing token % for %: % has been seen', $2, quote_literal($1), seen
    using errcode = '${STALE_SQLSTATE}';
end $baton$`;

/**
 * Fences in SQLite, D1 and Turso: a table whose CHECK constraint refuses a token below the highest that it
 * has seen. {@link sqliteFence} is the statement that records a token, or fails. Put it first into the same
 * transaction as your writes: then a stale writer's batch fails as a whole, with an error that `isStale()`
 * knows, and writes nothing.
 *
 * - **D1**: into the same `batch()`, which is a transaction.
 * - **Turso**, `@libsql/client`: into the same `batch(…, "write")`.
 * - **node:sqlite**, `bun:sqlite`, better-sqlite3: between `begin immediate` and `commit`; when it throws,
 *   roll back.
 *
 * Sent by itself it protects nothing. For one row, a column of your own does as well, in one statement:
 *
 * ```sql
 * update accounts set balance = balance - 10, fence = ?1 where id = 42 and fence <= ?1
 * ```
 *
 * @module
 */

import { nonces } from "../drivers/kit/nonce.ts";
import type { SqliteBatch, SqliteStatement } from "../drivers/sqlite/send.ts";
import { checkFence, type Fence } from "./fence.ts";
import { STALE_CONSTRAINT } from "./stale.ts";

/** Sends statements in one transaction: `d1Query(env.DB)`, `tursoQuery({ url })`, or a client's batch. */
export type FenceSqliteQuery = SqliteBatch;

/**
 * The statement that creates the table. Run it in the database that you write to; the leases may be
 * elsewhere. Running it again changes nothing.
 */
export function sqliteFences(): readonly string[] {
  return [`create table if not exists baton_fences (
  resource text not null primary key, token integer not null, asked integer not null,
  constraint ${STALE_CONSTRAINT} check (asked >= token)
) strict, without rowid`];
}

/**
 * Creates the table if it is missing. Rejects with the error of `query`.
 *
 * @example
 * ```ts
 * import { d1Query, type D1Database } from "@baton/baton/drivers/d1";
 * import { migrateSqliteFences } from "@baton/baton/fencing";
 *
 * declare const env: { DB: D1Database };
 * await migrateSqliteFences(d1Query(env.DB));
 * ```
 */
export async function migrateSqliteFences(query: FenceSqliteQuery): Promise<void> {
  // It fails where a table of that name is somebody else's. No two requests are equal, for caches.
  const look = {
    sql: "select resource, token, asked, ?1 from baton_fences limit 0",
    args: [nonces()()],
  };
  await query([...sqliteFences().map((sql) => ({ sql, args: [] })), look]);
}

/**
 * The statement that records the token, or fails and undoes its transaction. It has the form that
 * `@libsql/client` takes.
 *
 * @example D1
 * ```ts
 * import type { D1Database } from "@baton/baton/drivers/d1";
 * import { isStale, sqliteFence } from "@baton/baton/fencing";
 *
 * declare const env: { DB: D1Database };
 * declare const lease: { token: number };
 *
 * const { sql, args } = sqliteFence({ resource: "account:42", token: lease.token });
 * try {
 *   await env.DB.batch([
 *     env.DB.prepare(sql).bind(...args),
 *     env.DB.prepare("update accounts set balance = balance - 10 where id = ?").bind(42),
 *   ]);
 * } catch (error) {
 *   if (!isStale(error)) throw error;
 *   console.log("a later holder was here, and nothing was changed");
 * }
 * ```
 * @throws {InvalidArgument} when no lease can have the token, or no backend could keep the name.
 */
export function sqliteFence(fence: Fence): SqliteStatement {
  checkFence(fence);
  // The token never decreases, whatever a session does about constraints.
  const sql = `insert into baton_fences (resource, token, asked)
select ?1, cast(?2 as integer), cast(?2 as integer) where ?3 is not null
on conflict (resource) do update set token = max(token, excluded.token), asked = excluded.asked`;
  return { sql, args: [fence.resource, fence.token, nonces()()] };
}

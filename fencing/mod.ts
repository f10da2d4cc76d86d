/**
 * Lets a database refuse the write of a holder that is late. A lease is not mutual exclusion: a
 * holder that was paused past its ttl may still send a write. Its fencing token shows that it is
 * late. A fencing token is a number that grows with each grant. The database keeps the highest
 * token that it has seen, and refuses a write with a lower one, in the same atomic step as the
 * write.
 *
 * There are three rules:
 *
 * 1. One resource belongs to one lock, or to one slot of a cron job, because tokens of different
 *    ones cannot be compared. The tokens of a semaphore's holders, or of the readers of a shared
 *    lock, cannot be compared either.
 * 2. Every write to the resource checks the token, or the check is worth nothing.
 * 3. Equal tokens pass: a holder may write as often as it likes.
 *
 * The leases may live in another backend: a lock in Upstash can fence a table in Neon.
 *
 * @example Postgres. Create the function first, with `migratePostgresFences()` or
 * `deno run -A jsr:@baton/baton/schema postgres --fences --apply`:
 * ```ts
 * import { isStale } from "@baton/baton/fencing";
 *
 * declare const lease: { token: number };
 * declare function sql(parts: TemplateStringsArray, ...values: unknown[]): Promise<unknown>; // Neon
 *
 * try {
 *   await sql`update accounts set balance = balance - 10
 *     where id = 42 and (select baton.fence_1('account:42', ${lease.token}))`;
 * } catch (error) {
 *   if (isStale(error)) console.log("a later holder has been here; nothing was changed");
 *   else throw error;
 * }
 * ```
 *
 * @module
 */

export type { Fence } from "./fence.ts";
export { isStale, StaleToken } from "./stale.ts";
export { fencePostgres, migratePostgresFences, postgresFences } from "./postgres.ts";
export type { FencePostgresQuery, PostgresFencesOptions } from "./postgres.ts";
export { fenceMysql, migrateMysqlFences, mysqlFences } from "./mysql.ts";
export type { FenceMysqlQuery, MysqlFencesOptions } from "./mysql.ts";
export { migrateSqliteFences, sqliteFence, sqliteFences } from "./sqlite.ts";
export type { FenceSqliteQuery } from "./sqlite.ts";
export type { SqliteAnswer, SqliteRows, SqliteStatement } from "../drivers/sqlite/send.ts";
export { fencedRedis } from "./redis.ts";
export type { FencedRedis, RedisCommand, RedisFence } from "./redis.ts";

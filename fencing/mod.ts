/**
 * How a database refuses a holder that is late. A lease is not mutual exclusion: a holder that was
 * paused past its ttl may still send the write it was about to send. Its fencing token shows it: every
 * lease has a greater one than all before it, so what is written to keeps the highest token it has
 * seen, and refuses, in the same atomic step as the write, whatever comes with a lower one.
 *
 * Three rules. One resource belongs to one lock, or one slot of a cron, for the tokens of two do not
 * compare (nor do those of a semaphore's holders, or of the readers of a shared lock). Every write to
 * the resource checks, or the check is worth nothing. And equal tokens pass: a holder may write as
 * often as it likes.
 *
 * The leases may be kept elsewhere: a lock in Upstash can fence a table in Neon.
 *
 * @example Postgres, once the function is there (`migratePostgresFences()`, or
 * `deno run -A jsr:@baton/baton/schema postgres --fences --apply`):
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
export { fencedRedis } from "./redis.ts";
export type { FencedRedis, RedisCommand, RedisFence } from "./redis.ts";

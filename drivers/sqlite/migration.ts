/**
 * Makes the tables in a SQLite that is somewhere else, such as D1 and Turso. It is kept apart from the
 * drivers, because an edge function does not create tables. A file needs none of this: `sqlite()` makes its
 * tables by itself.
 *
 * @module
 */

import { ConnectionError } from "../../errors.ts";
import { nonces } from "../kit/nonce.ts";
import { SCHEMA, SCHEMA_VERSION } from "./schema.ts";
import type { SqliteBatch, SqliteStatement } from "./send.ts";

export type { SqliteAnswer, SqliteBatch, SqliteRows, SqliteStatement } from "./send.ts";

/**
 * The statements that make the tables `baton_leases` and `baton_state`. Running them again changes nothing.
 */
export function schema(): readonly string[] {
  return SCHEMA;
}

/**
 * Creates what is missing, in one request and one transaction; two at once do no harm.
 *
 * @param query What sends statements to the database: `d1Query(env.DB)`, or `tursoQuery({ url })`.
 * @example
 * ```ts
 * import { d1Query, type D1Database } from "@baton/baton/drivers/d1";
 * import { migrate } from "@baton/baton/schema/sqlite";
 *
 * declare const env: { DB: D1Database };
 * await migrate(d1Query(env.DB));
 * ```
 * @throws {ConnectionError} when the database refuses, or has tables of these names that are not of this
 *   version; nothing was changed then.
 */
export async function migrate(query: SqliteBatch): Promise<void> {
  const statements = [...SCHEMA, LOOK].map((sql): SqliteStatement => ({ sql, args: [] }));
  // The nonce makes each request different, so that no cache on the way answers with an old reply.
  const answers = await query([...statements, { sql: VERSION, args: [nonces()()] }]);
  const version = answers.at(-1)?.rows[0]?.["version"];
  if (Number(version) === SCHEMA_VERSION) return;
  throw new ConnectionError(
    `The database has version ${Number(version)} of Baton's tables, but this Baton knows version ` +
      `${SCHEMA_VERSION}; nothing was changed. Update Baton here`,
  );
}

/** These fail where the tables are not Baton's. */
const LOOK = "select resource, seat, id, token, value, expires from baton_leases limit 0";
const VERSION = "select version, last, swept_resource, swept_seat, ?1 as nonce from baton_state";

/**
 * Makes the tables in a SQLite that is somewhere else, such as D1 and Turso. It is kept apart from the
 * drivers, because an edge function does not create tables. A file needs none of this: `sqlite()` makes its
 * tables by itself.
 *
 * @module
 */

import { ConnectionError } from "../../errors.ts";
import { SCHEMA, SCHEMA_VERSION } from "./schema.ts";
import type { SqliteBatch } from "./send.ts";

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
  const answers = await query([...SCHEMA, ...LOOKS].map((sql) => ({ sql, args: [] })));
  const version = answers.at(-1)?.rows[0]?.["version"];
  if (Number(version) === SCHEMA_VERSION) return;
  throw new ConnectionError(
    `The database has version ${Number(version)} of Baton's tables, but this Baton knows version ` +
      `${SCHEMA_VERSION}; nothing was changed. Update Baton here`,
  );
}

/** They fail where the tables are not Baton's, and the last one answers their version. */
const LOOKS = [
  "select resource, seat, id, token, value, expires from baton_leases limit 0",
  "select version, last, swept_resource, swept_seat from baton_state",
];

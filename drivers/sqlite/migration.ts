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
  const LOOKS = [
    "select resource, seat, id, token, value, expires from baton_leases limit 0",
    "select version, last, swept_resource, swept_seat from baton_state",
  ];
  try {
    const answers = await query([...SCHEMA, ...LOOKS].map((sql) => ({ sql, args: [] })));
    const version = Number(answers.at(-1)?.rows[0]?.["version"]);
    if (version !== SCHEMA_VERSION) throw otherTables(`of version ${version}`);
  } catch (error) {
    if (!/has no column|no such column|columns but/.test(Object(error).message)) throw error;
    throw otherTables("not Baton's");
  }
}

function otherTables(what: string): ConnectionError {
  return new ConnectionError(
    `The tables baton_leases and baton_state are there, but they are ${what}, and this Baton knows version ` +
      `${SCHEMA_VERSION}; nothing was changed. Update Baton here, or rename or drop them`,
  );
}

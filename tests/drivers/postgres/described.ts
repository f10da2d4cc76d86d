/**
 * What there is in a schema of Baton's on Postgres.
 *
 * @module
 */

import type { PostgresServer } from "../../servers/postgres.ts";

/** A text for each function, index, view and column, in the same order and words for every schema. */
export async function described(server: PostgresServer, schema: string): Promise<string[]> {
  const rows = await server.query(
    `select proname as name, pg_get_functiondef(oid) as text from pg_proc
      where pronamespace = $1::text::regnamespace
      union select indexname, indexdef from pg_indexes where schemaname = $1::text
      union select viewname, definition from pg_views where schemaname = $1::text
      union select column_name, data_type || is_nullable || coalesce(collation_name, '')
        from information_schema.columns where table_schema = $1::text order by 1, 2`,
    [schema],
  );
  return rows.map((row) => JSON.stringify(row).replaceAll(`${schema}.`, ""));
}

/**
 * What the Postgres driver needs in the database: a table, and the functions of `./functions.ts`. Kept
 * apart from the driver, for an edge function does not create tables.
 *
 * Names carry the version that brought them, and what has a name is never changed: so `migrate()` of an
 * older Baton undoes nothing, and an older Baton works on beside a newer one. Migrate first, then deploy:
 * a newer Baton does nothing before its functions are there.
 *
 * @module
 */

import { checkOptions } from "../kit/options.ts";
import { rpc } from "./apply.ts";
import { functions } from "./functions.ts";
import { migrateBy } from "./migration.ts";
import { type PostgresQuery, schemaName } from "./send.ts";

/** Where Baton's table lives. */
export interface PostgresSchemaOptions {
  /** The Postgres schema; it is created when it is missing. Default: `"baton"`. */
  schema?: string | undefined;
  /**
   * Whether to make the function that Supabase's `rpc()` calls, too; see `docs/clients.md`. The role
   * `service_role` must be there. Default: false.
   */
  rpc?: boolean | undefined;
}

/**
 * The statements that make the table and the functions, to be run one by one by a role that may
 * create schemas. Running them again changes nothing. The role that the driver connects with needs
 * USAGE on the schema, and SELECT, INSERT, UPDATE and DELETE on its table `leases`.
 *
 * @throws {InvalidArgument} when the schema is not a plain lower-case name.
 */
export function schema(options: PostgresSchemaOptions = {}): readonly string[] {
  checkOptions(options, "schema rpc?");
  const schema = schemaName(options.schema);
  return [
    `create schema if not exists ${schema}`,
    table(schema),
    onlyOnce(`${schema}.leases_by_hour`, `create index leases_by_hour on ${schema}.leases (hour)`),
    ...functions(schema),
    ...options.rpc ? rpc(schema) : [],
  ];
}

/**
 * Creates what is missing, in one request and one transaction; two at once do no harm.
 *
 * @throws {ConnectionError} where the role may not, and nothing was changed.
 */
export async function migrate(
  query: PostgresQuery,
  options: PostgresSchemaOptions = {},
): Promise<void> {
  await migrateBy(query, schema(options));
}

/** What would lock the table against its writers even where it changed nothing. */
const onlyOnce = (name: string, sql: string): string =>
  `do $once$ begin
if to_regclass('${name}') is null then
execute $sql$${sql}$sql$;
end if;
end $once$`;

/** Text compares by bytes, so that no two names are one; a released lease keeps its row and token. */
const table = (schema: string): string =>
  `create table if not exists ${schema}.leases (
  resource text collate "C" not null,
  seat text collate "C" not null,
  id text collate "C" not null,
  token bigint not null,
  value text not null,
  expires timestamptz not null,
  -- What clean-up searches. Whole hours, so that a renewal seldom changes an indexed column, which
  -- would cost an index entry each time.
  hour timestamp generated always as (date_trunc('hour', expires at time zone 'UTC')) stored,
  primary key (resource, seat)
) with (fillfactor = 80)`;

/**
 * The tables of every SQLite that Baton uses: a file, the storage of a Durable Object, D1 and libSQL.
 * Their names begin with `baton_`, because some of these databases hold tables of the user's, too.
 *
 * There is no index on `expires`. It would double the rows that a renewal writes, and some of these
 * databases bill them.
 *
 * @module
 */

/**
 * The version of the tables. It stands in a row, because D1 forbids `pragma user_version`. It is raised
 * when code that knows only an older version would misread or damage the tables.
 */
export const SCHEMA_VERSION = 1;

/**
 * The statements that create the tables, one by one, because not every one of these databases runs
 * several at once. They may be run again: what is there stays as it is.
 */
export const SCHEMA: readonly string[] = [
  `create table if not exists baton_leases (
  resource text not null, seat text not null, id text not null, token integer not null,
  value text not null, expires integer, primary key (resource, seat)
) strict, without rowid`,
  // One row: the version of the tables, the last token that was given, and the place after which the
  // next sweep looks for dead rows. Sweeps go round all rows, a few at a time. Those next to the granted
  // one would not do: where old names sort elsewhere than new ones, dead rows would stay for ever.
  `create table if not exists baton_state (
  one integer primary key check (one = 1), version integer not null, last integer not null,
  swept_resource text not null, swept_seat text not null
) strict`,
  `insert or ignore into baton_state values (1, ${SCHEMA_VERSION}, 0, '', '')`,
];

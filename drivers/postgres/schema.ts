/**
 * What the Postgres driver needs in the database: a table, and functions that are a whole `apply`. Kept
 * apart from the driver, for an edge function does not create tables.
 *
 * Why functions and not statements: every statement inside them sees what was committed before it
 * began, so guards, takeovers and refusals are decided step by step within the one request and the
 * one commit; their plans stay prepared with the connection; and any way to send one statement, the
 * `pg` package or an HTTP API, is a transport.
 *
 * Names carry the version that brought them, and what has a name is never changed: so `migrate()` of an
 * older Baton undoes nothing, and an older Baton works on while a newer one starts. Version 2 brought
 * `list` (`list_2` and `apply_2`); everything else still goes to `apply_1`, so a newer Baton can start
 * before the migration, and lacks `list` alone until then.
 *
 * @module
 */

import { migrateBy } from "./migration.ts";
import { type PostgresQuery, schemaName } from "./send.ts";

/** Where Baton's table lives. */
export interface PostgresSchemaOptions {
  /** The Postgres schema; it is created when it is missing. Default: `"baton"`. */
  schema?: string | undefined;
}

/**
 * The statements that make the table and the functions, to be run one by one by a role that may
 * create schemas. Running them again changes nothing. The role that the driver connects with needs
 * USAGE on the schema, and SELECT, INSERT, UPDATE and DELETE on ALL TABLES in it, for a view is among
 * them.
 *
 * @throws {InvalidArgument} when the schema is not a plain lower-case name.
 */
export function schema(options: PostgresSchemaOptions = {}): readonly string[] {
  const schema = schemaName(options.schema);
  return [
    `create schema if not exists ${schema}`,
    table(schema),
    onlyOnce(`${schema}.leases_by_hour`, `create index leases_by_hour on ${schema}.leases (hour)`),
    onlyOnce(`${schema}.live_1`, live(schema)),
    blockers(schema),
    sweep(schema),
    acquire(schema),
    release(schema),
    apply(schema),
    list(schema),
    applyWithLists(schema),
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

/**
 * What takes locks even where it would change nothing: on a table, against its writers, and on a view,
 * against its readers. Both in one transaction would deadlock with a batch that reads and then writes.
 */
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

/** A lease as it is answered; its time left is rounded up. */
const LEASE = `jsonb_build_array(seat, id, token, value,
  case when expires <> 'infinity'
    then greatest(1, ceil(extract(epoch from expires - clock_timestamp()) * 1000)) end)`;

/** Live leases by the clock of this very moment, not of the statement's or transaction's begin. */
const live = (schema: string): string =>
  `create view ${schema}.live_1 as
select resource, seat, id, ${LEASE} as lease
from ${schema}.leases where expires > clock_timestamp()`;

/** Who makes the guard fail; null when it holds. */
const blockers = (schema: string): string =>
  `create or replace function ${schema}.blockers_1(guard jsonb) returns jsonb
language plpgsql volatile as $baton$
declare
  held constant boolean := guard->>'when' = 'held';
  there jsonb;
begin
  if guard is null then
    return null;
  elsif guard->>'seat' is not null then
    select jsonb_agg(lease) into there from ${schema}.live_1
    where resource = guard->>'resource' and seat = guard->>'seat';
  else
    select jsonb_agg(each.lease) into there from (
      select lease from ${schema}.live_1 where resource = guard->>'resource'
      limit case when held then 1 end) each;
  end if;
  return case when not held then there when there is null then '[]'::jsonb end;
end $baton$`;

/**
 * Deletes dead rows, a bounded number, without waiting for anyone. Their tokens need not be
 * remembered once the clock is an hour past them: the next token of the seat is then the clock's.
 * By the time of the transaction's begin: an index serves no search by the clock of every moment.
 */
const sweep = (schema: string): string =>
  `create or replace function ${schema}.sweep_1() returns void
language sql volatile as $baton$
delete from ${schema}.leases where ctid = any (array(
  select ctid from ${schema}.leases
  where hour < (now() at time zone 'UTC') - interval '2 hours'
    and token < extract(epoch from now()) * 1000 - 3600000
  limit 128 for update skip locked))
$baton$`;

/** Answers [granted, leases]. */
const acquire = (schema: string): string =>
  `create or replace function ${schema}.acquire_1(
  at text, place text, who text, ttl float8, what text, guard jsonb) returns jsonb
language plpgsql volatile as $baton$
declare
  there jsonb;
  fence bigint;
begin
  loop
    select jsonb_build_array(id = who, jsonb_build_array(lease)) into there
    from ${schema}.live_1 where resource = at and seat = place;
    if found then return there; end if;
    there := ${schema}.blockers_1(guard);
    if there is not null then return jsonb_build_array(false, there); end if;
    -- One winner: the others wait for the row's lock, find it live and go round again. The new end
    -- is computed after that wait; with EXCLUDED's a short lease would begin expired.
    insert into ${schema}.leases as old (resource, seat, id, token, value, expires)
    values (at, place, who, floor(extract(epoch from clock_timestamp()) * 1000), what,
      coalesce(clock_timestamp() + ttl * interval '1 ms', 'infinity'))
    on conflict (resource, seat) do update set id = who, value = what,
      token = greatest(old.token + 1, excluded.token),
      expires = coalesce(clock_timestamp() + ttl * interval '1 ms', 'infinity')
    where old.expires <= clock_timestamp()
    returning token into fence;
    if found then
      if fence % 64 = 0 then perform ${schema}.sweep_1(); end if;
      return jsonb_build_array(true,
        jsonb_build_array(jsonb_build_array(place, who, fence, what, ttl)));
    end if;
  end loop;
end $baton$`;

/** Answers [released, leases]; without `who`, the seat's holder loses it, whatever its id. */
const release = (schema: string): string =>
  `create or replace function ${schema}.release_1(
  at text, place text, who text, guard jsonb) returns jsonb
language plpgsql volatile as $baton$
declare
  there jsonb;
  holder text;
begin
  loop
    select id, jsonb_build_array(lease) into holder, there
    from ${schema}.live_1 where resource = at and seat = place;
    if not found then return '[false, []]'; end if;
    if holder <> who then return jsonb_build_array(false, there); end if;
    there := ${schema}.blockers_1(guard);
    if there is not null then return jsonb_build_array(false, there); end if;
    -- The row stays, for its token. Whoever changed it meanwhile is looked at again.
    update ${schema}.leases set id = '', value = '', expires = clock_timestamp()
    where resource = at and seat = place and id = holder and expires > clock_timestamp();
    if found then return '[true, []]'; end if;
  end loop;
end $baton$`;

/** The whole of one request without a list. */
const apply = (schema: string): string =>
  `create or replace function ${schema}.apply_1(request text) returns text
language plpgsql volatile as $baton$
declare
  batch constant jsonb := request::jsonb;
  answers jsonb[] := '{}';
  answer jsonb;
  lock jsonb;
  it record;
begin
  -- Any other level would show every statement the state of before we waited for a lock.
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'Baton needs the isolation level read committed' using errcode = 'BT001';
  elsif pg_is_in_recovery() then
    raise exception 'Baton needs the primary, and this is a replica' using errcode = 'BT001';
  elsif current_setting('synchronous_commit') = 'off' then
    -- An acknowledged lease must survive a crash.
    perform set_config('synchronous_commit', 'on', true);
  end if;

  -- A guard that looks at what another operation is writing would miss it. The locks of all guarded
  -- operations come sorted from the driver, so that two batches never wait for each other.
  for lock in select value from jsonb_array_elements(batch->'locks') loop
    if (lock->>1)::boolean then
      perform pg_advisory_xact_lock(hashtextextended(lock->>0, 7366140));
    else
      perform pg_advisory_xact_lock_shared(hashtextextended(lock->>0, 7366140));
    end if;
  end loop;

  -- So do the rows of operations that must run as they are given.
  for lock in select value from jsonb_array_elements(batch->'rows') loop
    perform from ${schema}.leases where resource = lock->>0 and seat = lock->>1 for update;
  end loop;

  for it in select * from jsonb_to_recordset(batch->'ops') as each(
    op text, resource text, seat text, id text, ttl float8, value text, guard jsonb) loop
    case it.op
      when 'acquire' then
        answer := ${schema}.acquire_1(it.resource, it.seat, it.id, it.ttl, it.value, it.guard);
      when 'renew' then
        update ${schema}.leases set value = coalesce(it.value, value),
          expires = coalesce(clock_timestamp() + it.ttl * interval '1 ms', 'infinity')
        where resource = it.resource and seat = it.seat and id = it.id
          and expires > clock_timestamp();
        answer := jsonb_build_array(found, '[]'::jsonb);
      when 'release' then
        answer := ${schema}.release_1(it.resource, it.seat, it.id, it.guard);
      else
        if it.seat is null then
          select jsonb_agg(lease) into answer from ${schema}.live_1 where resource = it.resource;
        else
          select jsonb_agg(lease) into answer from ${schema}.live_1
          where resource = it.resource and seat = it.seat;
        end if;
        answer := jsonb_build_array(true, coalesce(answer, '[]'::jsonb));
    end case;
    answers := answers || answer;
  end loop;
  return to_jsonb(answers)::text;
end $baton$`;

/**
 * A page of live leases, each with its resource, in the order of the key. Both ends of the range are
 * plain conditions on the key, so that it is read from where the page begins, and no further than it
 * goes. Life is decided by the clock of before the look: a lease that is renewed while we look was live
 * then, and is seen as it was before its renewal.
 */
const list = (schema: string): string => {
  const scan = (end: string) =>
    `select jsonb_agg(lease || to_jsonb(resource) order by resource, seat) into found from (
      select resource, seat, ${LEASE} as lease from ${schema}.leases
      where (resource, seat) >= (at collate "C", place collate "C") ${end}
        and not (again and resource = at and seat = place) and expires > since
      order by resource, seat limit most) page;`;
  return `create or replace function ${schema}.list_2(
  at text, place text, again boolean, stop text, most int) returns jsonb
language plpgsql volatile as $baton$
declare
  since constant timestamptz := clock_timestamp();
  found jsonb;
begin
  if stop is null then
    ${scan("")}
  else
    ${scan('and resource < stop collate "C"')}
  end if;
  return jsonb_build_array(true, coalesce(found, '[]'::jsonb));
end $baton$`;
};

/** The whole of one request with a list: its locks are taken at once, its operations run one by one. */
const applyWithLists = (schema: string): string =>
  `create or replace function ${schema}.apply_2(request text) returns text
language plpgsql volatile as $baton$
declare
  batch constant jsonb := request::jsonb;
  answers jsonb := '[]';
  it jsonb;
begin
  perform ${schema}.apply_1((batch || '{"ops": []}')::text);
  for it in select value from jsonb_array_elements(batch->'ops') loop
    if it->>'op' = 'list' then
      answers := answers || jsonb_build_array(${schema}.list_2(it->>'resource', it->>'seat',
        (it->>'again')::boolean, it->>'stop', (it->>'limit')::int));
    else
      answers := answers || ${schema}.apply_1(jsonb_build_object('ops', jsonb_build_array(it))::text)::jsonb;
    end if;
  end loop;
  return answers::text;
end $baton$`;

create schema if not exists baton;

create table if not exists baton.leases (
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
) with (fillfactor = 80);

create index if not exists leases_by_hour on baton.leases (hour);

create or replace view baton.live_1 as
select resource, seat, id, jsonb_build_array(seat, id, token, value,
  case when expires <> 'infinity'
    then greatest(1, ceil(extract(epoch from expires - clock_timestamp()) * 1000)) end) as lease
from baton.leases where expires > clock_timestamp();

create or replace function baton.blockers_1(guard jsonb) returns jsonb
language plpgsql volatile as $baton$
declare
  held constant boolean := guard->>'when' = 'held';
  there jsonb;
begin
  if guard is null then
    return null;
  elsif guard->>'seat' is not null then
    select jsonb_agg(lease) into there from baton.live_1
    where resource = guard->>'resource' and seat = guard->>'seat';
  else
    select jsonb_agg(each.lease) into there from (
      select lease from baton.live_1 where resource = guard->>'resource'
      limit case when held then 1 end) each;
  end if;
  return case when not held then there when there is null then '[]'::jsonb end;
end $baton$;

create or replace function baton.sweep_1() returns void
language sql volatile as $baton$
delete from baton.leases where ctid = any (array(
  select ctid from baton.leases
  where hour < (now() at time zone 'UTC') - interval '2 hours'
    and token < extract(epoch from now()) * 1000 - 3600000
  limit 128 for update skip locked))
$baton$;

create or replace function baton.acquire_1(
  at text, place text, who text, ttl float8, what text, guard jsonb) returns jsonb
language plpgsql volatile as $baton$
declare
  there jsonb;
  fence bigint;
begin
  loop
    select jsonb_build_array(id = who, jsonb_build_array(lease)) into there
    from baton.live_1 where resource = at and seat = place;
    if found then return there; end if;
    there := baton.blockers_1(guard);
    if there is not null then return jsonb_build_array(false, there); end if;
    -- One winner: the others wait for the row's lock, find it live and go round again. The new end
    -- is computed after that wait; with EXCLUDED's a short lease would begin expired.
    insert into baton.leases as old (resource, seat, id, token, value, expires)
    values (at, place, who, floor(extract(epoch from clock_timestamp()) * 1000), what,
      coalesce(clock_timestamp() + ttl * interval '1 ms', 'infinity'))
    on conflict (resource, seat) do update set id = who, value = what,
      token = greatest(old.token + 1, excluded.token),
      expires = coalesce(clock_timestamp() + ttl * interval '1 ms', 'infinity')
    where old.expires <= clock_timestamp()
    returning token into fence;
    if found then
      if fence % 64 = 0 then perform baton.sweep_1(); end if;
      return jsonb_build_array(true,
        jsonb_build_array(jsonb_build_array(place, who, fence, what, ttl)));
    end if;
  end loop;
end $baton$;

create or replace function baton.release_1(
  at text, place text, who text, guard jsonb) returns jsonb
language plpgsql volatile as $baton$
declare
  there jsonb;
  holder text;
begin
  loop
    select id, jsonb_build_array(lease) into holder, there
    from baton.live_1 where resource = at and seat = place;
    if not found then return '[false, []]'; end if;
    if holder <> who then return jsonb_build_array(false, there); end if;
    there := baton.blockers_1(guard);
    if there is not null then return jsonb_build_array(false, there); end if;
    -- The row stays, for its token. Whoever changed it meanwhile is looked at again.
    update baton.leases set id = '', value = '', expires = clock_timestamp()
    where resource = at and seat = place and id = holder and expires > clock_timestamp();
    if found then return '[true, []]'; end if;
  end loop;
end $baton$;

create or replace function baton.apply_1(request text) returns text
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
    perform from baton.leases where resource = lock->>0 and seat = lock->>1 for update;
  end loop;

  for it in select * from jsonb_to_recordset(batch->'ops') as each(
    op text, resource text, seat text, id text, ttl float8, value text, guard jsonb) loop
    case it.op
      when 'acquire' then
        answer := baton.acquire_1(it.resource, it.seat, it.id, it.ttl, it.value, it.guard);
      when 'renew' then
        update baton.leases set value = coalesce(it.value, value),
          expires = coalesce(clock_timestamp() + it.ttl * interval '1 ms', 'infinity')
        where resource = it.resource and seat = it.seat and id = it.id
          and expires > clock_timestamp();
        answer := jsonb_build_array(found, '[]'::jsonb);
      when 'release' then
        answer := baton.release_1(it.resource, it.seat, it.id, it.guard);
      else
        if it.seat is null then
          select jsonb_agg(lease) into answer from baton.live_1 where resource = it.resource;
        else
          select jsonb_agg(lease) into answer from baton.live_1
          where resource = it.resource and seat = it.seat;
        end if;
        answer := jsonb_build_array(true, coalesce(answer, '[]'::jsonb));
    end case;
    answers := answers || answer;
  end loop;
  return to_jsonb(answers)::text;
end $baton$;

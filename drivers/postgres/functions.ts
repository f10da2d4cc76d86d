/**
 * The functions in the database that are a whole `apply`.
 *
 * Why functions and not statements: every statement inside them sees what was committed before it
 * began, so guards, takeovers and refusals are decided step by step within the one request and the
 * one commit; their plans stay prepared with the connection; and any way to send one statement, the
 * `pg` package or an HTTP API, is a transport.
 *
 * What a decision rests on must not change until others see the decision, and a commit can take seconds
 * (a standby that does not answer). So:
 *
 * - A function that changes a row locks it first and reads the clock then. A renewal that has waited is too late
 *   if its lease has ended meanwhile.
 * - A lease that has ended by the clock may be under renewal by a transaction whose commit is still to
 *   come. Before a function answers that it has ended, it ends it in writing ({@link bury}). That waits for such
 *   a renewal; then the function looks again. Each lease is buried once at most, and one that was released never.
 * - What a guard looks at is locked against those who acquire and release there, by the advisory locks
 *   that every acquisition and release takes.
 *
 * @module
 */

import { apply } from "./apply.ts";

/** The statements that make version 3 of the functions, in the order in which they need each other. */
export function functions(schema: string): readonly string[] {
  return [
    sweep(schema),
    bury(schema),
    look(schema),
    blockers(schema),
    acquire(schema),
    release(schema),
    renew(schema),
    last(schema),
    list(schema),
    lock(schema),
    apply(schema),
  ];
}

/** A lease as it is answered; its time left is rounded up. */
const LEASE = `jsonb_build_array(seat, id, token, value,
  case when expires <> 'infinity'
    then greatest(1, ceil(extract(epoch from expires - clock_timestamp()) * 1000)) end)`;

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

/** Ends in writing what has ended by the clock, of one seat or of all; it waits for those who change it. */
const bury = (schema: string): string =>
  `create or replace function ${schema}.bury_3(at text, place text) returns void
language plpgsql volatile as $baton$
begin
  if place is null then
    -- Locked in the order of the key first, so that two who bury do not wait for each other.
    perform from ${schema}.leases
    where resource = at and id <> '' and expires <= clock_timestamp()
    order by seat for no key update;
    update ${schema}.leases set id = '', value = ''
    where resource = at and id <> '' and expires <= clock_timestamp();
  else
    update ${schema}.leases set id = '', value = ''
    where resource = at and seat = place and id <> '' and expires <= clock_timestamp();
  end if;
end $baton$`;

/** The live leases of one seat, or of all; null when there is none. They all lived at one instant. */
const look = (schema: string): string => {
  const read = (seat: string): string =>
    `select jsonb_agg(${LEASE}) filter (where expires > since), min(expires)
      into there, ends from ${schema}.leases where resource = at ${seat} and id <> '';`;
  return `create or replace function ${schema}.look_3(at text, place text) returns jsonb
language plpgsql volatile as $baton$
declare
  since timestamptz;
  ends timestamptz;
  there jsonb;
begin
  loop
    since := clock_timestamp();
    if place is null then
      ${read("")}
    else
      ${read("and seat = place")}
    end if;
    -- None has ended while we looked, either.
    exit when ends is null or ends > clock_timestamp();
    perform ${schema}.bury_3(at, place);
  end loop;
  return there;
end $baton$`;
};

/** Who makes the guard fail; null when it holds. */
const blockers = (schema: string): string =>
  `create or replace function ${schema}.blockers_3(guard jsonb) returns jsonb
language plpgsql volatile as $baton$
declare
  there jsonb;
begin
  if guard is null then return null; end if;
  there := ${schema}.look_3(guard->>'resource', guard->>'seat');
  if guard->>'when' <> 'held' then return there; end if;
  return case when there is null then '[]'::jsonb end;
end $baton$`;

/**
 * Answers [granted, leases]. A refusal writes and locks nothing, for those who wait ask again and again.
 * A seat that looks vacant is locked without waiting, so that what was seen of it and of the guard still
 * stands; where that fails, it is looked at again after the wait.
 */
const acquire = (schema: string): string =>
  `create or replace function ${schema}.acquire_3(
  at text, place text, who text, ttl float8, what text, guard jsonb) returns jsonb
language plpgsql volatile as $baton$
declare
  since timestamptz;
  old record;
  there jsonb;
  fence bigint;
begin
  loop
    since := clock_timestamp();
    select id, token, expires, ${LEASE} as lease into old
    from ${schema}.leases where resource = at and seat = place;
    if found and old.id <> '' and old.expires > since then
      return jsonb_build_array(old.id = who, jsonb_build_array(old.lease));
    end if;
    there := ${schema}.blockers_3(guard);
    if there is not null then
      -- That is the answer of a vacant seat: it was vacant before the look at the guard, and is still.
      if old.id <> '' then
        perform ${schema}.bury_3(at, place);
      elsif not exists (select from ${schema}.leases
        where resource = at and seat = place and token is distinct from old.token) then
        return jsonb_build_array(false, there);
      end if;
      continue;
    end if;
    if old.id is null then
      insert into ${schema}.leases (resource, seat, id, token, value, expires)
      values (at, place, who, floor(extract(epoch from clock_timestamp()) * 1000), what,
        coalesce(clock_timestamp() + ttl * interval '1 ms', 'infinity'))
      on conflict (resource, seat) do nothing returning token into fence;
    else
      perform from ${schema}.leases where resource = at and seat = place for update skip locked;
      if not found then
        perform from ${schema}.leases where resource = at and seat = place for update;
        continue;
      end if;
      update ${schema}.leases set id = who, value = what,
        token = greatest(token + 1, floor(extract(epoch from clock_timestamp()) * 1000)),
        expires = coalesce(clock_timestamp() + ttl * interval '1 ms', 'infinity')
      where resource = at and seat = place and (id = '' or expires <= clock_timestamp())
      returning token into fence;
    end if;
    if fence is not null then
      if fence % 64 = 0 then perform ${schema}.sweep_1(); end if;
      return jsonb_build_array(true,
        jsonb_build_array(jsonb_build_array(place, who, fence, what, ttl)));
    end if;
  end loop;
end $baton$`;

/** Answers [released, leases]; without `who`, the seat's holder loses it, whatever its id. */
const release = (schema: string): string =>
  `create or replace function ${schema}.release_3(
  at text, place text, who text, guard jsonb) returns jsonb
language plpgsql volatile as $baton$
declare
  old record;
  there jsonb;
begin
  loop
    select id, expires into old from ${schema}.leases
    where resource = at and seat = place for update;
    if not found or old.id = '' or old.expires <= clock_timestamp() then
      return '[false, []]';
    elsif old.id <> who then
      return jsonb_build_array(false, coalesce(${schema}.look_3(at, place), '[]'));
    end if;
    there := ${schema}.blockers_3(guard);
    if there is not null then return jsonb_build_array(false, there); end if;
    -- The row stays, for its token.
    update ${schema}.leases set id = '', value = '', expires = clock_timestamp()
    where resource = at and seat = place and expires > clock_timestamp();
    if found then return '[true, []]'; end if;
  end loop;
end $baton$`;

/** Answers [renewed, []]. */
const renew = (schema: string): string =>
  `create or replace function ${schema}.renew_3(
  at text, place text, who text, ttl float8, what text) returns jsonb
language plpgsql volatile as $baton$
begin
  perform from ${schema}.leases where resource = at and seat = place and id = who for update;
  update ${schema}.leases set value = coalesce(what, value),
    expires = coalesce(clock_timestamp() + ttl * interval '1 ms', 'infinity')
  where resource = at and seat = place and id = who and expires > clock_timestamp();
  return jsonb_build_array(found, '[]'::jsonb);
end $baton$`;

/** Reads a part of the table in an order: what of it lives, and where what has ended is. */
const scan = (schema: string, lease: string, order: string, where: string): string =>
  `select jsonb_agg(${lease} order by ${order}) filter (where expires > since),
      array_agg(array[resource, seat] order by ${order}) filter (where expires <= since)
      into found, dead from (
      select resource, seat, expires, ${LEASE} as lease from ${schema}.leases
      where ${where} and id <> '' and expires > since - interval '10 minutes'
      order by ${order} limit most) page;`;

/**
 * The body of a function that answers a page, in the order of the key, so that no more of it is read than
 * the page has. What has ended is buried before it is left out. Life is decided by the clock of before the
 * look: a lease that is renewed while we look was live then, and is seen as it was before its renewal. A
 * renewal whose commit takes longer than ten minutes is not waited for, or a page would bury all that ended
 * in the last two hours.
 */
const paged = (schema: string, read: string): string =>
  `language plpgsql volatile as $baton$
declare
  since timestamptz;
  found jsonb;
  dead text[];
begin
  loop
    since := clock_timestamp();
    ${read}
    exit when dead is null;
    for n in 1 .. array_length(dead, 1) loop
      perform ${schema}.bury_3(dead[n][1], dead[n][2]);
    end loop;
  end loop;
  return jsonb_build_array(true, coalesce(found, '[]'::jsonb));
end $baton$`;

/** The last leases of a resource, the last seat first. */
const last = (schema: string): string => {
  const read = (end: string) => scan(schema, "lease", "seat desc", `resource = at ${end}`);
  return `create or replace function ${schema}.last_3(at text, place text, most int) returns jsonb
${
    paged(
      schema,
      `if place is null then
      ${read("")}
    else
      ${read('and seat < place collate "C"')}
    end if;`,
    )
  }`;
};

/**
 * Leases of all resources with a prefix, each with its resource. Both ends of the range are plain
 * conditions on the key, so that it is read from where the page begins, and no further than it goes.
 */
const list = (schema: string): string => {
  const read = (end: string) =>
    scan(
      schema,
      "lease || to_jsonb(resource)",
      "resource, seat",
      `(resource, seat) >= (at collate "C", place collate "C") ${end}
        and not (again and resource = at and seat = place)`,
    );
  return `create or replace function ${schema}.list_3(
  at text, place text, again boolean, stop text, most int) returns jsonb
${
    paged(
      schema,
      `if stop is null then
      ${read("")}
    else
      ${read('and resource < stop collate "C"')}
    end if;`,
    )
  }`;
};

/** The number that stands for a name among the advisory locks; the second one keeps ours apart from others'. */
const KEY = "hashtextextended(it->>0, 7366140)";

/**
 * Takes a batch's locks. They come sorted from the driver, so that two batches never wait for each
 * other: first those on names, which guards need, then the rows that are written, and what is dead where
 * the batch looks.
 */
const lock = (schema: string): string =>
  `create or replace function ${schema}.lock_3(locks jsonb, places jsonb) returns void
language plpgsql volatile as $baton$
declare
  it jsonb;
begin
  for it in select value from jsonb_array_elements(locks) loop
    if (it->>1)::boolean then
      perform pg_advisory_xact_lock(${KEY});
    else
      perform pg_advisory_xact_lock_shared(${KEY});
    end if;
  end loop;
  for it in select value from jsonb_array_elements(places) loop
    if (it->>2)::boolean then
      perform from ${schema}.leases where resource = it->>0 and seat = it->>1 for update;
    else
      perform ${schema}.bury_3(it->>0, it->>1);
    end if;
  end loop;
end $baton$`;

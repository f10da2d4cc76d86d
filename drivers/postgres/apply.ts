/**
 * What is called from outside: a procedure, and a function for those who cannot call one. The functions
 * that they use are in `./functions.ts`.
 *
 * @module
 */

/** What a request does within its transaction, and the answers that it collects. */
const body = (schema: string): { readonly declare: string; readonly begin: string } => ({
  declare: `batch constant jsonb := request::jsonb;
  answers jsonb[] := '{}';
  answer jsonb;
  it record;`,
  begin: `-- Any other level would show every statement the state of before we waited for a lock.
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'Baton needs the isolation level read committed' using errcode = 'BT003';
  elsif pg_is_in_recovery() then
    raise exception 'Baton needs the primary, and this is a replica' using errcode = 'BT001';
  elsif current_setting('synchronous_commit') = 'off' then
    -- An acknowledged lease must survive a crash.
    perform set_config('synchronous_commit', 'on', true);
  end if;

  perform ${schema}.lock_3(batch->'locks', batch->'places');
  for it in select * from jsonb_to_recordset(batch->'ops') as each(
    op text, resource text, seat text, id text, ttl float8, value text, guard jsonb,
    again boolean, stop text, "limit" int, "before" text) loop
    case it.op
      when 'acquire' then
        answer := ${schema}.acquire_3(it.resource, it.seat, it.id, it.ttl, it.value, it.guard);
      when 'renew' then
        answer := ${schema}.renew_3(it.resource, it.seat, it.id, it.ttl, it.value);
      when 'release' then
        answer := ${schema}.release_3(it.resource, it.seat, it.id, it.guard);
      when 'list' then
        answer := ${schema}.list_3(it.resource, it.seat, it.again, it.stop, it."limit");
      else
        answer := case when it.seat is null and it."limit" is not null
          then ${schema}.last_3(it.resource, it."before", it."limit")
          else jsonb_build_array(true, coalesce(${schema}.look_3(it.resource, it.seat), '[]')) end;
    end case;
    answers := answers || answer;
  end loop;`,
});

/**
 * The whole of one request. A procedure, for a procedure can commit: where it runs within somebody's open
 * transaction the first commit is refused, before anything is written; and the last one makes the answer
 * come after the commit.
 */
export const apply = (schema: string): string => {
  const { declare, begin } = body(schema);
  return `create or replace procedure ${schema}.apply_3(request text, inout outcomes text)
language plpgsql as $baton$
declare
  ${declare}
begin
  commit;
  ${begin}
  outcomes := to_jsonb(answers)::text;
  commit;
end $baton$`;
};

/**
 * The same as a function, for PostgREST, which calls nothing else: it runs each call in a transaction of
 * its own, and answers after the commit. Anywhere else an answer would come before the commit, so that
 * others would see a grant only later, or never; so it is refused there. PostgREST sets the method of its
 * request for its transaction. Only `service_role` may call it: any other role that may can break every lock.
 */
export const rpc = (schema: string): readonly string[] => {
  const { declare, begin } = body(schema);
  return [
    `create or replace function ${schema}.rpc_3(request text) returns text
language plpgsql volatile as $baton$
declare
  ${declare}
begin
  if current_setting('request.method', true) is distinct from 'POST' then
    raise exception 'Baton takes this call from PostgREST alone' using errcode = '25001';
  end if;
  ${begin}
  return to_jsonb(answers)::text;
end $baton$`,
    `revoke all on function ${schema}.rpc_3(text) from public`,
    `grant usage on schema ${schema} to service_role`,
    `grant select, insert, update, delete on ${schema}.leases to service_role`,
    `grant execute on function ${schema}.rpc_3(text) to service_role`,
  ];
};

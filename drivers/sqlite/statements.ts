/**
 * The one set of statements for every SQLite that takes no more than a batch of them in one transaction:
 * D1 and libSQL. What an operation does is decided within its statements. Each of them has one parameter,
 * a JSON text.
 *
 * **First a look, then the write.** A batch has no clock of its own; each statement reads the server's,
 * which stands still within a statement. Time only makes seats vacant, so whatever refuses the write was
 * there at the look before it. And a refusal writes nothing, which matters, because those who wait for a
 * lease are refused again and again.
 *
 * @module
 */

import type { Acquire, Guard, Inspect, List, Release, Renew } from "../driver.ts";
import { endOf } from "../kit/order.ts";
import { placeIn } from "../kit/step.ts";
import { SCHEMA_VERSION } from "./schema.ts";
import type { SqliteStatement } from "./send.ts";

/** The server's clock, in ms. It stands still within a statement. */
const NOW = "cast(round(unixepoch('subsec') * 1000) as integer)";

/**
 * The parameter; or, where the tables are not of the version that these statements know, no JSON, which
 * is an error. So no statement reads or writes such tables, not even one that would find no row there.
 */
const ASKED = `iif((select version from baton_state) = ${SCHEMA_VERSION}, ?1, '')`;

/** The operations of a statement; the others are joined to them, and are found by their keys. */
const EACH = `json_each(${ASKED}, '$.of') j`;

/** A lease of the alias `l` as it is answered. */
const LEASE = `l.seat, l.id, l.token, l.value, l.expires - ${NOW} as time_left`;

/** What a statement asks of `j`, the operation. */
const of = (field: string): string => `j.value ->> '$.${field}'`;

const live = (alias: string): string => `(${alias}.expires is null or ${alias}.expires > ${NOW})`;

const seatOf = (alias: string): string =>
  `${alias}.resource = ${of("resource")} and ${alias}.seat = ${of("seat")}`;

/** Some places; without a seat, all of a resource. */
export interface Place {
  /** As in an operation. */
  readonly resource: string;
  /** As in an operation. */
  readonly seat?: string | undefined;
}

/** The live leases of each place, with its number, as of one instant. */
export function look(nonce: string, places: readonly Place[]): SqliteStatement {
  const found = (where: string) =>
    `select j.key as n, ${LEASE} from ${EACH} cross join baton_leases l on ${where} and ${
      live("l")
    }`;
  const seats = found(seatOf("l"));
  const whole = found(`l.resource = ${of("resource")} and ${of("seat")} is null`);
  const sql = [
    ...places.some(({ seat }) => seat !== undefined) ? [seats] : [],
    ...places.some(({ seat }) => seat === undefined) ? [whole] : [],
  ].join(" union all ");
  return statement(sql, nonce, places.map(({ resource, seat }) => ({ resource, seat })));
}

/** Takes the seat if it is vacant and the guard holds, and then answers the token. */
export function acquire(
  nonce: string,
  { ttl, op: _, patience: __, ...op }: Acquire,
): SqliteStatement {
  const sql = `insert into baton_leases (resource, seat, id, token, value, expires)
select ${["resource", "seat", "id"].map(of)}, max(s.last + 1, ${NOW}), ${of("value")},
${NOW} + ${of("ttl")} from ${EACH} cross join baton_state s where ${holds(op.guard)}
on conflict (resource, seat) do update set
id = excluded.id, token = excluded.token, value = excluded.value, expires = excluded.expires
where baton_leases.expires <= ${NOW} returning token`;
  return statement(sql, nonce, [{ ...op, ttl: finite(ttl) }]);
}

/**
 * Keeps the token of what was acquired, if it was, where the end of the lease cannot reach it.
 *
 * @param sweeps Whether {@link sweep} follows; then the place up to which it looks is moved on.
 */
export function keepToken(
  nonce: string,
  { resource, seat, id }: Acquire,
  sweeps: boolean,
): SqliteStatement {
  const next = (column: string) =>
    `swept_${column} = ifnull((select ${column} from baton_leases
where (resource, seat) > (+swept_resource, +swept_seat)
order by resource, seat limit 1 offset ${LOOKS - 1}), '')`;
  const swept = sweeps ? `, ${next("resource")}, ${next("seat")}` : "";
  const sql = `update baton_state set last = l.token${swept}
from ${EACH} cross join baton_leases l on ${seatOf("l")} and l.id = ${of("id")}
where l.token > last`;
  return statement(sql, nonce, [{ resource, seat, id }]);
}

/**
 * A sweep looks at so many rows. (The `+` before the place it has come to takes its type away; SQLite
 * would otherwise search by the resource alone.)
 */
const LOOKS = 100;

/**
 * Deletes the dead rows among those up to the place that {@link keepToken} has just moved on, if it was
 * acquired. So sweeps go round all rows, for there is no index by which the dead ones could be found.
 */
export function sweep(nonce: string, { resource, seat, id }: Acquire): SqliteStatement {
  // Without a place the round is at its end, and every text comes before a blob.
  const upTo = `(select ifnull(nullif(swept_resource, ''), x'')
from ${EACH} cross join baton_leases l on ${seatOf("l")} and l.id = ${of("id")}
cross join baton_state), (select +swept_seat from baton_state)`;
  const sql = `delete from baton_leases where expires <= ${NOW} and (resource, seat) in (
select resource, seat from (select resource, seat from baton_leases
where (resource, seat) <= (${upTo}) order by resource desc, seat desc limit ${LOOKS}))`;
  return statement(sql, nonce, [{ resource, seat, id }]);
}

/** Prolongs those that live under their ids, each by its own ttl, and answers which. */
export function renew(nonce: string, ops: readonly Renew[]): SqliteStatement {
  // What is returned cannot name `j`, so the answer says where, and not which.
  const sql = `update baton_leases as l set
value = ifnull(${of("value")}, l.value), expires = ${NOW} + ${of("ttl")}
from ${EACH}
where ${seatOf("l")} and l.id = ${of("id")} and ${live("l")} returning resource, seat`;
  return statement(
    sql,
    nonce,
    ops.map(({ resource, seat, id, ttl, value }) => (
      { resource, seat, id, ttl: finite(ttl), value }
    )),
  );
}

/** Ends those that live under their ids, or under any, where the guard of the first holds; answers which. */
export function release(nonce: string, ops: readonly Release[]): SqliteStatement {
  const sql = `delete from baton_leases where (resource, seat) in (
select l.resource, l.seat from ${EACH} cross join baton_leases l on ${seatOf("l")}
where l.id = ifnull(${of("id")}, l.id) and ${live("l")} and ${holds(ops[0]?.guard)})
returning resource, seat`;
  return statement(sql, nonce, ops.map(({ op: _, ...asked }) => asked));
}

/** The last live leases of a resource, the last seat first. */
export function last(nonce: string, { resource, limit, before }: Inspect): SqliteStatement {
  // Every text comes before every blob.
  const sql = `select ${LEASE} from baton_leases l where l.resource = ${first("resource")}
and l.seat < ifnull(${first("before")}, x'') and ${live("l")} order by l.seat desc limit ${limit}`;
  return statement(sql, nonce, [{ resource, before }]);
}

/**
 * A page of live leases, in the order of the key, so that no more is read than the page has.
 *
 * @throws {InvalidArgument} when the cursor is not of the prefix.
 */
export function list(nonce: string, { prefix, after, limit }: List): SqliteStatement {
  const { resource, seat } = after === undefined
    ? { resource: prefix, seat: "" }
    : placeIn(after, prefix);
  const sql = `select l.resource, ${LEASE} from baton_leases l
where (l.resource, l.seat) ${after === undefined ? ">=" : ">"} (${first("resource")}, ${
    first("seat")
  }) and l.resource < ifnull(${first("end")}, x'') and ${live("l")}
order by l.resource, l.seat limit ${limit}`;
  return statement(sql, nonce, [{ resource, seat, end: endOf(prefix) }]);
}

/** Whether a guard holds, for the operation `j`. */
function holds(guard: Guard | undefined): string {
  if (!guard) return "true";
  const seat = guard.seat === undefined ? "" : `and g.seat = ${of("guard.seat")}`;
  return `${guard.when === "vacant" ? "not " : ""}exists (select 1 from baton_leases g
where g.resource = ${of("guard.resource")} ${seat} and ${live("g")})`;
}

/** A field of the only operation, where it bounds a range of keys. */
function first(field: string): string {
  return `(select ${ASKED} ->> '$.of[0].${field}')`;
}

/** As JSON has it. */
function finite(ttl: number): number | null {
  return ttl === Infinity ? null : ttl;
}

function statement(sql: string, nonce: string, of: readonly object[]): SqliteStatement {
  return { sql, args: [JSON.stringify({ nonce, of })] };
}

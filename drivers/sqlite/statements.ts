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

/** A statement, and what is asked of it. */
export interface Asking {
  /** Its text. Its parameter is a JSON object that has `of`. */
  readonly sql: string;
  /** The operations, as JSON. */
  readonly of: string;
}

/** Some places; without a seat, all of a resource. */
export interface Place {
  /** As in an operation. */
  readonly resource: string;
  /** As in an operation. */
  readonly seat?: string | undefined;
}

/** The server's clock, in ms. It stands still within a statement. */
const NOW = "cast(round(unixepoch('subsec') * 1000) as integer)";

/**
 * The parameter; or, where the tables are not of the version that these statements know, no JSON, which
 * is an error. So no statement reads or writes such tables, not even one that would find no row there.
 */
const ASKED = `iif((select version from baton_state) = ${SCHEMA_VERSION}, ?1, '')`;

/** The operations of a statement. What is joined to them is found by its key. */
const EACH = `json_each(${ASKED}, '$.of') j`;

/** A field of `j`, the operation. */
const of = (field: string): string => `j.value ->> '$.${field}'`;

/** A field of the only operation, where it bounds a range of keys. */
const first = (field: string): string => `(select ${ASKED} ->> '$.of[0].${field}')`;

const live = (alias: string): string => `(${alias}.expires is null or ${alias}.expires > ${NOW})`;

/** The row of `j`'s seat. */
const SEAT = `baton_leases l on l.resource = ${of("resource")} and l.seat = ${of("seat")}`;
/** The same, under `j`'s id. */
const MINE = `${SEAT} and l.id = ${of("id")}`;
/** A live lease as it is answered. */
const LEASE = `l.seat, l.id, l.token, l.value, l.expires - ${NOW} as time_left`;

/** What the database has to know of an operation where its place and its id are enough. */
const PLACE = ["resource", "seat", "id"];

function asking(sql: string, of: readonly object[], fields?: string[]): Asking {
  // JSON has no Infinity, and makes it null: no end.
  return { sql, of: JSON.stringify(of, fields) };
}

/** The live leases of each place, with its number, as of one instant. */
export function look(places: readonly Place[]): Asking {
  const sql = `select j.key as n, ${LEASE} from ${EACH} cross join baton_leases l
where ${isAt("l", "")}`;
  return asking(sql, places, PLACE);
}

/** Takes the seat if it is vacant and the guard holds, and then answers the token. */
export function acquire(op: Acquire): Asking {
  const sql = `insert into baton_leases (resource, seat, id, token, value, expires)
select ${PLACE.map(of)}, max(s.last + 1, ${NOW}), ${of("value")}, ${NOW} + ${of("ttl")}
from ${EACH} cross join baton_state s where ${holds(op.guard)}
on conflict (resource, seat) do update set
id = excluded.id, token = excluded.token, value = excluded.value, expires = excluded.expires
where baton_leases.expires <= ${NOW} returning token`;
  return asking(sql, [op]);
}

/** A sweep looks at so many rows. */
const LOOKS = 100;

/**
 * Keeps the token of what was acquired, if it was, where the end of the lease cannot reach it.
 *
 * @param sweeps Whether {@link sweep} follows; then the place up to which it looks is moved on.
 */
export function keepToken(op: Acquire, sweeps: boolean): Asking {
  // The `+` takes its type from the place; SQLite would otherwise search by the resource alone.
  const next = (column: string) =>
    `, swept_${column} = ifnull((select ${column} from baton_leases
where (resource, seat) > (+swept_resource, +swept_seat)
order by resource, seat limit 1 offset ${LOOKS - 1}), '')`;
  const sql = `update baton_state set last = l.token${
    sweeps ? next("resource") + next("seat") : ""
  } from ${EACH} cross join ${MINE} where l.token > last`;
  return asking(sql, [op], PLACE);
}

/**
 * Deletes the dead rows among those up to the place that {@link keepToken} has just moved on, if it was
 * acquired. So sweeps go round all rows, for there is no index by which the dead ones could be found.
 */
export function sweep(op: Acquire): Asking {
  // Without a place the round is at its end, and every text comes before a blob.
  const upTo = `(select ifnull(nullif(swept_resource, ''), x'')
from ${EACH} cross join ${MINE} cross join baton_state), (select +swept_seat from baton_state)`;
  const sql = `delete from baton_leases where expires <= ${NOW} and (resource, seat) in (
select resource, seat from (select resource, seat from baton_leases
where (resource, seat) <= (${upTo}) order by resource desc, seat desc limit ${LOOKS}))`;
  return asking(sql, [op], PLACE);
}

/** What is returned cannot name `j`, so it says where, and not which. */
const WHERE = "returning resource, seat";

/** Prolongs those that live under their ids, each by its own ttl, and answers which. */
export function renew(ops: readonly Renew[]): Asking {
  const sql = `update baton_leases as l set
value = ifnull(${of("value")}, l.value), expires = ${NOW} + ${of("ttl")}
from ${EACH} where ${MINE.replace(/.* on /, "")} and ${live("l")} ${WHERE}`;
  return asking(sql, ops);
}

/** Ends those that live under their ids, or under any, where the guard of the first holds; answers which. */
export function release(ops: readonly Release[]): Asking {
  const sql = `delete from baton_leases where (resource, seat) in (
select l.resource, l.seat from ${EACH} cross join ${SEAT}
where l.id = ifnull(${of("id")}, l.id) and ${live("l")} and ${holds(ops[0]?.guard)}) ${WHERE}`;
  return asking(sql, ops);
}

/** The last live leases of a resource, the last seat first. */
export function last(op: Inspect): Asking {
  // Every text comes before every blob.
  const sql = `select ${LEASE} from baton_leases l where l.resource = ${first("resource")}
and l.seat < ifnull(${first("before")}, x'') and ${
    live("l")
  } order by l.seat desc limit ${op.limit}`;
  return asking(sql, [op]);
}

/**
 * A page of live leases, in the order of the key, so that no more is read than the page has.
 *
 * @throws {InvalidArgument} when the cursor is not of the prefix.
 */
export function list({ prefix, after, limit }: List): Asking {
  const { resource, seat } = after === undefined
    ? { resource: prefix, seat: "" }
    : placeIn(after, prefix);
  const sql = `select l.resource, ${LEASE} from baton_leases l
where (l.resource, l.seat) ${after === undefined ? ">=" : ">"} (${PLACE.slice(0, 2).map(first)})
and l.resource < ifnull(${first("end")}, x'') and ${live("l")}
order by l.resource, l.seat limit ${limit}`;
  return asking(sql, [{ resource, seat, end: endOf(prefix) }]);
}

/** Whether a guard holds, for the operation `j`. */
function holds(guard: Guard | undefined): string {
  if (!guard) return "true";
  return `${guard.when === "vacant" ? "not " : ""}exists (select 1 from baton_leases g
where ${isAt("g", "guard.")})`;
}

/** Whether a lease lives at the place that these fields of `j` name; without a seat, at any of it. */
function isAt(alias: string, fields: string): string {
  const seat = of(`${fields}seat`);
  // A range of the key. It is of one seat, or from the first text to a blob, which comes after every text.
  return `${alias}.resource = ${of(`${fields}resource`)}
and ${alias}.seat between ifnull(${seat}, '') and ifnull(${seat}, x'') and ${live(alias)}`;
}

/**
 * The SQL of the MySQL driver. It keeps to what MySQL 8 and 9, MariaDB and Vitess all take: no
 * RETURNING, no row alias, no variables, no procedures, one statement at a time. Every text travels
 * as hexadecimal, both ways.
 *
 * @module
 */

import type { Acquire, Guard, List, Release, Renew } from "../driver.ts";
import { endOf } from "../kit/order.ts";
import { placeIn } from "../kit/step.ts";
import { hex, text } from "./hex.ts";

/** Some place, or all of a resource; how many of its leases matter, where that is not all. */
export interface Place {
  /** As in an operation. */
  readonly resource: string;
  /** As in an operation. */
  readonly seat?: string | undefined;
  /** No more rows than these. */
  readonly limit?: number | undefined;
  /** No more rows than these, and those of the last seats. */
  readonly last?: number | undefined;
  /** Only seats before this one. */
  readonly before?: string | undefined;
}

/** A table whose name has been checked, and its statements. */
export class Statements {
  readonly #table: string;

  /** `table` becomes part of SQL. */
  constructor(table: string) {
    this.#table = table;
  }

  /**
   * Takes the seat if it is vacant. The insert id of the answer is the new token, or 0 where the seat
   * was not vacant.
   *
   * Assignments run from left to right and see what those before them assigned, so `expires`, which
   * all of them ask for, is the last. Adding `0 * last_insert_id(0)` changes the insert id and nothing
   * else. In a race the first to lock the row wins: the others see it live. Under REPEATABLE READ a
   * write locks what it looks at, and the gaps between, until it commits: no guard is overtaken.
   * UTC_TIMESTAMP is the statement's begin: after a wait for the lock it is early, and a lease that
   * ended meanwhile counts as live a little longer.
   */
  acquire(op: Acquire): string {
    const { resource, seat, id, value, guard } = op;
    const where = ({ when, ...place }: Guard) =>
      `and ${when === "held" ? "" : "not "}exists ` +
      `(select 1 from ${this.#table} g ${BY_KEY} where ${at(place, "g.", LIVE)})`;
    const dead = `expires <= ${NOW}`;
    return `insert into ${this.#table} (resource, seat, id, token, value, expires)
select ${hex(resource)}, ${hex(seat)}, ${hex(id)}, last_insert_id(${CLOCK}), ${hex(value)}, ${
      expiryOf(op)
    }
from dual where ${COMMITTED} ${guard ? where(guard) : ""}
on duplicate key update
token = if(${dead}, last_insert_id(greatest(token + 1, ${CLOCK})), token + 0 * last_insert_id(0)),
id = if(${dead}, values(id), id),
value = if(${dead}, values(value), value),
expires = if(${dead}, values(expires), expires)`;
  }

  /**
   * Prolongs those that are live under their id, each by its own ttl; all get the first's value. Ranges
   * of the key are read in its order, so two such statements never wait for each other's rows.
   */
  renew(ops: readonly Renew[]): string {
    const [{ value }] = ops as readonly [Renew];
    const [end, ...others] = new Set(ops.map(expiryOf));
    const each = ops.map((op) => `when ${seatOf(op)} then ${expiryOf(op)}`);
    return `update ${this.#table} ${BY_KEY}
set value = ${value === undefined ? "value" : hex(value)},
expires = ${others.length === 0 ? end : `case ${each.join("\n")} end`}
where ${COMMITTED} and expires > ${LIVE} and (${ops.map((op) => seatOf(op)).join("\nor ")})`;
  }

  /** Ends it if it is live under its id, or under any; the row stays, for its token. */
  release(op: Release): string {
    const { guard } = op;
    const join = guard ? `left join ${this.#table} g ${BY_KEY} on ${at(guard, "g.", LIVE)}` : "";
    const refused = guard ? ` and g.seat is ${guard.when === "held" ? "not null" : "null"}` : "";
    return `update ${this.#table} it ${BY_KEY} ${join}
set it.id = '', it.value = '', it.expires = ${PAST}
where ${COMMITTED} and it.expires > ${LIVE} and ${seatOf(op, "it.")}${refused}`;
  }

  /**
   * The live leases of each place, with the place's number. It waits for those who are writing there: a
   * renewal whose commit takes long would make a lease that had ended live again.
   */
  look(places: readonly Place[]): string {
    return places.map(({ resource, seat, limit, last, before }, n) => {
      const upTo = before === undefined ? "" : ` and seat < ${hex(before)}`;
      const few = last ? `order by it.seat desc limit ${last}` : `limit ${limit ?? ALL}`;
      return `(select ${n} as n, ${LEASE}
from ${this.#table} it where ${COMMITTED} and ${at({ resource, seat })}${upTo} ${few} ${WAITING})`;
    }).join("\nunion all ") + (places.length > 1 ? ` limit ${ALL}` : "");
  }

  /**
   * A page of live leases, in the order of the key, so that no more is read than the page has. The
   * range's ends are spelt out: MySQL finds no range in a comparison of two columns at once. And the
   * order names the table's columns, or it would be by the texts that are answered, which no key is.
   *
   * @throws {InvalidArgument} when the cursor is not of the prefix.
   */
  list({ prefix, after, limit }: List): string {
    const end = endOf(prefix);
    const upTo = end === undefined ? "" : `and resource < ${hex(end)}`;
    const { resource, seat } = after === undefined
      ? { resource: prefix, seat: "" }
      : placeIn(after, prefix);
    const isNext = after === undefined ? ">=" : ">";
    return `select hex(resource) as resource, ${LEASE}
from ${this.#table} it ${BY_KEY} where ${COMMITTED} and expires > ${NOW} and
((resource = ${hex(resource)} and seat ${isNext} ${hex(seat)}) or (resource > ${
      hex(resource)
    } ${upTo}))
order by it.resource, it.seat limit ${limit} ${WAITING}`;
  }

  /** Some rows dead so long that the clock is past their tokens: the next token is the clock's. */
  findDead(): string {
    return `select hex(resource) as resource, hex(seat) as seat from ${this.#table}
where hour < timestampdiff(hour, ${EPOCH}, ${NOW}) - 1 and token < ${CLOCK} - 3600000 limit 100`;
  }

  /**
   * Deletes those rows. By their keys, as every other statement finds its rows, and not through the
   * index that found them: statements that lock in two orders deadlock.
   */
  deleteDead(rows: readonly Readonly<Record<string, unknown>>[]): string {
    const these = rows.map(({ resource, seat }) =>
      row({ resource: text(resource), seat: text(seat) }, "it.")
    );
    // The hint is said twice, for Vitess drops the one, and MariaDB does not know the other.
    return `delete /*+ index(it primary) */ it from ${this.#table} it ${BY_KEY}
where it.expires < ${NOW} and it.token < ${CLOCK} - 3600000 and (${these.join("\nor ")})`;
  }
}

/**
 * What a write looks at, it locks; so it must find its rows by their keys, though a small table would
 * be quicker to read from end to end.
 */
const BY_KEY = "force index (primary)";
/**
 * True where each statement is committed at once, and locks what it looks at. Elsewhere it is an error, by a
 * sum that no number can hold, before anything is written: where autocommit is off; within an open
 * transaction, as far as the server can say so in a statement (MariaDB alone); and under READ COMMITTED,
 * where a guard is overtaken by a transaction that begins at the same time. An application's pool may set that for each
 * session. MySQL and MariaDB have different names for the level, so each has it in a comment of its own.
 */
const COMMITTED = "0 = 0 * (18446744073709551615 + (1 - @@autocommit " +
  "/*!80000 + (@@transaction_isolation like 'READ%') */" +
  "/*M! + @@in_transaction + (@@tx_isolation like 'READ%') */))";
/** More than there can be: without a limit of its own a look has the session's sql_select_limit. */
const ALL = 4_294_967_295;
const WAITING = "lock in share mode";
const NOW = "utc_timestamp(6)";
/**
 * The time when it is asked for, not when the statement began: a write that waited for a row must not find
 * a lease live that others, who came later and were first, have seen ended. Only the local clock goes on
 * within a statement. Its difference is taken as Unix time, in which no summer begins; and it is not
 * below zero, where the clock was set back meanwhile.
 */
const LIVE =
  `${NOW} + interval greatest(0, unix_timestamp(sysdate(6)) - unix_timestamp(now(6))) second`;
const EPOCH = "'1970-01-01'";
const FOREVER = "'9999-12-31 23:59:59'";
/**
 * When a released lease has ended: long ago, for a statement that began before the release, and
 * waited for it, tells life by its own begin.
 */
const PAST = `${NOW} - interval 1 hour`;
/** The server's clock in ms. */
const CLOCK = `timestampdiff(microsecond, ${EPOCH}, ${NOW}) div 1000`;

/** A lease as it is answered. */
const LEASE = `hex(seat) as seat, hex(id) as id, token, hex(value) as value,
if(expires < ${FOREVER}, ceil(timestampdiff(microsecond, ${NOW}, expires) / 1000), null) as time_left`;

/** The rows of a place. */
function row({ resource, seat }: Place, alias = ""): string {
  const rows = `${alias}resource = ${hex(resource)}`;
  return seat === undefined ? rows : `${rows} and ${alias}seat = ${hex(seat)}`;
}

/** The live ones. */
function at(place: Place, alias = "", now = NOW): string {
  return `${row(place, alias)} and ${alias}expires > ${now}`;
}

/** The row of an operation, if it is under the operation's id. */
function seatOf(op: Renew | Release, alias = ""): string {
  return op.id === undefined ? row(op, alias) : `${row(op, alias)} and ${alias}id = ${hex(op.id)}`;
}

function expiryOf({ ttl }: Acquire | Renew): string {
  return ttl === Infinity
    ? `cast(${FOREVER} as datetime(6))`
    : `${NOW} + interval ${ttl * 1_000} microsecond`;
}

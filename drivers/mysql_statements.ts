/**
 * The SQL of the MySQL driver. It keeps to what MySQL 8 and 9, MariaDB and Vitess all take: no
 * RETURNING, no row alias, no variables, no procedures, one statement at a time.
 *
 * Every text travels as hexadecimal, both ways: so no quoting, character set, sql_mode or client can
 * change what it means, and nothing in a name can become SQL.
 *
 * @module
 */

import type { Acquire, Guard, Release, Renew } from "./driver.ts";

/** Some place, or all of a resource; how many of its leases matter, where that is not all. */
export interface Place {
  /** As in an operation. */
  readonly resource: string;
  /** As in an operation. */
  readonly seat?: string | undefined;
  /** No more rows than these. */
  readonly limit?: number | undefined;
}

/** A table whose name has been checked, and its statements. */
export class Statements {
  readonly #table: string;

  /** `table` becomes part of SQL. */
  constructor(table: string) {
    this.#table = table;
  }

  /**
   * Takes the seats that are vacant. `hint` makes the new token the insert id of the answer, or 0
   * where the seat was not vacant; with one acquisition only.
   *
   * Assignments run from left to right and see what those before them assigned, so `expires`, which
   * all of them ask for, is the last. The winner of a race is whoever locks the row first: the
   * others see it live. Under REPEATABLE READ a write locks what it looks at, and the gaps between,
   * until it commits: no guard is overtaken. UTC_TIMESTAMP is the statement's begin: after a wait for the lock it is
   * early, and a lease that ended meanwhile counts as live a little longer.
   */
  acquire(ops: readonly Acquire[], hint: boolean): string {
    const tell = (token: string) => hint ? `last_insert_id(${token})` : token;
    const where = ({ when, resource, seat }: Guard) =>
      ` from dual where ${when === "held" ? "" : "not "}exists ` +
      `(select 1 from ${this.#table} g where ${at({ resource, seat }, "g.")})`;
    const rows = ops.map(({ resource, seat, id, ttl, value, guard }) =>
      `select ${hex(resource)}, ${hex(seat)}, ${hex(id)}, ${tell(CLOCK)}, ${hex(value)}, ${
        end(ttl)
      }` +
      (guard ? where(guard) : "")
    );
    const dead = `expires <= ${NOW}`;
    return `insert into ${this.#table} (resource, seat, id, token, value, expires)
${rows.join("\nunion all ")}
on duplicate key update
token = if(${dead}, ${tell(`greatest(token + 1, ${CLOCK})`)}, token${hint ? ZERO : ""}),
id = if(${dead}, values(id), id),
value = if(${dead}, values(value), value),
expires = if(${dead}, values(expires), expires)`;
  }

  /** Prolongs those that are live under their id, each by its own ttl, with its value if it has one. */
  renew(ops: readonly Renew[]): string {
    const beats = ops.map(({ resource, seat, id, ttl, value }) =>
      `select ${hex(resource)} as r, ${hex(seat)} as s, ${hex(id)} as i, ` +
      `${ttl === Infinity ? "null" : ttl * 1_000} as us, ${
        value === undefined ? "null" : hex(value)
      } as v`
    );
    return `update ${this.#table} l join (${beats.join("\nunion all ")}) beat
on l.resource = beat.r and l.seat = beat.s and l.id = beat.i
set l.expires = if(beat.us is null, ${FOREVER}, ${NOW} + interval beat.us microsecond),
l.value = ifnull(beat.v, l.value)
where l.expires > ${NOW}`;
  }

  /** Ends those that are live under their id, or under any; the rows stay, for their tokens. */
  release(ops: readonly Release[]): string {
    const these = ops.map(({ resource, seat, id }) =>
      `it.resource = ${hex(resource)} and it.seat = ${hex(seat)}` +
      (id === undefined ? "" : ` and it.id = ${hex(id)}`)
    );
    const guard = ops[0]?.guard;
    return `update ${this.#table} it${
      guard ? ` left join ${this.#table} g on ${at(guard, "g.")}` : ""
    }
set it.id = '', it.value = '', it.expires = ${PAST}
where it.expires > ${NOW} and (${these.join("\nor ")})${
      guard ? ` and g.seat is ${guard.when === "held" ? "not null" : "null"}` : ""
    }`;
  }

  /** The live leases of each place, with the place's number. */
  look(places: readonly Place[]): string {
    return places.map(({ resource, seat, limit }, n) =>
      `(select ${n} as n, hex(seat) as seat, hex(id) as id, token, hex(value) as value,
if(expires < ${FOREVER}, ceil(timestampdiff(microsecond, ${NOW}, expires) / 1000), null) as time_left
from ${this.#table} where ${at({ resource, seat })}${limit ? ` limit ${limit}` : ""})`
    ).join("\nunion all ");
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
    const these = rows.map((row) =>
      `resource = ${hex(text(row["resource"]))} and seat = ${hex(text(row["seat"]))}`
    );
    return `delete from ${this.#table}
where expires < ${NOW} and token < ${CLOCK} - 3600000 and (${these.join("\nor ")})`;
  }
}

const NOW = "utc_timestamp(6)";
const EPOCH = "'1970-01-01'";
const FOREVER = "'9999-12-31 23:59:59'";
/**
 * When a released lease has ended: long ago, for a statement that began before the release, and
 * waited for it, tells life by its own begin.
 */
const PAST = `${NOW} - interval 1 hour`;
/** The server's clock in ms. */
const CLOCK = `timestampdiff(microsecond, ${EPOCH}, ${NOW}) div 1000`;
/** Sets the insert id to 0 and adds nothing. */
const ZERO = " + 0 * last_insert_id(0)";

function at({ resource, seat }: Place, alias = ""): string {
  const where = `${alias}resource = ${hex(resource)} and ${alias}expires > ${NOW}`;
  return seat === undefined ? where : `${where} and ${alias}seat = ${hex(seat)}`;
}

function end(ttl: number): string {
  return ttl === Infinity
    ? `cast(${FOREVER} as datetime(6))`
    : `${NOW} + interval ${ttl * 1_000} microsecond`;
}

const encoder = new TextEncoder();
// Or a text that begins with U+FEFF would lose it, as it does in a vendor's client.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

function hex(text: string): string {
  let digits = "";
  for (const byte of encoder.encode(text)) digits += byte.toString(16).padStart(2, "0");
  return `x'${digits}'`;
}

/**
 * The text that an answer has in hexadecimal.
 *
 * @throws {TypeError} when it has none.
 */
export function text(digits: unknown): string {
  const pairs = typeof digits === "string" ? digits.match(/[0-9A-F]{2}/gi) ?? [] : [];
  if (typeof digits !== "string" || pairs.length * 2 !== digits.length) {
    throw new TypeError("not hexadecimal");
  }
  return decoder.decode(Uint8Array.from(pairs, (pair) => parseInt(pair, 16)));
}

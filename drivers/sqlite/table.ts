/**
 * Leases in a SQLite that answers at once: a file that this process has open, or the storage of a
 * Durable Object.
 *
 * @module
 */

import type { Inspect, Lease } from "../driver.ts";
import { bySeat, endOf } from "../kit/order.ts";
import type { Listed, Place, Table } from "../kit/step.ts";
import { SCHEMA_VERSION } from "./schema.ts";

/** What a parameter of a statement may be. */
export type SqlValue = string | number | null;

/** A row, by the names of its columns. */
export type SqlRow = Readonly<Record<string, unknown>>;

/**
 * Runs a statement and answers its rows. There are about twenty statements, whose texts never change, so
 * they can be kept prepared by their texts. Their parameters have no names and no numbers.
 */
export type Sql = (text: string, ...params: SqlValue[]) => readonly SqlRow[];

const STATE = "select version, last, swept_resource, swept_seat from baton_state";
const COUNT = "update baton_state set last = ?";
const SWEPT = "update baton_state set swept_resource = ?, swept_seat = ?";
const COLUMNS = "seat, id, token, value, expires";
const LIVE = "(expires is null or expires > ?)";
const ONE = `select ${COLUMNS} from baton_leases where resource = ? and seat = ? and ${LIVE}`;
const ALL = `select ${COLUMNS} from baton_leases where resource = ? and ${LIVE}`;
const ENDED = "select 1 from baton_leases where resource = ? and expires <= ?";
const BEFORE = " and seat < ?";
const LAST = " order by seat desc limit ?";
const FROM = `select resource, ${COLUMNS} from baton_leases where ${LIVE} and (resource, seat) `;
const UNTIL = " and resource < ?";
const FIRST = " order by resource, seat limit ?";
const PUT = `insert or replace into baton_leases (resource, ${COLUMNS}) values (?, ?, ?, ?, ?, ?)`;
const DROP = "delete from baton_leases where resource = ? and seat = ?";
const NEXT = `select resource, seat, expires from baton_leases where (resource, seat) > (?, ?)
  order by resource, seat limit ?`;

/** One grant in so many looks for dead rows. */
const GRANTS = 32;
/** It looks at so many rows: three times as many as were added meanwhile, so it comes round. */
const LOOKS = 100;

/**
 * The table of leases. All that is done with it is done within {@link SqlTable.run}, and the caller sees
 * to it that this is one transaction.
 */
export class SqlTable implements Table {
  readonly #sql: Sql;
  #now = 0;
  #last = 0;
  #sweeps = false;

  /** A table in this database, which has the tables of `schema.ts`. */
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /**
   * Runs one transaction's work.
   *
   * @param now The database's clock, in ms since the epoch. It is read within the transaction.
   * @throws {Error} when the tables are of another version.
   */
  run<T>(now: number, work: () => T): T {
    const [state] = this.#sql(STATE);
    if (state?.["version"] !== SCHEMA_VERSION) throw new Error(otherVersion(state?.["version"]));
    const last = Number(state["last"]);
    this.#now = Math.floor(now);
    this.#last = last;
    this.#sweeps = false;
    const done = work();
    if (this.#last !== last) this.#sql(COUNT, this.#last);
    if (this.#sweeps) this.#sweep(state);
    return done;
  }

  live(resource: string, seat?: string): Lease[] {
    const rows = seat === undefined
      ? this.#sql(ALL, resource, this.#now)
      : this.#sql(ONE, resource, seat, this.#now);
    return rows.map((row) => this.#lease(row)).sort(bySeat);
  }

  /** Whether a lease of this seat, or of any seat of the resource, has ended and has not been removed. */
  hasEnded({ resource, seat }: Inspect): boolean {
    const rows = seat === undefined
      ? this.#sql(`${ENDED} limit 1`, resource, this.#now)
      : this.#sql(`${ENDED} and seat = ?`, resource, this.#now, seat);
    return rows.length > 0;
  }

  last(resource: string, before: string | undefined, limit: number): Lease[] {
    const rows = before === undefined
      ? this.#sql(ALL + LAST, resource, this.#now, limit)
      : this.#sql(ALL + BEFORE + LAST, resource, this.#now, before, limit);
    return rows.map((row) => this.#lease(row));
  }

  scan(prefix: string, after: Place | undefined, limit: number): Listed[] {
    const { resource, seat } = after ?? { resource: prefix, seat: "" };
    const end = endOf(prefix);
    const rows = this.#sql(
      FROM + (after ? "> (?, ?)" : ">= (?, ?)") + (end === undefined ? "" : UNTIL) + FIRST,
      ...[this.#now, resource, seat],
      ...end === undefined ? [limit] : [end, limit],
    );
    return rows.map((row) => this.#lease(row) as Listed);
  }

  #lease({ expires, ...row }: SqlRow): Lease {
    return { ...row, left: expires === null ? Infinity : Number(expires) - this.#now } as Lease;
  }

  put(resource: string, { seat, id, token, value, left }: Lease): void {
    const expires = left === Infinity ? null : this.#now + left;
    this.#sql(PUT, resource, seat, id, token, value, expires);
  }

  drop(resource: string, seat: string): void {
    this.#sql(DROP, resource, seat);
  }

  nextToken(): number {
    this.#last = Math.max(this.#last + 1, this.#now);
    if (this.#last % GRANTS === 0) this.#sweeps = true;
    return this.#last;
  }

  /**
   * Deletes dead rows, such as old cron slots, among the next few. Nobody asks for them again, and tokens
   * do not depend on them.
   */
  #sweep({ swept_resource, swept_seat }: SqlRow): void {
    const rows = this.#sql(NEXT, `${swept_resource}`, `${swept_seat}`, LOOKS);
    for (const { resource, seat, expires } of rows) {
      if (expires !== null && Number(expires) <= this.#now) this.drop(`${resource}`, `${seat}`);
    }
    const { resource = "", seat = "" } = (rows.length < LOOKS ? undefined : rows.at(-1)) ?? {};
    this.#sql(SWEPT, `${resource}`, `${seat}`);
  }
}

function otherVersion(version: unknown): string {
  return `its tables are version ${version}, but this Baton knows ${SCHEMA_VERSION}; update Baton`;
}

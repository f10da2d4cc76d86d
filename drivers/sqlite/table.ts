/**
 * Leases in one open file. Every batch is one transaction.
 *
 * @module
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { UnknownOutcome } from "../../errors.ts";
import type { Lease, Op, Outcome } from "../driver.ts";
import { bySeat, endOf } from "../kit/order.ts";
import { type Listed, type Place, step, type Table } from "../kit/step.ts";
import { builtin } from "./builtin.ts";
import { refused, replaced } from "./errors.ts";
import { filesAt, OpenFiles } from "./files.ts";
import { inTurn } from "./turn.ts";

const SCHEMA_VERSION = 1;
const SCHEMA = `
create table if not exists leases (
  resource text not null, seat text not null, id text not null, token integer not null,
  value text not null, expires integer, primary key (resource, seat)
) strict, without rowid;
create index if not exists leases_by_expiry on leases (expires) where expires is not null;
create table if not exists tokens (last integer not null) strict;
insert into tokens select 0 where not exists (select 1 from tokens);
pragma user_version = ${SCHEMA_VERSION};
`;

/** How a file is opened. */
export interface SqliteTableOptions {
  /** Where it is. */
  readonly path: string;
  /** How long to wait for another process's write, in ms. */
  readonly busyTimeout: number;
  /** The clock that decides when a lease ends, in ms since the epoch. */
  readonly now: () => number;
}

/**
 * One open file. Every batch is one transaction, so nothing runs in between.
 *
 * Statements that answer no row are run by `get`, too: `run` takes longer, because it also answers how
 * many rows it changed.
 */
export class SqliteTable implements Table {
  readonly #busyTimeout: number;
  readonly #database: DatabaseSync;
  readonly #clock: () => number;
  readonly #read: StatementSync;
  readonly #write: StatementSync;
  readonly #commit: StatementSync;
  readonly #one: StatementSync;
  readonly #all: StatementSync;
  readonly #last: StatementSync;
  readonly #scan: StatementSync;
  readonly #put: StatementSync;
  readonly #drop: StatementSync;
  readonly #count: StatementSync;
  readonly #counted: StatementSync;
  readonly #sweep: StatementSync;
  readonly #files: OpenFiles;
  #replaced = false;
  #now = 0;

  /**
   * Opens the file at an absolute path, and creates it and its tables if they are missing.
   *
   * @throws {ConnectionError} when it cannot; nothing was written to a file that is not Baton's.
   */
  static open(options: SqliteTableOptions): SqliteTable {
    for (let attempt = 0; attempt < 10; attempt++) {
      const before = filesAt([options.path]);
      const table = SqliteTable.#open(options);
      // The same file was there before and after, so it is the one that was opened.
      if (before === filesAt([options.path])) return table;
      table.close();
    }
    throw replaced();
  }

  static #open(options: SqliteTableOptions): SqliteTable {
    const { path, busyTimeout } = options;
    let database: DatabaseSync | undefined;
    try {
      database = new (builtin("node:sqlite").DatabaseSync)(path);
      // FULL: an acknowledged lease is on disk. WAL: readers never wait.
      database.exec(`pragma busy_timeout = ${busyTimeout}; pragma journal_mode = wal;
        pragma synchronous = full;`);
      const version = database.prepare("pragma user_version").get()?.["user_version"];
      if (version === 0) database.exec(`begin immediate; ${SCHEMA} commit;`);
      else if (version !== SCHEMA_VERSION) {
        throw new Error(
          `its tables are version ${version}, but this Baton knows ${SCHEMA_VERSION}`,
        );
      }
      return new SqliteTable(database, options);
    } catch (error) {
      database?.close();
      throw refused(error);
    }
  }

  private constructor(database: DatabaseSync, { path, busyTimeout, now }: SqliteTableOptions) {
    this.#database = database;
    this.#busyTimeout = busyTimeout;
    this.#clock = now;
    this.#read = database.prepare("begin");
    this.#write = database.prepare("begin immediate");
    this.#commit = database.prepare("commit");
    const columns = "seat, id, token, value, expires";
    const live = "(expires is null or expires > ?)";
    this.#one = database.prepare(
      `select ${columns} from leases where resource = ? and seat = ? and ${live}`,
    );
    this.#all = database.prepare(`select ${columns} from leases where resource = ? and ${live}`);
    this.#last = database.prepare(
      `select ${columns} from leases where resource = ?1 and (?2 is null or seat < ?2)
        and (expires is null or expires > ?3) order by seat desc limit ?4`,
    );
    this.#scan = database.prepare(
      `select resource, ${columns} from leases where (expires is null or expires > ?1)
        and (resource, seat) >= (?2, ?3) and not (?4 and resource = ?2 and seat = ?3)
        and (?5 is null or resource < ?5) order by resource, seat limit ?6`,
    );
    this.#put = database.prepare(
      `insert or replace into leases (resource, ${columns}) values (?, ?, ?, ?, ?, ?)`,
    );
    this.#drop = database.prepare("delete from leases where resource = ? and seat = ?");
    // Two are faster than one with `returning`, which keeps its rows in a table of their own.
    this.#count = database.prepare("update tokens set last = max(last + 1, ?)");
    this.#counted = database.prepare("select last from tokens");
    this.#sweep = database.prepare(
      `delete from leases where (resource, seat) in
        (select resource, seat from leases where expires <= ? limit 100)`,
    );
    // From here on `inTurn` does the waiting.
    database.exec("pragma busy_timeout = 0; select last from tokens");
    this.#files = new OpenFiles(path);
  }

  /**
   * Whether the file turned out to be another one than was opened. Then close it, and open again.
   */
  get replaced(): boolean {
    return this.#replaced;
  }

  /** Closes the file. */
  close(): void {
    this.#database.close();
  }

  /**
   * Runs a batch.
   *
   * @throws {ConnectionError} when nothing was written.
   * @throws {UnknownOutcome} when the commit failed.
   */
  run(ops: readonly Op[]): Outcome[] {
    try {
      return inTurn(this.#busyTimeout, () => this.#transaction(ops));
    } catch (error) {
      throw refused(error);
    }
  }

  #transaction(ops: readonly Op[]): Outcome[] {
    try {
      const reads = ops.every((op) => op.op === "inspect" || op.op === "list");
      (reads ? this.#read : this.#write).get();
      // Read after we have the write lock: a lease that expired while we waited is dead for us,
      // too.
      this.#now = Math.floor(this.#clock());
      const outcomes = ops.map((op) => step(op, this));
      this.#checkFiles();
      this.#end();
      return outcomes;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("rollback");
      throw error;
    }
  }

  /**
   * SQLite would go on answering from a file that is gone, while later processes use another one.
   */
  #checkFiles(): void {
    this.#replaced = this.#files.replaced();
    if (this.#replaced) throw replaced();
  }

  #end(): void {
    try {
      this.#commit.get();
    } catch (error) {
      throw new UnknownOutcome(
        `sqlite could not finish its write, so the outcome is unknown (${
          (error as Error).message
        }); ` +
          "sending it again is safe",
      );
    }
  }

  live(resource: string, seat?: string): Lease[] {
    const rows = seat === undefined
      ? this.#all.all(resource, this.#now)
      : this.#one.all(resource, seat, this.#now);
    return rows.map((row) => this.#lease(row)).sort(bySeat);
  }

  #lease({ expires, ...row }: Record<string, unknown>): Lease {
    return { ...row, left: expires === null ? Infinity : Number(expires) - this.#now } as Lease;
  }

  last(resource: string, before: string | undefined, limit: number): Lease[] {
    const rows = this.#last.all(resource, before ?? null, this.#now, limit);
    return rows.map((row) => this.#lease(row));
  }

  scan(prefix: string, after: Place | undefined, limit: number): Listed[] {
    const { resource = prefix, seat = "" } = after ?? {};
    const end = endOf(prefix) ?? null;
    const rows = this.#scan.all(this.#now, resource, seat, after ? 1 : 0, end, limit);
    return rows.map((row) => this.#lease(row) as Listed);
  }

  put(resource: string, { seat, id, token, value, left }: Lease): void {
    const expires = left === Infinity ? null : this.#now + left;
    this.#put.get(resource, seat, id, token, value, expires);
  }

  drop(resource: string, seat: string): void {
    this.#drop.get(resource, seat);
  }

  nextToken(): number {
    this.#count.get(this.#now);
    const token = Number(this.#counted.get()?.["last"]);
    // Deletes dead rows, such as old cron slots. Nobody asks for them again, and tokens do not
    // depend on them.
    if (token % 32 === 0) this.#sweep.get(this.#now);
    return token;
  }
}

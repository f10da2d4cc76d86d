/**
 * One open file, every batch of which is one transaction.
 *
 * @module
 */

import type { Inspect, Op, Outcome } from "../driver.ts";
import { refuse } from "../kit/check.ts";
import { step } from "../kit/step.ts";
import { type SqliteDatabase, sqlOf } from "./client.ts";
import { refused, replaced, uncommitted } from "./errors.ts";
import { filesAt, OpenFiles } from "./files.ts";
import { SCHEMA } from "./schema.ts";
import { type Sql, SqlTable } from "./table.ts";
import { inTurn } from "./turn.ts";

/** How a file is opened. */
export interface OpenOptions {
  /** Where it is. */
  readonly path: string;
  /** Opens it. */
  readonly open: (path: string) => SqliteDatabase;
  /** How long to wait for another process's write, in ms. */
  readonly busyTimeout: number;
  /** The clock that decides when a lease ends, in ms since the epoch. */
  readonly now: () => number;
}

/** One open file. Every batch is one transaction, so nothing runs in between. */
export class OpenDatabase {
  readonly #busyTimeout: number;
  readonly #clock: () => number;
  readonly #database: SqliteDatabase;
  readonly #sql: Sql;
  readonly #table: SqlTable;
  readonly #files: OpenFiles;
  #replaced = false;

  /**
   * Opens the file at an absolute path, and creates it and its tables if they are missing.
   *
   * @throws {ConnectionError} when it cannot.
   */
  static open(options: OpenOptions): OpenDatabase {
    for (let attempt = 0; attempt < 10; attempt++) {
      const before = filesAt([options.path]);
      const database = OpenDatabase.#open(options);
      // The same file was there before and after, so it is the one that was opened.
      if (before === filesAt([options.path])) return database;
      database.close();
    }
    throw replaced();
  }

  static #open(options: OpenOptions): OpenDatabase {
    const { path, open, busyTimeout } = options;
    let database: SqliteDatabase | undefined;
    try {
      database = opened(open(path));
      // FULL: an acknowledged lease is on disk. WAL: readers never wait.
      database.exec(`pragma busy_timeout = ${busyTimeout}; pragma journal_mode = wal;
        pragma synchronous = full;`);
      const sql = sqlOf(database);
      if (!has(sql, "baton_state")) create(database, sql);
      // From here on `inTurn` does the waiting.
      database.exec("pragma busy_timeout = 0");
      return new OpenDatabase(database, sql, options);
    } catch (error) {
      database?.close();
      throw refused(error);
    }
  }

  private constructor(database: SqliteDatabase, sql: Sql, options: OpenOptions) {
    const { path, busyTimeout, now } = options;
    this.#database = database;
    this.#sql = sql;
    this.#busyTimeout = busyTimeout;
    this.#clock = now;
    this.#table = new SqlTable(sql);
    // It reads, because only then are the files beside it there.
    this.#table.run(0, () => {});
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

  /** @param alone Whether nobody writes meanwhile. Looks do without, so that they wait for nobody. */
  #transaction(ops: readonly Op[], alone = !ops.every(isLook)): Outcome[] {
    this.#sql(alone ? "begin immediate" : "begin");
    let committing = false;
    try {
      // The clock is read after we have the write lock: a lease that expired while we waited is dead for
      // us, too.
      const outcomes = this.#table.run(this.#clock(), () => {
        if (!alone && ops.some((op) => isLook(op) && this.#table.hasEnded(op))) return undefined;
        return ops.map((op) => step(op, this.#table));
      });
      if (!outcomes) {
        // What has ended by the clock may have been renewed in time, by one who is about to commit that.
        rollBack(this.#database);
        return this.#transaction(ops, true);
      }
      this.#checkFiles();
      committing = true;
      this.#sql("commit");
      return outcomes;
    } catch (error) {
      rollBack(this.#database);
      throw committing ? uncommitted(error) : error;
    }
  }

  /**
   * SQLite would go on answering from a file that is gone, while later processes use another one.
   */
  #checkFiles(): void {
    this.#replaced = this.#files.replaced();
    if (this.#replaced) throw replaced();
  }
}

function isLook(op: Op): op is Inspect {
  return op.op === "inspect";
}

function opened(database: SqliteDatabase): SqliteDatabase {
  if (typeof database?.prepare === "function") return database;
  return refuse(
    "open",
    "what it returns has no prepare(), so it is not a database that is open now",
  );
}

function rollBack(database: SqliteDatabase): void {
  try {
    database.exec("rollback");
  } catch {
    // Some errors have rolled it back already.
  }
}

function has(sql: Sql, ...tables: string[]): boolean {
  return tables.every((name) =>
    sql("select 1 from sqlite_master where type = 'table' and name = ?", name).length > 0
  );
}

/** What `user_version` an older Baton refuses to open. It knew 1, and made its tables where it saw 0. */
const CLOSED_TO_OLDER = 2;

/** Creates the tables in one transaction, and carries over what an older Baton left in this file. */
function create(database: SqliteDatabase, sql: Sql): void {
  database.exec("begin immediate");
  try {
    const [version] = Object.values(sql("pragma user_version")[0] ?? {});
    for (const statement of SCHEMA) database.exec(statement);
    const older = version === 1 && has(sql, "leases", "tokens");
    if (older) {
      database.exec(`insert or ignore into baton_leases
          select resource, seat, id, token, value, expires from leases;
        update baton_state set last = max(last, (select max(last) from tokens));
        drop table leases; drop table tokens;`);
    }
    // A version that is neither is the application's own, whose file this is, too.
    if (older || version === 0) database.exec(`pragma user_version = ${CLOSED_TO_OLDER}`);
    database.exec("commit");
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

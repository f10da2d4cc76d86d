/**
 * Leases in a SQLite file: durable, without a server, for any number of processes on one host.
 *
 * It does **not** coordinate between hosts: a file on a network share is not safe, for SQLite's
 * locks are not. Life is decided by the host's wall clock. A process that is stopped in the middle
 * of its write, a matter of a millisecond, holds up the others until it goes on.
 *
 * Needs `node:sqlite`: Deno, or Node 22.13 and later.
 *
 * @module
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { codeOf, ConnectionError, NotSupported, UnknownOutcome } from "../../errors.ts";
import { checkOps, refuse } from "../kit/check.ts";
import type { Driver, Guarantees, Lease, Op, Outcome } from "../driver.ts";
import { bySeat, endOf } from "../kit/order.ts";
import { type Listed, type Place, step, type Table } from "../kit/step.ts";

/** How the SQLite driver is made. */
export interface SqliteOptions {
  /**
   * How long a write waits for another process's, in ms; 1,000 unless given. The wait blocks this
   * process, so keep it well under the ttl.
   */
  busyTimeout?: number;
  /** The clock that decides life, in ms since the epoch: the host's, the same for all processes. */
  now?: () => number;
}

/** A driver that holds a file open. */
export interface SqliteDriver extends Driver, Disposable {
  /** Closes the file; a later `apply` opens it again. */
  close(): void;
}

const GUARANTEES: Guarantees = {
  consistency: "linearizable",
  clock: "host",
  durability: "disk",
  push: false,
  minTtl: 1,
};

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

/**
 * Makes the driver over a file, which is created, with its tables, at the first use.
 *
 * @param file A path, or a `file:` URL, absolute or relative (`file:./baton.db`).
 * @example
 * ```ts
 * import { sqlite } from "@baton/baton/drivers/sqlite";
 *
 * using driver = sqlite("file:./baton.db");
 * ```
 * @throws {InvalidArgument} when `file` is not a path or a `file:` URL.
 */
export function sqlite(file: string | URL, options: SqliteOptions = {}): SqliteDriver {
  const path = pathOf(file);
  const { busyTimeout = 1_000, now = Date.now } = options;
  if (!Number.isSafeInteger(busyTimeout) || busyTimeout < 0) {
    refuse("busyTimeout", `${busyTimeout} is not whole milliseconds`);
  }
  let table: SqliteTable | undefined;
  const close = (): void => {
    table?.close();
    table = undefined;
  };
  return {
    name: "sqlite",
    guarantees: GUARANTEES,
    // deno-lint-ignore require-await -- errors are rejections, never thrown by the call itself
    async apply(ops, { signal, beforeRequest } = {}) {
      checkOps(ops, GUARANTEES.minTtl);
      signal?.throwIfAborted();
      if (ops.length === 0) return [];
      beforeRequest?.();
      table ??= SqliteTable.open(path, busyTimeout, now);
      return table.run(ops);
    },
    close,
    [Symbol.dispose]: close,
  };
}

function pathOf(file: string | URL): string {
  const text = String(file);
  if (/^file:\/\//.test(text)) return builtin("node:url").fileURLToPath(text);
  const path = text.replace(/^file:/, "");
  if (
    path === "" || path.startsWith(":") || /^[a-z][a-z0-9+.-]+:/i.test(path) || path.includes("\0")
  ) {
    refuse("SQLite file", "it is no path or file: URL (for leases without a file use memory())");
  }
  return path;
}

/** Node's own modules that the driver needs. */
interface Builtins {
  "node:sqlite": typeof import("node:sqlite");
  "node:url": typeof import("node:url");
}

/**
 * Asked for when it is needed. An import would be pulled to the top of whatever a bundler makes, and a
 * Worker that only might open a file would not start.
 */
function builtin<N extends keyof Builtins>(name: N): Builtins[N] {
  type Get = { getBuiltinModule?: (name: string) => Builtins[N] | undefined };
  const process = (globalThis as Record<string, unknown>)["process"] as Get | undefined;
  const found = process?.getBuiltinModule?.(name);
  if (!found) {
    throw new NotSupported(
      `Cannot open a file here: ${name} is missing. Use Deno, or Node 22.13 or later`,
    );
  }
  return found;
}

/** One open file. Every batch is one transaction, so nothing runs in between. */
class SqliteTable implements Table {
  readonly #database: DatabaseSync;
  readonly #clock: () => number;
  readonly #one: StatementSync;
  readonly #all: StatementSync;
  readonly #scan: StatementSync;
  readonly #put: StatementSync;
  readonly #drop: StatementSync;
  readonly #token: StatementSync;
  readonly #sweep: StatementSync;
  #now = 0;

  static open(path: string, busyTimeout: number, clock: () => number): SqliteTable {
    let database: DatabaseSync | undefined;
    try {
      database = new (builtin("node:sqlite").DatabaseSync)(path);
      // FULL: an acknowledged lease is on disk. WAL: readers never wait.
      database.exec(`pragma busy_timeout = ${busyTimeout}; pragma journal_mode = wal;
        pragma synchronous = full;`);
      const version = database.prepare("pragma user_version").get()?.["user_version"];
      if (version === 0) database.exec(`begin immediate; ${SCHEMA} commit;`);
      else if (version !== SCHEMA_VERSION) {
        throw new Error(`its tables are version ${version}, this Baton knows ${SCHEMA_VERSION}`);
      }
      return new SqliteTable(database, clock);
    } catch (error) {
      database?.close();
      throw refused(error);
    }
  }

  private constructor(database: DatabaseSync, clock: () => number) {
    this.#database = database;
    this.#clock = clock;
    const columns = "seat, id, token, value, expires";
    const live = "(expires is null or expires > ?)";
    this.#one = database.prepare(
      `select ${columns} from leases where resource = ? and seat = ? and ${live}`,
    );
    this.#all = database.prepare(`select ${columns} from leases where resource = ? and ${live}`);
    this.#scan = database.prepare(
      `select resource, ${columns} from leases where (expires is null or expires > ?1)
        and (resource, seat) >= (?2, ?3) and not (?4 and resource = ?2 and seat = ?3)
        and (?5 is null or resource < ?5) order by resource, seat limit ?6`,
    );
    this.#put = database.prepare(
      `insert or replace into leases (resource, ${columns}) values (?, ?, ?, ?, ?, ?)`,
    );
    this.#drop = database.prepare("delete from leases where resource = ? and seat = ?");
    this.#token = database.prepare("update tokens set last = max(last + 1, ?) returning last");
    this.#sweep = database.prepare(
      `delete from leases where (resource, seat) in
        (select resource, seat from leases where expires <= ? limit 100)`,
    );
  }

  close(): void {
    this.#database.close();
  }

  run(ops: readonly Op[]): Outcome[] {
    try {
      const reads = ops.every((op) => op.op === "inspect" || op.op === "list");
      this.#database.exec(reads ? "begin" : "begin immediate");
      // Read after the write lock is ours: what expired while we waited is dead for us too.
      this.#now = Math.floor(this.#clock());
      const outcomes = ops.map((op) => step(op, this));
      this.#commit();
      return outcomes;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("rollback");
      throw refused(error);
    }
  }

  #commit(): void {
    try {
      this.#database.exec("commit");
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

  scan(prefix: string, after: Place | undefined, limit: number): Listed[] {
    const { resource = prefix, seat = "" } = after ?? {};
    const end = endOf(prefix) ?? null;
    const rows = this.#scan.all(this.#now, resource, seat, after ? 1 : 0, end, limit);
    return rows.map((row) => this.#lease(row) as Listed);
  }

  put(resource: string, { seat, id, token, value, left }: Lease): void {
    const expires = left === Infinity ? null : this.#now + left;
    this.#put.run(resource, seat, id, token, value, expires);
  }

  drop(resource: string, seat: string): void {
    this.#drop.run(resource, seat);
  }

  nextToken(): number {
    const token = Number(this.#token.get(this.#now)?.["last"]);
    // Dead rows nobody asks for again, such as old cron slots; tokens do not depend on them.
    if (token % 32 === 0) this.#sweep.run(this.#now);
    return token;
  }
}

/** Whatever fails before the commit is rolled back: definite, and only "busy" may pass. */
function refused(error: unknown): Error {
  if (codeOf(error)) return error as Error;
  const { errcode, message } = error as { errcode?: number; message: string };
  // SQLITE_BUSY and SQLITE_LOCKED by Node's code, or by their text, which is all that Deno gives.
  const busy = [5, 6].includes((errcode ?? 0) & 0xff) ||
    /database (table )?is locked/.test(message);
  return new ConnectionError(
    `sqlite could not use its file and wrote nothing: ${message}` +
      (busy ? "; another process is writing, it may pass shortly" : ""),
    { retryable: busy },
  );
}

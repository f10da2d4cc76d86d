/**
 * The connections behind the front end: any of them for a statement by itself, and one of its own for
 * each transaction. A statement is sent once, whatever becomes of its connection.
 */
import type { Buffer } from "node:buffer";
import type { FieldPacket, QueryError, ResultSetHeader } from "mysql2";
import type { Connection } from "mysql2/promise";
import type { MysqlServer } from "./mysql.ts";
import { linkTo, type MysqlLink } from "./mysql_link.ts";

export type Outcome =
  | {
    readonly fields: readonly FieldPacket[];
    readonly rows: readonly (readonly (Buffer | null)[])[];
  }
  | { readonly rowsAffected: string; readonly insertId: string };

/** MySQL's error, or a lost connection in the words of MySQL's own client library. */
export class BackendError extends Error {
  readonly errno: number;
  readonly sqlState: string;

  constructor(message: string, errno: number, sqlState: string) {
    super(message);
    this.errno = errno;
    this.sqlState = sqlState;
  }
}

interface Backend {
  readonly link: MysqlLink;
  readonly connection: Connection;
  /** The server's process that it was opened to. */
  readonly pid: number;
  /** When it was last known to work. */
  used: number;
}

interface Transaction {
  readonly backend: Backend;
  readonly timer: ReturnType<typeof setTimeout>;
  inUse: boolean;
}

/** More than any test asks for at once, and fewer than the server lets in. */
const LIMIT = 128;
const TRANSACTION_LIMIT = 20_000;
/** A connection that worked so many ms ago is not asked whether it still does. */
const FRESH = 100;
/** CR_SERVER_LOST: the statement was sent, and what became of it is unknown. */
const LOST = 2013;

export class Backends {
  readonly #mysql: MysqlServer;
  readonly #foundRows: boolean;
  readonly #links = new Set<MysqlLink>();
  readonly #transactions = new Map<string, Transaction>();
  readonly #waiting: (() => void)[] = [];
  #idle: Backend[] = [];
  #closed = false;
  #running = 0;
  #begun = 0;

  constructor(mysql: MysqlServer, foundRows: boolean) {
    this.#mysql = mysql;
    this.#foundRows = foundRows;
  }

  /** A statement by itself. */
  async run(sql: string): Promise<Outcome> {
    if (this.#running === LIMIT) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      const backend = await this.#take();
      const outcome = await this.#send(backend, sql);
      this.#idle.push(backend);
      return outcome;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  /** Begins a transaction and gives its number. As there, it is ended after twenty seconds. */
  async begin(): Promise<string> {
    const backend = await this.#take();
    await this.#send(backend, "BEGIN");
    if (this.#closed) throw stopped();
    const id = `${Date.now()}${++this.#begun}`;
    const timer = setTimeout(() => this.#forget(id), TRANSACTION_LIMIT);
    this.#transactions.set(id, { backend, timer, inUse: false });
    return id;
  }

  /** A statement in a transaction. An error of MySQL's leaves the transaction as MySQL does. */
  async runIn(id: string, sql: string): Promise<Outcome> {
    const transaction = this.#transactions.get(id);
    if (transaction === undefined) throw aborted(id, "not found");
    if (transaction.inUse) throw aborted(id, "in use: for query");
    transaction.inUse = true;
    try {
      return await this.#send(transaction.backend, sql, true);
    } catch (error) {
      if (error instanceof BackendError && error.errno === LOST) this.#forget(id);
      throw error;
    } finally {
      transaction.inUse = false;
    }
  }

  async end(id: string, step: "commit" | "rollback"): Promise<void> {
    // One that is gone has been rolled back.
    if (step === "rollback" && !this.#transactions.has(id)) return;
    await this.runIn(id, step);
    const transaction = this.#transactions.get(id);
    if (transaction === undefined) return;
    clearTimeout(transaction.timer);
    this.#transactions.delete(id);
    this.#idle.push(transaction.backend);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { timer } of this.#transactions.values()) clearTimeout(timer);
    await Promise.all([...this.#links].map((link) => link.cut()));
  }

  #forget(id: string): void {
    const transaction = this.#transactions.get(id);
    if (transaction === undefined) return;
    clearTimeout(transaction.timer);
    this.#transactions.delete(id);
    this.#drop(transaction.backend.link);
  }

  #drop(link: MysqlLink): void {
    this.#links.delete(link);
    void link.cut();
  }

  /**
   * An idle connection, or a new one. One that has been idle is asked whether it still is one: a statement
   * that was sent to a server which is gone would have an unknown outcome, without any need.
   */
  async #take(): Promise<Backend> {
    for (;;) {
      const backend = this.#idle.pop();
      if (backend === undefined) return await this.#open();
      // A server may be back sooner than that after a restart.
      const same = backend.pid === this.#mysql.pid;
      if (same && performance.now() - backend.used < FRESH) return backend;
      try {
        await backend.connection.ping();
        return backend;
      } catch {
        this.#drop(backend.link);
      }
    }
  }

  async #open(): Promise<Backend> {
    if (this.#closed) throw stopped();
    const { kind, pid } = this.#mysql;
    const link = linkTo(this.#mysql, {
      charset: kind === "mysql" ? "UTF8MB4_0900_AI_CI" : "UTF8MB4_UNICODE_CI",
      flags: [this.#foundRows ? "FOUND_ROWS" : "-FOUND_ROWS"],
      supportBigNumbers: true,
      multipleStatements: false,
    });
    this.#links.add(link);
    try {
      const connection = await link.connection;
      await connection.query("SET time_zone = '+00:00'");
      return { link, connection, pid, used: performance.now() };
    } catch (error) {
      this.#drop(link);
      throw errorOf(error, "Can't connect to MySQL server", 2002);
    }
  }

  async #send(backend: Backend, sql: string, keep = false): Promise<Outcome> {
    const { link, connection } = backend;
    try {
      const [result, fields] = await connection.query<ResultSetHeader>({
        sql,
        rowsAsArray: true,
        typeCast: (field) => field.buffer(),
      });
      backend.used = performance.now();
      return outcomeOf(result, fields);
    } catch (cause) {
      const error = errorOf(cause, "Lost connection to MySQL server during query", LOST);
      if (error.errno === LOST) this.#drop(link);
      else if (!keep) this.#idle.push(backend);
      throw error;
    }
  }
}

function stopped(): BackendError {
  return new BackendError("the front end has been stopped", 2002, "HY000");
}

function aborted(id: string, why: string): BackendError {
  return new BackendError(`transaction ${id}: ${why}`, 0, "");
}

/** Without a state it is no error of the server's: the connection broke. */
function errorOf(error: unknown, lost: string, errno: number): BackendError {
  const { sqlState, errno: number, message = "" } = error as Partial<QueryError>;
  return sqlState === undefined || number === undefined
    ? new BackendError(lost, errno, "HY000")
    : new BackendError(message, number, sqlState);
}

/** With rows as arrays there is an array, and otherwise the header of a statement without rows. */
function outcomeOf(result: ResultSetHeader | unknown[], fields: readonly FieldPacket[]): Outcome {
  if (Array.isArray(result)) return { fields, rows: result as (Buffer | null)[][] };
  // The client reads it as a signed number.
  const insertId = String(BigInt.asUintN(64, BigInt(result.insertId)));
  return { rowsAffected: String(result.affectedRows), insertId };
}

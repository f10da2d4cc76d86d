/** What Neon's front end needs of a database, and how the database says that something went wrong. */
import type { Login } from "./pg_client.ts";

export interface Field {
  readonly name: string;
  readonly dataTypeID: number;
  readonly tableID: number;
  readonly columnID: number;
  readonly dataTypeSize: number;
  readonly dataTypeModifier: number;
}

export interface Answer {
  readonly fields: readonly Field[];
  /** Values in PostgreSQL's text format, whatever their types. */
  readonly rows: readonly (readonly (string | null)[])[];
  readonly command: string;
  readonly rowCount: number | null;
}

export interface Session {
  /** One statement through the extended protocol, at most once. */
  query(text: string, params: readonly (string | null)[]): Promise<Answer>;
}

export interface Backend {
  /**
   * Does the work over a connection that nobody else uses and that carries nothing over from earlier
   * work. Throws `ConnectError` when there is no such connection for this login.
   */
  session<T>(login: Login, work: (session: Session) => Promise<T>): Promise<T>;
  /** Ends every connection; what is under way fails. */
  close(): Promise<void>;
}

/** What Neon's proxy sends before it reuses a connection: no session state survives a request. */
export const RESET: string = [
  ["ROLLBACK", "CLOSE ALL", "SET SESSION AUTHORIZATION DEFAULT", "RESET ALL", "DEALLOCATE ALL"],
  ["UNLISTEN *", "SELECT pg_advisory_unlock_all()", "DISCARD TEMP", "DISCARD SEQUENCES"],
].flat().join("; ");

/** The parts of an error that the front end passes on, beside its message. */
const PARTS = [
  ["code", "detail", "hint", "position", "internalPosition", "internalQuery", "severity", "where"],
  ["table", "column", "schema", "dataType", "constraint", "file", "line", "routine"],
].flat();

export type ErrorParts = Readonly<Record<string, string | null>>;

/** PostgreSQL answered with an error. */
export class SqlError extends Error {
  readonly parts: ErrorParts;

  constructor(cause: Error) {
    super(cause.message, { cause });
    this.parts = partsOf(cause);
  }
}

/** Nothing was sent; the cause is an `SqlError` if PostgreSQL refused the connection. */
export class ConnectError extends Error {}

/** The connection ended during a statement, whose outcome is unknown. */
export class ConnectionLost extends Error {
  constructor(options: ErrorOptions) {
    super("the connection was lost", options);
  }
}

export function partsOf(error: object = {}): ErrorParts {
  const values = new Map<string, unknown>(Object.entries(error));
  return Object.fromEntries(PARTS.map((part) => {
    const value = values.get(part);
    return [part, value === undefined || value === null ? null : String(value)];
  }));
}

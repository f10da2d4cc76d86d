/** Neon's SQL over HTTP without the HTTP: how requests are read and refused, and answers worded. */
import { Buffer } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import type { HttpReply } from "./faults.ts";
import { type Answer, ConnectError, ConnectionLost, partsOf, SqlError } from "./neon_backend.ts";
import type { Login } from "./pg_client.ts";

/** The proxy's defaults, for a request and for a response. */
export const LIMIT = 10 * 1024 * 1024;

/** A request that the proxy refuses by itself. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface Statement {
  readonly text: string;
  readonly params: readonly (string | null)[];
  readonly arrayMode: boolean | undefined;
}

export type Payload =
  | { readonly single: Statement }
  | { readonly batch: readonly Statement[] };

/** The server behind the connection string; in the proxy its host chooses the compute, here not. */
export function readLogin(headers: IncomingHttpHeaders): Login {
  const text = headers["neon-connection-string"];
  if (typeof text !== "string") throw new Refusal(400, "invalid header: neon-connection-string");
  if (!URL.canParse(text)) throw new Refusal(400, "invalid connection string: not a URL");
  const { protocol, hostname, username, password, pathname } = new URL(text);
  if (!/^postgres(ql)?:$/.test(protocol)) throw new Refusal(400, "incorrect scheme");
  if (!pathname.startsWith("/")) throw new Refusal(400, "missing database name");
  if (username === "") throw new Refusal(400, "missing username");
  if (password === "" || headers.authorization !== undefined) {
    throw new Refusal(400, "missing authentication credentials: required password");
  }
  if (hostname === "") throw new Refusal(400, "missing hostname");
  try {
    const user = decodeURIComponent(username);
    const database = decodeURIComponent(pathname.split("/")[1] ?? "") || user;
    return { user, database, password: decodeURIComponent(password) };
  } catch {
    throw new Refusal(400, "invalid username: not UTF-8");
  }
}

export function readPayload(body: Uint8Array): Payload {
  if (body.length > LIMIT) {
    throw new Refusal(413, `request is too large (max is ${LIMIT} bytes)`);
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body).toString());
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : String(error));
  }
  const single = statementOf(value);
  if (single !== undefined) return { single };
  const queries = isRecord(value) ? value["queries"] : undefined;
  if (Array.isArray(queries)) {
    const batch = queries.map(statementOf).filter((each) => each !== undefined);
    if (batch.length === queries.length) return { batch };
  }
  throw unreadable("data did not match any variant of untagged enum Payload");
}

function unreadable(why: string): Refusal {
  return new Refusal(400, `could not parse the HTTP request body: ${why}`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function statementOf(value: unknown): Statement | undefined {
  if (!isRecord(value)) return undefined;
  const { query, params = [], arrayMode = null } = value;
  if (typeof query !== "string" || !Array.isArray(params)) return undefined;
  if (arrayMode !== null && typeof arrayMode !== "boolean") return undefined;
  return { text: query, params: params.map(paramOf), arrayMode: arrayMode ?? undefined };
}

function paramOf(value: unknown): string | null {
  if (Array.isArray(value)) return arrayOf(value);
  return value === null || typeof value === "string" ? value : JSON.stringify(value);
}

function arrayOf(values: readonly unknown[]): string {
  const items = values.map((value) => {
    if (value === null) return "NULL";
    if (Array.isArray(value)) return arrayOf(value);
    return JSON.stringify(isRecord(value) ? JSON.stringify(value) : value);
  });
  return `{${items.join(",")}}`;
}

const ISOLATION = new Map([
  ["Serializable", "SERIALIZABLE"],
  ["RepeatableRead", "REPEATABLE READ"],
  ["ReadCommitted", "READ COMMITTED"],
  ["ReadUncommitted", "READ UNCOMMITTED"],
]);

const BATCH_HEADERS = [
  "neon-batch-read-only",
  "neon-batch-deferrable",
  "neon-batch-isolation-level",
];

/** How a batch begins. A wrong level is refused with a single query, too. */
export function readTransaction(headers: IncomingHttpHeaders): string {
  const level = headers["neon-batch-isolation-level"];
  const isolation = typeof level === "string" ? ISOLATION.get(level) : undefined;
  if (level !== undefined && isolation === undefined) {
    throw new Refusal(400, "invalid isolation level");
  }
  const modes = [
    isolation === undefined ? [] : [`ISOLATION LEVEL ${isolation}`],
    headers["neon-batch-read-only"] === "true" ? ["READ ONLY"] : [],
    headers["neon-batch-deferrable"] === "true" ? ["DEFERRABLE"] : [],
  ].flat();
  return `START TRANSACTION ${modes.join(", ")}`;
}

/** The modes of a batch that were asked for come back as headers. */
export function echoOf(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(BATCH_HEADERS.flatMap((name) => {
    const value = headers[name];
    return typeof value === "string" && value !== "false" ? [[name, value]] : [];
  }));
}

/** Words answers as JSON and keeps count of the bytes, over all answers of one response. */
export class Writer {
  readonly #raw: boolean;
  readonly #arrays: boolean;
  #bytes = 0;

  constructor(headers: IncomingHttpHeaders) {
    this.#raw = headers["neon-raw-text-output"] === "true";
    this.#arrays = headers["neon-array-mode"] === "true";
  }

  write(answer: Answer, arrayMode: boolean = this.#arrays): string {
    const fields = answer.fields.map((field) => ({ ...field, format: "text" }));
    const rows = answer.rows.map((row) => {
      // Like the proxy it looks before it adds, so a single row of any size gets through.
      if (this.#bytes > LIMIT) {
        throw new Refusal(507, `response is too large (max is ${LIMIT} bytes)`);
      }
      const values = this.#raw ? row : row.map((value, at) => this.#parsed(answer, at, value));
      const text = JSON.stringify(
        arrayMode
          ? values
          : Object.fromEntries(values.map((value, at) => [answer.fields[at]?.name, value])),
      );
      this.#bytes += Buffer.byteLength(text);
      return text;
    });
    const { command, rowCount } = answer;
    const rest = JSON.stringify({ command, rowCount, rowAsArray: arrayMode }).slice(1);
    return `{"fields":${JSON.stringify(fields)},"rows":[${rows.join(",")}],${rest}`;
  }

  /** Without raw text the proxy turns some types into JSON. Arrays are left out: no client asks. */
  #parsed({ fields }: Answer, at: number, value: string | null): unknown {
    const type = fields[at]?.dataTypeID ?? 0;
    if (value === null) return null;
    if (type === 16) return value === "t";
    if (type === 114 || type === 3802) return JSON.parse(value);
    if ([21, 23, 700, 701].includes(type)) {
      return Number.isFinite(Number(value)) ? Number(value) : value;
    }
    if (type >= 1000 && type < 1300 && value.startsWith("{")) {
      throw new Refusal(501, "this stand-in gives arrays only with Neon-Raw-Text-Output");
    }
    return value;
  }
}

/** Any failure as the proxy words it. */
export function failureOf(error: unknown, login: Login | undefined): HttpReply {
  if (error instanceof Refusal) return failed(error.status, error.message);
  if (error instanceof SqlError) return failed(400, error.message, error.parts);
  // The outcome is unknown, and yet it is told as the user's mistake, with no code.
  if (error instanceof ConnectionLost) return failed(400, "connection closed");
  if (!(error instanceof ConnectError)) throw error;
  const { cause } = error;
  if (!(cause instanceof SqlError)) return failed(500, "Couldn't connect to compute node");
  switch (cause.parts["code"]) {
    case "28P01": // The proxy checks passwords itself, so this is no error of PostgreSQL's.
      return failed(400, `password authentication failed for user '${login?.user}'`);
    case "3D000":
      return failed(400, cause.message, cause.parts);
    default:
      return failed(500, cause.message, cause.parts);
  }
}

function failed(status: number, message: string, parts = partsOf()): HttpReply {
  return json(status, JSON.stringify({ message, ...parts }));
}

export function json(status: number, body: string, headers = {}): HttpReply {
  return { status, headers: { ...headers, "content-type": "application/json" }, body };
}

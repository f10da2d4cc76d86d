/** PlanetScale's HTTP protocol without the HTTP: sessions, results and errors as JSON. */
import { Buffer } from "node:buffer";
import { createHmac, randomBytes, randomUUID } from "node:crypto";
import type { FieldPacket } from "mysql2";
import type { Outcome } from "./planetscale_backends.ts";

/** What the service itself keeps in a session, in the names of its JSON; clients must not look. */
export interface VitessSession {
  readonly inTransaction?: boolean;
  readonly shardSessions?: readonly {
    readonly target: {
      readonly keyspace: string;
      readonly shard: string;
      readonly tabletType: string;
    };
    readonly transactionId: string;
  }[];
  readonly autocommit: boolean;
  readonly options: { readonly includedFields: string; readonly clientFoundRows?: boolean };
  readonly lastInsertId?: string;
  readonly foundRows?: string;
  readonly rowCount?: string;
  readonly DDLStrategy: string;
  readonly SessionUUID: string;
  readonly enableSystemSettings: boolean;
}

export interface SignedSession {
  readonly signature: string;
  readonly vitessSession: VitessSession;
}

export interface Execution {
  readonly query: string;
  readonly session: SignedSession | undefined;
}

/** Answered with a status of its own instead of 200. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const badRequest = (message: string) => new Refused(400, "invalid_argument", message);

/** Signs sessions, so that nobody can make one up or change one. */
export class Sessions {
  readonly #key = randomBytes(32);
  readonly #foundRows: boolean;

  constructor(foundRows: boolean) {
    this.#foundRows = foundRows;
  }

  create(): VitessSession {
    return {
      autocommit: true,
      options: { includedFields: "ALL", ...(this.#foundRows ? { clientFoundRows: true } : {}) },
      DDLStrategy: "direct",
      SessionUUID: randomUUID(),
      enableSystemSettings: true,
    };
  }

  sign(vitessSession: VitessSession): SignedSession {
    return { signature: this.#signatureOf(vitessSession), vitessSession };
  }

  /** The body of `Execute`. */
  read(body: Uint8Array): Execution {
    let value: Partial<Execution> | null;
    try {
      value = JSON.parse(Buffer.from(body).toString());
    } catch {
      throw badRequest("the request is not JSON");
    }
    const { query, session } = value ?? {};
    if (typeof query !== "string") throw badRequest("the request has no query");
    if (session === undefined || session === null) return { query, session: undefined };
    if (session.signature !== this.#signatureOf(session.vitessSession)) {
      throw badRequest("the session is not one of ours");
    }
    return { query, session };
  }

  #signatureOf(session: VitessSession | undefined): string {
    return createHmac("sha256", this.#key).update(JSON.stringify(session ?? "")).digest("base64");
  }
}

/** Of MySQL's flags of a column. The last is not in its protocol, but in what the service gives. */
const BINARY = 128;
const UNSIGNED = 32;
const NUMBER = 32_768;

/** MySQL's types by their numbers in its protocol, in Vitess's words; NULL has the number that is left out. */
const TYPES: Readonly<Record<number, string>> = {
  0: "DECIMAL",
  1: "INT8",
  2: "INT16",
  3: "INT32",
  4: "FLOAT32",
  5: "FLOAT64",
  7: "TIMESTAMP",
  8: "INT64",
  9: "INT24",
  10: "DATE",
  11: "TIME",
  12: "DATETIME",
  13: "YEAR",
  15: "VARCHAR",
  16: "BIT",
  245: "JSON",
  246: "DECIMAL",
  247: "ENUM",
  248: "SET",
  249: "TEXT",
  250: "TEXT",
  251: "TEXT",
  252: "TEXT",
  253: "VARCHAR",
  254: "CHAR",
  255: "GEOMETRY",
};

const AS_BINARY: Readonly<Record<string, string>> = {
  TEXT: "BLOB",
  VARCHAR: "VARBINARY",
  CHAR: "BINARY",
};

function typeOf(type: number, flags: number): string | undefined {
  const name = TYPES[type];
  if (name === undefined) return undefined;
  if (name === "CHAR" && (flags & 256) !== 0) return "ENUM";
  if (name === "CHAR" && (flags & 2048) !== 0) return "SET";
  if (/^INT/.test(name)) return (flags & UNSIGNED) === 0 ? name : `U${name}`;
  // By the flag, not by the character set: so a `_bin` collation makes a text BINARY there, too.
  return (flags & BINARY) === 0 ? name : AS_BINARY[name] ?? name;
}

function fieldOf(field: FieldPacket): Record<string, unknown> {
  const flags = Number(field.flags);
  const type = typeOf(field.columnType ?? 6, flags);
  return withoutZeros({
    name: field.name,
    type,
    table: field.table,
    orgTable: field.orgTable,
    database: field.schema,
    orgName: field.orgName,
    columnLength: field.columnLength,
    charset: field.characterSet,
    decimals: field.decimals,
    flags: /INT|DECIMAL|FLOAT|YEAR/.test(type ?? "") ? flags | NUMBER : flags,
  });
}

/** As JSON made from Protocol Buffers has it: what is zero or empty is absent. */
function withoutZeros(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => Boolean(value)));
}

function rowOf(row: readonly (Buffer | null)[]): Record<string, unknown> {
  return withoutZeros({
    lengths: row.map((value) => value === null ? "-1" : String(value.length)),
    values: Buffer.concat(row.filter((value) => value !== null)).toString("base64"),
  });
}

/** The `result` of an answer. */
export function resultOf(outcome: Outcome): Record<string, unknown> {
  if ("rows" in outcome) {
    const { fields, rows } = outcome;
    return {
      fields: fields.map(fieldOf),
      ...(rows.length === 0 ? {} : { rows: rows.map(rowOf) }),
    };
  }
  const { rowsAffected, insertId } = outcome;
  return {
    ...(rowsAffected === "0" ? {} : { rowsAffected }),
    ...(insertId === "0" ? {} : { insertId }),
  };
}

/** The session after a statement. */
export function afterwards(session: VitessSession, outcome: Outcome): VitessSession {
  if ("rows" in outcome) {
    return { ...session, foundRows: String(outcome.rows.length), rowCount: "-1" };
  }
  const { rowsAffected, insertId } = outcome;
  const { foundRows: _, ...rest } = session;
  return {
    ...rest,
    ...(insertId === "0" ? {} : { lastInsertId: insertId }),
    ...(rowsAffected === "0" ? {} : { rowCount: rowsAffected }),
  };
}

/**
 * Hrana over HTTP, version 2, without the HTTP: a pipeline of requests on the vendor's own engine. What a
 * client of Baton's or of `@libsql/client` sends is here, and no more: batches of steps with conditions,
 * single statements, and texts of statements that are kept for a pipeline.
 */
import { Buffer } from "node:buffer";
import type Database from "libsql";

type Json = Readonly<Record<string, unknown>>;

interface Statement {
  readonly sql?: string;
  readonly sql_id?: number;
  readonly args?: readonly Value[];
}

interface Value {
  readonly type: string;
  readonly value?: string | number;
  readonly base64?: string;
}

interface Step {
  readonly stmt: Statement;
  readonly condition?: Condition | null;
}

interface Condition {
  readonly type: string;
  readonly step?: number;
  readonly cond?: Condition;
  readonly conds?: readonly Condition[];
}

/** A request that is answered with status 400. */
export class BadRequest extends Error {}

/** Runs the pipeline in a text, and answers it. */
export function pipeline(database: Database.Database, body: string): Json {
  const { requests, baton } = parsed(body);
  if (!Array.isArray(requests)) throw new BadRequest("no requests");
  // Each pipeline is a stream of its own here; one that goes on would have a baton.
  if (baton !== null && baton !== undefined) throw new BadRequest("the stream has expired");
  const texts = new Map<number, string>();
  const results = requests.map((request) => resultOf(database, request, texts));
  // Whatever was left open ends with its stream.
  if (database.inTransaction) database.exec("rollback");
  return { baton: null, base_url: null, results };
}

function parsed(body: string): Json {
  try {
    return Object(JSON.parse(body));
  } catch {
    throw new BadRequest("the body is not JSON");
  }
}

function resultOf(database: Database.Database, request: Json, texts: Map<number, string>): Json {
  const { type } = request;
  const answer = (more: Json = {}): Json => ({ type: "ok", response: { type, ...more } });
  try {
    switch (type) {
      case "close":
        return answer();
      case "store_sql":
        texts.set(Number(request["sql_id"]), String(request["sql"]));
        return answer();
      case "close_sql":
        texts.delete(Number(request["sql_id"]));
        return answer();
      case "execute":
        return answer({ result: execute(database, request["stmt"] as Statement, texts) });
      case "batch": {
        const { steps } = request["batch"] as { steps: readonly Step[] };
        return answer({ result: batch(database, steps, texts) });
      }
      default:
        throw new BadRequest(`a request of type ${type}`);
    }
  } catch (error) {
    if (error instanceof BadRequest) throw error;
    return { type: "error", error: errorOf(error) };
  }
}

function batch(
  database: Database.Database,
  steps: readonly Step[],
  texts: ReadonlyMap<number, string>,
): Json {
  const results: (Json | null)[] = [];
  const errors: (Json | null)[] = [];
  const holds = (condition: Condition): boolean => {
    switch (condition.type) {
      case "ok":
        return Boolean(results[condition.step!]);
      case "error":
        return Boolean(errors[condition.step!]);
      case "not":
        return !holds(condition.cond!);
      case "and":
        return condition.conds!.every(holds);
      case "or":
        return condition.conds!.some(holds);
      default:
        throw new BadRequest(`a condition of type ${condition.type}`);
    }
  };
  for (const { stmt, condition } of steps) {
    let [result, error]: (Json | null)[] = [null, null];
    if (!condition || holds(condition)) {
      try {
        result = execute(database, stmt, texts);
      } catch (thrown) {
        error = errorOf(thrown);
      }
    }
    results.push(result ?? null);
    errors.push(error ?? null);
  }
  return { step_results: results, step_errors: errors };
}

function execute(
  database: Database.Database,
  { sql, sql_id, args = [] }: Statement,
  texts: ReadonlyMap<number, string>,
): Json {
  const statement = database.prepare(sql ?? texts.get(sql_id!) ?? "");
  statement.safeIntegers(true);
  const values = args.map(bound);
  if (!statement.reader) {
    const { changes, lastInsertRowid } = statement.run(...values);
    return resultWith([], [], changes, lastInsertRowid);
  }
  const rows = statement.raw().all(...values) as unknown[][];
  return resultWith(statement.columns(), rows, rows.length, 0);
}

function resultWith(
  columns: readonly { readonly name: string; readonly type: string | null }[],
  rows: readonly (readonly unknown[])[],
  changed: number,
  rowid: number | bigint,
): Json {
  return {
    cols: columns.map(({ name, type }) => ({ name, decltype: type })),
    rows: rows.map((row) => row.map(answered)),
    affected_row_count: changed,
    last_insert_rowid: `${rowid}`,
  };
}

function bound({ type, value, base64 }: Value): unknown {
  switch (type) {
    case "null":
      return null;
    case "integer":
      return BigInt(value!);
    case "blob":
      return Buffer.from(base64!, "base64");
    default:
      return value;
  }
}

function answered(value: unknown): Value {
  if (value === null || value === undefined) return { type: "null" };
  if (typeof value === "bigint") return { type: "integer", value: `${value}` };
  if (typeof value === "number") return { type: "float", value };
  if (typeof value === "string") return { type: "text", value };
  return { type: "blob", base64: Buffer.from(value as Uint8Array).toString("base64") };
}

function errorOf(error: unknown): Json {
  const { code, message } = Object(error) as { code?: string; message?: string };
  return { message: `SQLite error: ${message}`, code: code ?? "UNKNOWN" };
}

/**
 * Hrana, the protocol of libSQL and Turso, by the runtime's own `fetch`: one POST to `/v2/pipeline`, sent
 * once, with a transaction in it.
 *
 * @module
 */

import { failure, type Verdict } from "../kit/failure.ts";
import { plainRequest, textIn } from "../kit/http.ts";
import { verdictOn } from "./refusals.ts";
import type { SqliteAnswer, SqliteBatch, SqliteStatement } from "./send.ts";

/** Where statements are sent. */
export interface HranaAddress {
  /** The name of the backend, for messages. */
  readonly name: string;
  /** The checked URL, without a path. */
  readonly url: string;
  /** The checked token. */
  readonly token: string | undefined;
}

/** A value as it is answered. */
interface Value {
  readonly type: string;
  readonly value?: string | number;
}

/** What a step answers; `null` if it was not run, or failed. */
interface StepResult {
  readonly cols: readonly { readonly name: string }[];
  readonly rows: readonly (readonly Value[])[];
}

interface StepError {
  readonly message?: unknown;
  readonly code?: unknown;
}

/** What the server says went wrong. */
class Refused extends Error {
  /** Its name for it, such as `"SQLITE_BUSY"`. */
  readonly code: unknown;
  /** Whether it proves that nothing was written. */
  readonly undone: boolean;

  constructor({ message, code }: StepError, undone: boolean) {
    super(typeof message === "string" ? message : "an error without a message");
    this.code = code;
    this.undone = undone;
  }
}

/** Makes the function that sends statements. No error of it contains the token. */
export function hranaSender({ name, url, token }: HranaAddress): SqliteBatch {
  const constant = {
    ...plainRequest(),
    headers: {
      ...token !== undefined && { authorization: `Bearer ${token}` },
      "content-type": "application/json",
    },
  } as const;
  return async (statements, signal) => {
    const body = JSON.stringify({ baton: null, requests: [transaction(statements), CLOSE] });
    try {
      const sent = { ...constant, body, ...signal && { signal } };
      const response = await fetch(`${url}/v2/pipeline`, sent);
      return answersIn(await textIn(name, response), response, statements.length);
    } catch (error) {
      // What was sent may be in the error, and is not repeated.
      throw failure(name, error, () => {
        if (error === UNAUTHORIZED) return UNAUTHORIZED;
        return verdictOn(error, `${body} ${token}`, error instanceof Refused && error.undone);
      }, signal);
    }
  };
}

/** What is thrown, and made of it, when the token is wrong. */
const UNAUTHORIZED: Verdict = {
  said: "Unauthorized",
  refused: true,
  unauthorized: true,
  advice: "check the token",
};

const CLOSE = { type: "close" };

/** Each step is run if the one before it was, and the last where the transaction is open still. */
function transaction(statements: readonly SqliteStatement[]): object {
  const run = statements.map(({ sql, args }) => ({
    sql,
    want_rows: true,
    args: args.map((value) =>
      typeof value === "string" ? { type: "text", value } : { type: "integer", value: `${value}` }
    ),
  }));
  const ok = (step: number) => ({ type: "ok", step });
  const commit = run.length + 1;
  const steps = [{ sql: "begin immediate" }, ...run, { sql: "commit" }].map((stmt, n) => ({
    stmt,
    ...n > 0 && { condition: ok(n - 1) },
  }));
  const open = { type: "and", conds: [ok(0), { type: "not", cond: ok(commit) }] };
  return {
    type: "batch",
    batch: { steps: [...steps, { stmt: { sql: "rollback" }, condition: open }] },
  };
}

/** Throws where the statements were not committed, or nobody knows. */
function answersIn(text: string, { ok, status }: Response, count: number): SqliteAnswer[] {
  // A page is a proxy's, which may have passed the request on.
  if ((status === 401 || status === 403) && !/^\s*</.test(text)) {
    throw UNAUTHORIZED;
  }
  if (!ok) throw new Error(`HTTP status ${status}`);
  const { results: [batch] } = JSON.parse(text);
  // Here the server refused the batch as a whole: a plan that is used up is one that was not begun.
  if (batch.type === "error") throw new Refused(batch.error, batch.error.code === "BLOCKED");
  const { step_results: done, step_errors: failed } = batch.response.result as {
    step_results: readonly (StepResult | null)[];
    step_errors: readonly (StepError | null)[];
  };
  const [commit, rollback] = [count + 1, count + 2];
  if (!done[commit]) {
    const error = failed.find(Boolean);
    // Where it was not begun, or has been rolled back, nothing was written.
    throw new Refused(error ?? {}, Boolean(failed[0] ?? done[rollback]));
  }
  return done.slice(1, commit).map((step) => rowsIn(step!));
}

function rowsIn({ cols, rows }: StepResult): SqliteAnswer {
  return {
    rows: rows.map((row) =>
      Object.fromEntries(row.map((value, n) => [cols[n]!.name, valueOf(value)]))
    ),
  };
}

/** Integers travel as text. */
function valueOf({ type, value }: Value): unknown {
  return type === "integer" ? Number(value) : value ?? null;
}

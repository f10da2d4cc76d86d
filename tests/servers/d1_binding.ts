/**
 * A Worker's binding of D1, for tests outside of Workers: its batches go to the Worker of `./d1.ts` over
 * HTTP, which a proxy may cut.
 */
import type { D1Database, D1Session, D1Statement } from "../../drivers/sqlite/d1.ts";
import type { Answered, Asked } from "./d1.ts";
import { send } from "./proxy.ts";

/** The statements of a request, as {@link Faults.sent} has it: each is a query that Cloudflare counts. */
export function queriesIn(sent: string): readonly string[] {
  const { statements } = JSON.parse(sent.slice(sent.indexOf("\n"))) as { statements: Asked[] };
  return statements.map((each) => JSON.stringify(each));
}

interface Bound extends D1Statement, Asked {}

/** A binding whose answers say what was read and written, as D1's do. */
export interface Binding extends D1Database {
  batch(statements: D1Statement[]): Promise<readonly Answered[]>;
}

/** A binding, by the address of a front end or of the Worker itself. */
export function databaseAt(url: string): Binding {
  const prepare = (sql: string): Bound => bound(sql, []);
  const session = (constraint?: string) => ({
    prepare,
    batch: (statements: D1Statement[]) => run(url, statements as Bound[], constraint),
  });
  return { ...session(), withSession: (constraint): D1Session => session(constraint) };
}

function bound(sql: string, params: readonly unknown[]): Bound {
  return { sql, params, bind: (...params) => bound(sql, params) };
}

async function run(
  url: string,
  bound: readonly Bound[],
  constraint?: string,
): Promise<readonly Answered[]> {
  const statements = bound.map(({ sql, params }) => ({ sql, params }));
  const response = await send(url, {
    method: "POST",
    body: JSON.stringify({ constraint, statements }),
  });
  const { answers, error } = await response.json();
  if (error !== undefined) throw new Error(error);
  return answers;
}

/**
 * A D1 of this process, for what does not need the real one: it remembers what it was asked, and answers
 * what a test wants it to.
 *
 * @module
 */

import type { D1Database, D1Session, D1Statement } from "../../../drivers/sqlite/d1.ts";
import { migrate } from "../../../drivers/sqlite/migration.ts";
import type { SqliteStatement } from "../../../drivers/sqlite/send.ts";
import { batchOn, databaseOn } from "../../backends/sqlite_batches.ts";

/** What a call of `batch()` answers. */
type Answers = readonly { results?: unknown }[];

/** The stand-in. */
export interface StandIn {
  readonly database: D1Database;
  /** Every batch so far, and the session that it was sent in, with its constraint. */
  readonly batches: {
    readonly constraint?: string;
    readonly session: object;
    readonly statements: SqliteStatement[];
  }[];
  /** Answers the following batches; `run` runs one as D1 does. Default: it runs it. */
  behave(answer: (run: () => Promise<Answers>) => Promise<Answers>): void;
}

/** Makes one, with Baton's tables, on the clock of this process. */
export async function standIn(): Promise<StandIn> {
  const run = batchOn(databaseOn(Date.now));
  await migrate(run);
  const batches: StandIn["batches"] = [];
  let behaviour: (run: () => Promise<Answers>) => Promise<Answers> = (run) => run();
  const sessionOf = (constraint?: string): D1Session => {
    const session: D1Session = {
      prepare: (sql) => bound(sql, []),
      batch: (asked) => {
        const statements = asked as D1Statement[] & SqliteStatement[];
        batches.push({ session, statements, ...constraint !== undefined && { constraint } });
        return behaviour(async () =>
          (await run(statements)).map(({ rows }) => ({ success: true, results: rows }))
        );
      },
    };
    return session;
  };
  return {
    database: { ...sessionOf(), withSession: sessionOf },
    batches,
    behave: (answer) => behaviour = answer,
  };
}

function bound(sql: string, args: (string | number)[]): D1Statement & SqliteStatement {
  return { sql, args, bind: (...values) => bound(sql, values as (string | number)[]) };
}

/**
 * The statement set of D1 and libSQL on the SQLite of this process, so that it can be tried without a
 * server, and on a fake clock.
 *
 * @module
 */

import { DatabaseSync, type StatementSync } from "node:sqlite";
import { batchDriver } from "../../drivers/sqlite/batch.ts";
import { migrate } from "../../drivers/sqlite/migration.ts";
import type { SqliteBatch, SqliteRows } from "../../drivers/sqlite/send.ts";
import type { Driver, Guarantees } from "../../drivers/driver.ts";
import type { Backend } from "./backend.ts";
import { onClock } from "./fake_clock.ts";

const GUARANTEES: Guarantees = {
  consistency: "linearizable",
  clock: "server",
  durability: "process",
  push: false,
  minTtl: 1,
};

/** A database in memory, whose clock is this one. */
export function databaseOn(now: () => number): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  // Of one argument, as the statements call it: another would leave SQLite's own in its place.
  database.function("unixepoch", (_subsec) => now() / 1_000);
  return database;
}

/** What runs statements in it, each batch in one transaction. */
export function batchOn(database: DatabaseSync): SqliteBatch {
  const prepared = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    const statement = prepared.get(sql) ?? database.prepare(sql);
    prepared.set(sql, statement);
    return statement;
  };
  return (statements) => {
    database.exec("begin immediate");
    try {
      const answers = statements.map(({ sql, args }) => ({
        rows: prepare(sql).all(...args) as SqliteRows,
      }));
      database.exec("commit");
      return Promise.resolve(answers);
    } catch (error) {
      database.exec("rollback");
      return Promise.reject(error);
    }
  };
}

/** A driver that sends its statements so. */
export function batchesBy(
  send: SqliteBatch,
  counts: "batch" | "statement" = "batch",
): Driver {
  return batchDriver({ name: "batches", guarantees: GUARANTEES, counts, send });
}

/** On a fake clock. */
export const sqliteBatches: Backend = {
  name: "sqlite in batches",
  key: "sqlite-batches",
  clock: "fake",
  lanes: 1,
  has: {},
  async start({ time } = {}) {
    let database: DatabaseSync | undefined;
    const backend = onClock(time, (now) => {
      database = databaseOn(now);
      const send = batchOn(database);
      return () => batchesBy(send, "statement");
    });
    await migrate(batchOn(database!));
    return { ...backend, stop: () => Promise.resolve(database?.close()) };
  },
};

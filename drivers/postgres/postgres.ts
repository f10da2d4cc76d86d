/**
 * Leases in PostgreSQL: one statement, one request and one commit per `apply`, through any function
 * that can send a statement. `./neon.ts` is the transport for Neon and PlanetScale Postgres; the
 * `pg` package is one line.
 *
 * A lease is a row; who holds it is decided by the server's clock, read after the row's lock is
 * ours. An acknowledged lease is on disk before the answer leaves (`synchronous_commit` is turned on
 * where it is off). What it does **not** promise: after a fail-over to an asynchronous standby,
 * leases acknowledged last can be forgotten; and a server clock that is set back by more than an
 * hour can repeat fencing tokens of seats that were cleaned up.
 *
 * The table and the function it calls come from `./schema.ts`; create them once with
 * its `migrate()` or with what `schema.ts` prints.
 *
 * @module
 */

import { checkOps } from "../kit/check.ts";
import type { Driver, Guarantees, Guard, Lease, Op, Outcome } from "../driver.ts";
import { bySeat, placeKey } from "../kit/order.ts";
import { postgresError } from "./errors.ts";
import { schemaName } from "./schema_name.ts";
import type { PostgresQuery } from "./send.ts";
import { SQL_GUARANTEES } from "../kit/sql_guarantees.ts";

export type { PostgresQuery } from "./send.ts";

/** How the Postgres driver is made. */
export interface PostgresOptions {
  /** The driver's name in messages and traces; `"postgres"` unless given. */
  name?: string;
  /** The Postgres schema where the table is; `"baton"` unless given. */
  schema?: string;
  /** What this database promises, where that is more than any PostgreSQL does. */
  guarantees?: Partial<Guarantees>;
}

/**
 * Makes the driver over a function that sends one statement.
 *
 * @example
 * ```ts
 * import { postgres } from "@baton/baton/drivers/postgres";
 *
 * declare const pool: { query(text: string, params: string[]): Promise<{ rows: never[] }> }; // pg
 * const driver = postgres(async (text, params) => (await pool.query(text, [...params])).rows);
 * ```
 * @throws {InvalidArgument} when the schema is not a plain lower-case name.
 */
export function postgres(query: PostgresQuery, options: PostgresOptions = {}): Driver {
  const { name = "postgres" } = options;
  const statement = `select ${schemaName(options.schema)}.apply_1($1) as outcomes`;
  const guarantees = { ...SQL_GUARANTEES, ...options.guarantees };
  return {
    name,
    guarantees,
    async apply(ops, { signal } = {}) {
      checkOps(ops, guarantees.minTtl);
      signal?.throwIfAborted();
      if (ops.length === 0) return [];
      const places = ops.map(placeKey);
      const apart = areApart(ops, places);
      const order = apart ? inOrder(places) : [...ops.keys()];
      const sorted = order.map((index) => ops[index] as Op);
      const rows = apart ? [] : rowsOf(ops, places);
      // Infinity is null in JSON, and no ttl is for ever.
      const request = JSON.stringify({ locks: locksOf(ops), rows, ops: sorted });
      let answer;
      try {
        answer = await query(statement, [request], signal);
      } catch (error) {
        throw postgresError(name, error, request);
      }
      const outcomes = parse(name, answer?.[0]?.["outcomes"], ops.length);
      const asGiven: Outcome[] = [];
      order.forEach((index, n) => asGiven[index] = outcomes[n] as Outcome);
      return asGiven;
    },
  };
}

/** Whether the operations cannot affect each other. */
function areApart(ops: readonly Op[], places: readonly string[]): boolean {
  return new Set(places).size === ops.length &&
    ops.every((op) => op.seat !== undefined && !("guard" in op && op.guard));
}

/** By place, so that two batches lock their rows in one order and never wait for each other. */
function inOrder(places: readonly string[]): number[] {
  return [...places.keys()].sort((a, b) => places[a]! < places[b]! ? -1 : 1);
}

/** What operations write that must run as they are given; locked beforehand, in that order too. */
function rowsOf(ops: readonly Op[], places: readonly string[]): unknown[] {
  const writes = new Set(places.filter((_, n) => ops[n]?.op !== "inspect"));
  // A single one has its order.
  return writes.size > 1 ? [...writes].sort().map((place) => JSON.parse(place)) : [];
}

/**
 * The advisory locks of guarded operations, sorted, each with whether it is exclusive. Two such
 * operations must meet when one writes what the other's guard looks at, and only then: a guard on a
 * seat meets writers of that seat, a guard on a whole resource meets writers of any of its seats.
 */
function locksOf(ops: readonly Op[]): [key: string, exclusive: boolean][] {
  const locks = new Map<string, boolean>();
  const lock = (key: string, exclusive: boolean): void => {
    locks.set(key, exclusive || locks.get(key) === true);
  };
  for (const op of ops) {
    const guard: Guard | undefined = "guard" in op ? op.guard : undefined;
    if (!guard) continue;
    lock(placeKey({ resource: op.resource }), false);
    lock(placeKey(op), true);
    lock(placeKey(guard), guard.seat === undefined);
  }
  return [...locks].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Reads the answer strictly: whatever is not exactly the function's form proves nothing. */
function parse(name: string, answer: unknown, count: number): Outcome[] {
  const odd = () => postgresError(name, new Error("the answer is not from Baton's function"));
  let outcomes: unknown;
  try {
    outcomes = JSON.parse(String(answer));
  } catch {
    throw odd();
  }
  if (!Array.isArray(outcomes) || outcomes.length !== count) throw odd();
  return outcomes.map((outcome: unknown) => {
    if (!Array.isArray(outcome)) throw odd();
    const [ok, rows] = outcome;
    if (typeof ok !== "boolean" || !Array.isArray(rows)) throw odd();
    const leases = rows.map((row: unknown): Lease => {
      if (!Array.isArray(row)) throw odd();
      const [seat, id, token, value, left] = row;
      const texts = [seat, id, value].every((text) => typeof text === "string");
      const ends = left === null || typeof left === "number";
      if (!texts || !Number.isSafeInteger(token) || !ends) throw odd();
      return { seat, id, token, value, left: left ?? Infinity };
    });
    leases.sort(bySeat);
    return { ok, leases };
  });
}

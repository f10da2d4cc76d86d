/**
 * How a batch of operations becomes a batch of statements, which the database runs in one transaction, and
 * what the answers mean.
 *
 * @module
 */

import type {
  Acquire,
  Driver,
  Guarantees,
  Guard,
  Inspect,
  Lease,
  Op,
  Outcome,
  Release,
  Renew,
} from "../driver.ts";
import { checkOps } from "../kit/check.ts";
import { noAnswer } from "../kit/failure.ts";
import { nonces } from "../kit/nonce.ts";
import { bySeat, placeKey } from "../kit/order.ts";
import { lastPage, type Listed, page } from "../kit/step.ts";
import type { SqliteAnswer, SqliteBatch, SqliteRows } from "./send.ts";
import * as sql from "./statements.ts";

/** What one kind of database needs. */
export interface BatchBackend {
  /** The name of the driver, for messages. */
  readonly name: string;
  /** What it promises. */
  readonly guarantees: Guarantees;
  /** What counts as a request. */
  readonly counts: "batch" | "statement";
  /** Sends statements. Throws Baton's errors. */
  readonly send: SqliteBatch;
}

/** The driver of such a database: one batch of statements for each `apply`. */
export function batchDriver({ name, guarantees, counts, send }: BatchBackend): Driver {
  const nonce = nonces();
  return {
    name,
    guarantees,
    async apply(ops, { signal, beforeRequest } = {}) {
      checkOps(ops, guarantees.minTtl);
      const parts = runsOf(ops).map(partOf);
      const statements = parts.flatMap(({ asked }) => asked).map(({ sql, of }) => ({
        sql,
        args: [`{"nonce":"${nonce()}","of":${of}}`],
      }));
      signal?.throwIfAborted();
      const { length } = statements;
      if (length === 0) return [];
      // All of them before the first is sent, for then nothing has happened when one is forbidden.
      for (let n = counts === "batch" ? 1 : length; n > 0; n--) beforeRequest?.();
      const answers = await send(statements, signal);
      try {
        if (answers.length !== length) throw new TypeError();
        const rows = answers.map(rowsIn);
        return parts.flatMap(({ asked, read }) => read(...rows.splice(0, asked.length)));
      } catch {
        throw noAnswer(name, "the answer is not one to Baton's statements");
      }
    },
  };
}

/** Operations that share their statements. */
interface Part {
  readonly asked: readonly sql.Asking[];
  /** The outcomes, by the rows of each statement. Throws where they cannot be the answer. */
  read(...answers: SqliteRows[]): readonly Outcome[];
}

type Run = [Op, ...Op[]];

/**
 * How many characters the operations of one statement may have. D1 takes two million bytes, and a character
 * has three at most.
 */
const LONGEST = 500_000;

/** The operations in their order, those that follow each other and can share statements together. */
function runsOf(ops: readonly Op[]): Run[] {
  const runs: Run[] = [];
  const places = new Set<string>();
  let length = 0;
  for (const op of ops) {
    const run = runs.at(-1);
    const place = placeKey(op as Release);
    length += JSON.stringify(op).length;
    // A seat is written once by a statement, and a look may be at the same twice.
    if (
      run?.[0].op === op.op && isShared(op) && isShared(run[0]) && length <= LONGEST &&
      (op.op === "inspect" || !places.has(place))
    ) run.push(op);
    else {
      runs.push([op]);
      places.clear();
      length = 0;
    }
    places.add(place);
  }
  return runs;
}

/** Whether it can share statements with others of its kind. */
function isShared(op: Op): boolean {
  return op.op === "renew" || (op.op === "release" && !op.guard) ||
    (op.op === "inspect" && !isPage(op));
}

function isPage({ seat, limit }: Inspect): boolean {
  return seat === undefined && limit !== undefined;
}

function partOf(run: Run): Part {
  const [op] = run;
  switch (op.op) {
    case "acquire":
      return acquire(op);
    case "renew":
      return renew(run as Renew[]);
    case "release":
      return release(run as Release[], op.guard);
    case "inspect":
      if (!isPage(op)) return inspect(run as Inspect[]);
      return { asked: [sql.last(op)], read: (rows) => [lastPage(rows.map(leaseIn), op.limit!)] };
    case "list":
      return { asked: [sql.list(op)], read: (rows) => [page(rows.map(listedIn), op.limit)] };
  }
}

function acquire(op: Acquire): Part {
  const { seat, id, value, ttl, guard } = op;
  const sweeps = litters(id);
  return {
    asked: [
      sql.look([op, ...blockers(guard)]),
      sql.acquire(op),
      sql.keepToken(op, sweeps),
      ...sweeps ? [sql.sweep(op)] : [],
    ],
    read(looked, [grant]) {
      if (grant) {
        const lease = leaseIn({ ...grant, seat, id, value, time_left: null });
        return [{ ok: true, leases: [{ ...lease, left: ttl }] }];
      }
      const [[holder], blocking] = found(looked, 2) as [Lease[], Lease[]];
      if (holder) return [{ ok: holder.id === id, leases: [holder] }];
      // Only a clock that was set back makes a seat vacant at the look and not at the write.
      if (guard?.when !== "held" && blocking.length === 0) throw new TypeError();
      return [{ ok: false, leases: blocking }];
    },
  };
}

/**
 * Whether a grant under this id cleans up: one in 32, by chance, for ids are made by chance. (Where they are
 * not, it is seldomer or more often, and does no harm.)
 */
function litters(id: string): boolean {
  let sum = 0;
  for (const letter of id) sum += letter.charCodeAt(0);
  return sum % 32 === 0;
}

/** Who can be in the way of this guard: nobody, where it wants a seat held. */
function blockers(guard: Guard | undefined): readonly sql.Place[] {
  return guard?.when === "vacant" ? [guard] : [];
}

function renew(ops: readonly Renew[]): Part {
  return {
    asked: [sql.renew(ops)],
    read(rows) {
      const renewed = placesIn(rows);
      return ops.map((op) => ({ ok: renewed.has(placeKey(op)), leases: [] }));
    },
  };
}

function release(ops: readonly Release[], guard: Guard | undefined): Part {
  return {
    asked: [sql.look([...ops, ...blockers(guard)]), sql.release(ops)],
    read(looked, rows) {
      const released = placesIn(rows);
      const there = found(looked, ops.length + 1);
      return ops.map((op, n) => {
        if (released.has(placeKey(op))) return { ok: true, leases: [] };
        const [holder] = there[n]!;
        const mine = holder && (op.id ?? holder.id) === holder.id;
        // What is in the way of the only one that has a guard; otherwise it has ended since the look.
        return { ok: false, leases: there[mine ? ops.length : n]! };
      });
    },
  };
}

function inspect(ops: readonly Inspect[]): Part {
  return {
    asked: [sql.look(ops)],
    read: (rows) => found(rows, ops.length).map((leases) => ({ ok: true, leases })),
  };
}

/** The leases of so many places, by seat. */
function found(rows: SqliteRows, places: number): Lease[][] {
  const leases = Array.from({ length: places }, (): Lease[] => []);
  for (const row of rows) leases[Number(row["n"])]!.push(leaseIn(row));
  return leases.map((each) => each.sort(bySeat));
}

function rowsIn({ rows }: SqliteAnswer): SqliteRows {
  if (!Array.isArray(rows)) throw new TypeError();
  return rows;
}

function placesIn(rows: SqliteRows): ReadonlySet<string> {
  return new Set(
    rows.map(({ resource, seat }) => placeKey({ resource: text(resource), seat: text(seat) })),
  );
}

function listedIn(row: SqliteRows[number]): Listed {
  return { resource: text(row["resource"]), ...leaseIn(row) };
}

/** A lease in a row. Throws where there is none. */
function leaseIn({ seat, id, token, value, time_left }: SqliteRows[number]): Lease {
  const left = time_left === null ? Infinity : Number(time_left);
  const lease = { seat: text(seat), id: text(id), token: Number(token), value: text(value), left };
  if (!Number.isSafeInteger(lease.token) || !(lease.token > 0 && left > 0)) throw new TypeError();
  return lease;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError();
  return value;
}

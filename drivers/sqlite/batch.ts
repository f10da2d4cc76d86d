/**
 * How a batch of operations becomes a batch of statements, which the database runs in one transaction, and
 * what the answers mean.
 *
 * @module
 */

import type {
  Acquire,
  ApplyOptions,
  Driver,
  Guarantees,
  Guard,
  Inspect,
  Lease,
  List,
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
import type { SqliteAnswer, SqliteBatch, SqliteRows, SqliteStatement } from "./send.ts";
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
    async apply(ops, { signal, beforeRequest }: ApplyOptions = {}) {
      checkOps(ops, guarantees.minTtl);
      const parts = runsOf(ops).map((run) => partOf(run, nonce));
      const statements = parts.flatMap((part) => part.statements);
      signal?.throwIfAborted();
      if (statements.length === 0) return [];
      const requests = counts === "batch" ? 1 : statements.length;
      // All of them before the first is sent, for then nothing has happened when one is forbidden.
      for (let n = 0; n < requests; n++) beforeRequest?.();
      const answers = await send(statements, signal);
      try {
        if (answers.length !== statements.length) throw new TypeError();
        let at = 0;
        return parts.flatMap(({ statements: { length }, read }) =>
          read(answers.slice(at, at += length).map(rowsIn))
        );
      } catch {
        throw noAnswer(name, "the answer is not one to Baton's statements");
      }
    },
  };
}

/** Operations that share their statements. */
interface Part {
  readonly statements: readonly SqliteStatement[];
  /** The outcomes. Throws where the rows cannot be the answer. */
  read(answers: readonly SqliteRows[]): readonly Outcome[];
}

type Run = readonly [Op, ...Op[]];

/**
 * How many characters the operations of one statement may have. D1 takes two million bytes, and a character
 * has three at most.
 */
const LONGEST = 500_000;

/** The operations in their order, those that follow each other and can share statements together. */
function runsOf(ops: readonly Op[]): Run[] {
  const runs: [Op, ...Op[]][] = [];
  let places = new Set<string>();
  let length = 0;
  for (const op of ops) {
    const run = runs.at(-1);
    const { length: more } = JSON.stringify(op);
    const place = "resource" in op ? placeKey(op) : "";
    if (
      run?.[0].op === op.op && isShared(op) && isShared(run[0]) &&
      (op.op === "inspect" || !places.has(place)) && length + more <= LONGEST
    ) {
      run.push(op);
      length += more;
    } else {
      runs.push([op]);
      places = new Set();
      length = more;
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

function partOf(run: Run, nonce: () => string): Part {
  const [op] = run;
  switch (op.op) {
    case "acquire":
      return acquire(op, nonce);
    case "renew":
      return renew(run as readonly Renew[], nonce);
    case "release":
      return release(run as readonly [Release], nonce);
    case "inspect":
      return isPage(op) ? lastSeats(op, nonce) : inspect(run as readonly Inspect[], nonce);
    case "list":
      return list(op, nonce);
  }
}

function acquire(op: Acquire, nonce: () => string): Part {
  const { seat, id, value, ttl, guard } = op;
  const sweeps = litters(id);
  const statements = [
    sql.look(nonce(), [op, ...blockers(guard)]),
    sql.acquire(nonce(), op),
    sql.keepToken(nonce(), op, sweeps),
    ...sweeps ? [sql.sweep(nonce(), op)] : [],
  ];
  return {
    statements,
    read([looked = [], granted = []]) {
      const [grant] = granted;
      if (grant) return [{ ok: true, leases: [leaseIn({ ...grant, seat, id, value, left: ttl })] }];
      const [[holder], blocking] = found(looked, 2) as [Lease[], Lease[]];
      if (holder) return [{ ok: holder.id === id, leases: [holder] }];
      // Only a clock that was set back makes a seat vacant at the look and not at the write.
      if (guard?.when !== "held" && blocking.length === 0) throw new TypeError();
      return [{ ok: false, leases: blocking.sort(bySeat) }];
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

function renew(ops: readonly Renew[], nonce: () => string): Part {
  return {
    statements: [sql.renew(nonce(), ops)],
    read([rows = []]) {
      const renewed = placesIn(rows);
      return ops.map((op) => ({ ok: renewed.has(placeKey(op)), leases: [] }));
    },
  };
}

function release(ops: readonly [Release], nonce: () => string): Part {
  const [{ guard }] = ops;
  return {
    statements: [sql.look(nonce(), [...ops, ...blockers(guard)]), sql.release(nonce(), ops)],
    read([looked = [], rows = []]) {
      const released = placesIn(rows);
      const there = found(looked, ops.length + 1);
      return ops.map((op, n) => {
        if (released.has(placeKey(op))) return { ok: true, leases: [] };
        const [holder] = there[n]!;
        const mine = holder && (op.id === undefined || op.id === holder.id);
        // What is in the way of the only one that has a guard; otherwise it has ended since the look.
        return { ok: false, leases: mine ? there[ops.length]!.sort(bySeat) : there[n]! };
      });
    },
  };
}

function inspect(ops: readonly Inspect[], nonce: () => string): Part {
  return {
    statements: [sql.look(nonce(), ops)],
    read: ([rows = []]) =>
      found(rows, ops.length).map((leases) => ({ ok: true, leases: leases.sort(bySeat) })),
  };
}

function lastSeats(op: Inspect, nonce: () => string): Part {
  return {
    statements: [sql.last(nonce(), op)],
    read: ([rows = []]) => [lastPage(rows.map(storedIn), op.limit!)],
  };
}

function list(op: List, nonce: () => string): Part {
  return {
    statements: [sql.list(nonce(), op)],
    read: ([rows = []]) => [
      page(
        rows.map((row): Listed => ({ resource: text(row["resource"]), ...storedIn(row) })),
        op.limit,
      ),
    ],
  };
}

function rowsIn({ rows }: SqliteAnswer): SqliteRows {
  if (!Array.isArray(rows)) throw new TypeError();
  return rows;
}

/** The leases of so many places. */
function found(rows: SqliteRows, places: number): Lease[][] {
  const leases = Array.from({ length: places }, (): Lease[] => []);
  for (const row of rows) leases[Number(row["n"])]!.push(storedIn(row));
  return leases;
}

function placesIn(rows: SqliteRows): ReadonlySet<string> {
  return new Set(
    rows.map(({ resource, seat }) => placeKey({ resource: text(resource), seat: text(seat) })),
  );
}

/** A lease in a row. Throws where there is none. */
function storedIn({ seat, id, token, value, time_left }: SqliteRows[number]): Lease {
  const left = time_left === null ? Infinity : Number(time_left);
  return leaseIn({ seat, id, token, value, left });
}

function leaseIn({ seat, id, token, value, left }: Record<string, unknown>): Lease {
  const lease = {
    seat: text(seat),
    id: text(id),
    token: Number(token),
    value: text(value),
    left: Number(left),
  };
  if (!Number.isSafeInteger(lease.token) || !(lease.token > 0 && lease.left > 0)) {
    throw new TypeError();
  }
  return lease;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError();
  return value;
}

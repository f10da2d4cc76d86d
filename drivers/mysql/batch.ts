/**
 * How a batch goes to MySQL, statement by statement, and what the answers mean.
 *
 * @module
 */

import type {
  Acquire,
  ApplyOptions,
  Guard,
  Inspect,
  Lease,
  List,
  Op,
  Outcome,
  Release,
  Renew,
} from "../driver.ts";
import { noAnswer, partly } from "../kit/failure.ts";
import { unlessAborted } from "../kit/aborts.ts";
import { bySeat } from "../kit/order.ts";
import { lastPage, type Listed, page } from "../kit/step.ts";
import { ConnectionError, InvalidArgument, UnknownOutcome } from "../../errors.ts";
import { AUTOCOMMIT, isDeadlock, mysqlError } from "./errors.ts";
import { text } from "./hex.ts";
import type { MysqlAnswer, SendStatement } from "./send.ts";
import type { Place, Statements } from "./statements.ts";

/** A server as one driver knows it. */
export interface MysqlServer {
  readonly name: string;
  /** Sends a statement that differs from every earlier one. */
  readonly send: SendStatement;
  readonly statements: Statements;
  /** For statements that a deadlock has undone. */
  readonly turns: Turns;
}

/**
 * Statements that go out one after the other. If all that met in a deadlock were sent again at once, they
 * would meet in another one, over fast connections hundreds of times.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Waits for those before it, and no longer than until the signal aborts. */
  next<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const mine = this.#last.then(() => {
      signal?.throwIfAborted();
      return work();
    });
    this.#last = mine.catch(() => {});
    return unlessAborted(mine, signal);
  }
}

/** So many in a row are not an accident any more. */
const ROUNDS = 30;

const RELEASED: Outcome = { ok: true, leases: [] };

/** The statements of one `apply`. */
export class MysqlBatch {
  /** Whether a grant says that it is time to clean up. */
  litters = false;
  readonly #server: MysqlServer;
  readonly #options: ApplyOptions;
  #wrote = false;

  constructor(server: MysqlServer, options: ApplyOptions) {
    this.#server = server;
    this.#options = options;
  }

  /** Runs one operation, or some that share a request. */
  async run(ops: readonly [Op, ...Op[]]): Promise<Outcome[]> {
    const [first] = ops;
    switch (first.op) {
      case "acquire":
        return [await this.#acquire(first)];
      case "renew":
        return await this.#renew(ops as readonly Renew[]);
      case "release":
        return [await this.#release(first)];
      case "list":
        return [await this.#list(first)];
      default:
        return await this.#inspect(ops as readonly Inspect[]);
    }
  }

  async #acquire(op: Acquire): Promise<Outcome> {
    const { seat, id, value, ttl } = op;
    const sql = this.#server.statements.acquire(op);
    return await this.#settle(op, async () => {
      // The insert id is the token of a grant, and 0 when the seat is not vacant.
      const token = await this.#write(sql, (answer) => answer.insertId ?? 0);
      if (token > 0) return this.#granted({ seat, id, token, value, left: ttl });
      const outcome = await this.#inTheWay(op);
      const [lease] = outcome?.leases ?? [];
      return outcome?.ok && lease ? this.#granted(lease) : outcome;
    });
  }

  #granted(lease: Lease): Outcome {
    this.litters ||= lease.token % 64 === 0;
    return { ok: true, leases: [lease] };
  }

  async #renew(ops: readonly Renew[]): Promise<Outcome[]> {
    const renewed = await this.#write(this.#server.statements.renew(ops), rowsOf);
    const all = renewed === ops.length;
    const there = all ? [] : await this.#look(ops);
    // What is live under its id now was so when it was renewed.
    const outcomes = ops.map(({ id }, n) => ({
      ok: all || there[n]?.[0]?.id === id,
      leases: [],
    }));
    // An answer that counts fewer is not the database's; but a lease without end stays unchanged, and
    // may not be counted. Where its value is not the new one, it was acquired after the renewal.
    const changed = ops.filter(({ ttl, value }, n) =>
      outcomes[n]?.ok &&
      (ttl < Infinity || (!all && value !== undefined && there[n]?.[0]?.value !== value))
    );
    if (changed.length > renewed) this.#odd();
    return outcomes;
  }

  async #release(op: Release): Promise<Outcome> {
    const sql = this.#server.statements.release(op);
    return await this.#settle(
      op,
      async () => await this.#write(sql, rowsOf) > 0 ? RELEASED : await this.#inTheWay(op),
    );
  }

  /** Tries until there is an outcome: what was in the way may be gone when it is looked at. */
  async #settle(op: Op, attempt: () => Promise<Outcome | undefined>): Promise<Outcome> {
    for (let round = 0; round < ROUNDS; round++) {
      const outcome = await attempt();
      if (outcome) return outcome;
    }
    this.#fail(
      new ConnectionError(
        `${this.#server.name} refused ${ROUNDS} times to ${op.op} where it shows nothing in the way, so ` +
          "nothing was written; send every statement to the primary, and let no cache answer a look",
        { retryable: true },
      ),
    );
  }

  /**
   * Looks why an acquisition or a release did nothing: its outcome, or `undefined` when nothing is in
   * its way any more.
   */
  async #inTheWay(op: Acquire | Release): Promise<Outcome | undefined> {
    const { guard } = op;
    const [there = [], guarded = []] = await this.#look(guard ? [op, placeOf(guard)] : [op]);
    const [holder] = there;
    const mine = holder && (op.id === undefined || op.id === holder.id);
    if (op.op === "acquire" && holder) return { ok: mine === true, leases: [holder] };
    if (op.op === "release" && !mine) return { ok: false, leases: there };
    if (!guard || (guard.when === "held") === guarded.length > 0) return undefined;
    return { ok: false, leases: guarded };
  }

  async #list(op: List): Promise<Outcome> {
    const leases = await this.#read(this.#server.statements.list(op), (row): Listed => ({
      resource: text(row["resource"]),
      ...leaseIn(row),
    }));
    return page(leases, op.limit);
  }

  async #inspect(ops: readonly Inspect[]): Promise<Outcome[]> {
    const places = ops.map(({ resource, seat, limit: last, before }): Place =>
      seat === undefined && last ? { resource, last, before } : { resource, seat }
    );
    return (await this.#look(places)).map((leases, n) => {
      const { last } = places[n]!;
      return last ? lastPage(leases, last) : { ok: true, leases };
    });
  }

  /** The live leases of each place, as of one instant; the last seat first where it is a page. */
  async #look(places: readonly Place[]): Promise<Lease[][]> {
    const found = places.map((): Lease[] => []);
    const rows = await this.#read(this.#server.statements.look(places), (row) => {
      const list = found[Number(row["n"])];
      if (!list) throw new TypeError();
      return [row["seat"] as string, list, leaseIn(row)] as const;
    });
    // Hexadecimal texts have the order of the table, the last first, and a union has none.
    rows.sort(([one], [two]) => one < two ? 1 : -1);
    for (const [, list, lease] of rows) list.push(lease);
    places.forEach(({ last }, n) => last ?? found[n]?.sort(bySeat));
    return found;
  }

  /** Whatever is not exactly the statement's answer proves nothing. */
  #odd(): never {
    throw noAnswer(this.#server.name, "the answer is not to Baton's statement");
  }

  async #read<T>(sql: string, read: (row: Row) => T): Promise<T[]> {
    const { rows } = await this.send(sql);
    try {
      return (rows as readonly Row[]).map(read);
    } catch {
      const form = oddForm(rows);
      if (form) this.#fail(new InvalidArgument(`Invalid query function: it answers ${form}`));
      this.#odd();
    }
  }

  /** Sends a write, and answers what is counted of it: 0 proves that it did nothing. */
  async #write(sql: string, counted: (answer: MysqlAnswer) => unknown): Promise<number> {
    const answer = await this.send(sql);
    const count = Number(counted(answer));
    this.#wrote ||= count !== 0;
    // Whether a transaction is open.
    const uncommitted = Number(answer.serverStatus) & 1;
    if (!uncommitted && count >= 0) return count;
    throw new UnknownOutcome(
      `${this.#server.name} has answered a write, and the outcome is unknown: ` +
        (uncommitted ? AUTOCOMMIT : "the query function gives no rowsAffected"),
      { retryable: false },
    );
  }

  /** Sends one statement; to be handed around. */
  readonly send = async (sql: string): Promise<MysqlAnswer> => {
    const { signal, beforeRequest } = this.#options;
    for (let deadlocks = 0;; deadlocks++) {
      try {
        signal?.throwIfAborted();
        beforeRequest?.();
      } catch (error) {
        this.#fail(error);
      }
      try {
        const sent = () => this.#server.send(sql, signal);
        return Object(await (deadlocks > 0 ? this.#server.turns.next(sent, signal) : sent()));
      } catch (error) {
        // The server has undone the statement for another's sake, and asks to send it again. One of
        // those in a deadlock always gets through.
        if (isDeadlock(error) && deadlocks < ROUNDS && !signal?.aborted) continue;
        this.#fail(mysqlError(this.#server.name, error, signal));
      }
    }
  };

  /** Throws the error, or says that what came before it in the batch is written. */
  #fail(cause: unknown): never {
    throw this.#wrote ? partly(cause) : cause;
  }
}

type Row = Readonly<Record<string, unknown>>;

function rowsOf({ rowsAffected }: MysqlAnswer): unknown {
  return rowsAffected;
}

/** What a client's options have made of rows, where it is one of the known forms. */
function oddForm(rows: unknown): string | undefined {
  const [row] = Array.isArray(rows) ? rows : [];
  if (Array.isArray(row)) return "rows as arrays; leave out rowsAsArray";
  const values: unknown[] = Object.values(Object(row));
  return values.some((each) => each instanceof Uint8Array)
    ? "bytes for texts; leave out typeCast"
    : values.some((each) => each === Object(each))
    ? "rows within rows; leave out nestTables"
    : undefined;
}

/** Throws when the row is of another form. */
function leaseIn({ seat, id, token, value, time_left }: Row): Lease {
  const left = time_left === null ? Infinity : Math.max(1, Number(time_left));
  const lease = { seat: text(seat), id: text(id), token: Number(token), value: text(value), left };
  if (!Number.isSafeInteger(lease.token) || lease.token < 1 || Number.isNaN(left)) {
    throw new TypeError();
  }
  return lease;
}

function placeOf({ when, resource, seat }: Guard): Place {
  return { resource, seat, ...(when === "held" && { limit: 1 }) };
}

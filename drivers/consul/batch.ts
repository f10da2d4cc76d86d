/**
 * Runs the operations of one batch, in as few transactions as they need.
 *
 * @module
 */

import { ConnectionError } from "../../errors.ts";
import type { Acquire, Op, Outcome } from "../driver.ts";
import { partly } from "../kit/failure.ts";
import { step } from "../kit/step.ts";
import type { Done, Requests } from "./client.ts";
import type { Keys } from "./keys.ts";
import { epochIn, read } from "./reader.ts";
import { hasSession } from "./record.ts";
import type { Chosen, Sessions } from "./sessions.ts";
import { type Snapshot, Transaction } from "./transaction.ts";

/** How often it is tried again because something that was read has changed. */
const ATTEMPTS = 1_000;
/** What is assumed of seats that were not looked at. */
const NOTHING: Snapshot = { now: 1, epoch: 0, entries: new Map(), marks: new Map() };

/** One batch. */
export class Batch {
  readonly #keys: Keys;
  readonly #sessions: Sessions;
  readonly #requests: Requests;

  /** Nothing is sent yet. */
  constructor(keys: Keys, sessions: Sessions, requests: Requests) {
    this.#keys = keys;
    this.#sessions = sessions;
    this.#requests = requests;
  }

  /** Runs them all, in order. */
  async apply(ops: readonly Op[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    const [only] = ops;
    if (ops.length === 1 && only?.op === "acquire" && isSimple(only)) {
      const granted = await this.#commit(ops, NOTHING);
      if (granted) return granted;
    }
    for (let attempt = 0; outcomes.length < ops.length;) {
      const rest = ops.slice(outcomes.length);
      const { snapshot, length } = await read(this.#keys, rest, this.#requests);
      const done = await this.#commit(rest.slice(0, length), snapshot);
      if (done) outcomes.push(...done);
      else if (++attempt === ATTEMPTS) throw this.#contended(outcomes.length > 0);
    }
    return outcomes;
  }

  /**
   * Decides the first operations, as many as fit into one transaction, and writes what they change.
   * `undefined`: something has changed since the snapshot, and nothing is written.
   */
  async #commit(ops: readonly Op[], snapshot: Snapshot): Promise<Outcome[] | undefined> {
    const table = new Transaction(this.#keys, snapshot, this.#requests.stamp());
    const outcomes: Outcome[] = [];
    for (const op of ops) {
      if (outcomes.length > 0 && !table.fits(op)) break;
      const { guard } = op as Partial<Acquire>;
      table.any = guard?.when === "held";
      outcomes.push(step(op, table));
    }
    const chosen = new Map<number, Chosen>();
    const settle = (how: keyof Omit<Chosen, "id">): void => {
      for (const each of chosen.values()) each[how]();
    };
    for (const [ttl, kept] of table.kept) {
      const session = await this.#sessions.choose(ttl, kept, this.#requests);
      if (!session) {
        settle("undone");
        return undefined;
      }
      chosen.set(ttl, session);
    }
    const verbs = table.verbs((ttl) => chosen.get(ttl)?.id ?? "");
    if (verbs.length === 0) {
      settle("done");
      return outcomes;
    }
    const epoch = { Verb: "get", Key: this.#keys.epoch };
    const done = await this.#requests.transact([epoch, ...verbs], false);
    if (typeof done === "string") {
      settle(done === "changed" ? "undone" : "lost");
      return undefined;
    }
    settle("done");
    this.#sessions.ended(table.ended);
    return outcomes.map((outcome, n) => this.#withToken(ops[n]!, outcome, table, done));
  }

  /** The token of a grant is known when it is written. */
  #withToken(op: Op, outcome: Outcome, table: Transaction, { found }: Done): Outcome {
    const [lease] = outcome.leases;
    if (op.op !== "acquire" || !lease || lease.token >= 0) return outcome;
    const key = this.#keys.seat(op.resource, op.seat);
    const epoch = epochIn(found.find(({ Key }) => Key === this.#keys.epoch)?.Value);
    const created = found.findLast(({ Key }) => Key === key)?.CreateIndex ?? NaN;
    const token = epoch + created;
    if (!Number.isSafeInteger(token)) throw new TypeError("the answer has no index");
    return { ok: outcome.ok, leases: [{ ...lease, token }] };
  }

  #contended(wrote: boolean): unknown {
    const error = new ConnectionError(
      `What consul keeps changed before each of ${ATTEMPTS} writes, so nothing was written; try again ` +
        "later",
      { retryable: true },
    );
    return wrote ? partly(error) : error;
  }
}

/** Whether it can be tried without a look: all that its grant requires is that some seats are vacant. */
function isSimple({ ttl, guard }: Acquire): boolean {
  return (hasSession(ttl) || ttl === Infinity) &&
    (!guard || (guard.when === "vacant" && guard.seat !== undefined));
}

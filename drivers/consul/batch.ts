/**
 * Runs the operations of one batch, in as few transactions as they need.
 *
 * @module
 */

import { ConnectionError } from "../../errors.ts";
import type { Acquire, Op, Outcome, Release } from "../driver.ts";
import { partly } from "../kit/failure.ts";
import { step } from "../kit/step.ts";
import type { Done, Requests } from "./client.ts";
import type { Keys } from "./keys.ts";
import { epochIn, read } from "./reader.ts";
import { type Entry, hasSession } from "./record.ts";
import { type Refusal, refusalOf, type Refusals, Watch } from "./refusals.ts";
import { type Chosen, type Instant, instant, type Sessions, since as age } from "./sessions.ts";
import { type Snapshot, Transaction } from "./transaction.ts";

/** How often it is tried again because something that was read has changed. */
const ATTEMPTS = 1_000;
/** How many operations are tried without a look. */
const MOST_BLIND = 16;

/** What a driver remembers, none of which it has to. */
export interface Memory {
  /** Its sessions. */
  readonly sessions: Sessions;
  /** What was refused. */
  readonly refusals: Refusals;
}

/** What became of some operations. */
interface Decided {
  readonly outcomes: readonly Outcome[];
  /** The next operation was refused and has patience. */
  readonly refusal?: Refusal | undefined;
}

/** One batch. */
export class Batch {
  readonly #keys: Keys;
  readonly #sessions: Sessions;
  readonly #refusals: Refusals;
  readonly #requests: Requests;
  readonly #watch: Watch;

  /** Nothing is sent yet. */
  constructor(keys: Keys, { sessions, refusals }: Memory, requests: Requests) {
    this.#keys = keys;
    this.#sessions = sessions;
    this.#refusals = refusals;
    this.#requests = requests;
    this.#watch = new Watch(requests);
  }

  /** Runs them all, in order. */
  async apply(ops: readonly Op[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    const start = instant();
    const last = this.#lastRefusal(ops);
    if (last && !await this.#watch.changes(last, last.op.patience!)) return [last.outcome];
    /** When the operation began that is refused and has patience. */
    let since: Instant | undefined = last && start;
    let attempts = 0;
    for (let blind: boolean = true; outcomes.length < ops.length;) {
      const rest = ops.slice(outcomes.length);
      const decided: Decided | undefined = (blind && await this.#withoutLook(rest)) ||
        await this.#withLook(rest);
      blind = false;
      if (!decided) {
        if (++attempts === ATTEMPTS) throw contended(outcomes.length > 0);
        continue;
      }
      if (decided.outcomes.length > 0) since = undefined;
      outcomes.push(...decided.outcomes);
      const { refusal }: Decided = decided;
      if (!refusal) continue;
      this.#refusals.note(refusal);
      since ??= instant();
      const left: number = refusal.op.patience! - age(since);
      blind = left >= 1 && await this.#watch.changes(refusal, left);
      if (!blind) outcomes.push(refusal.outcome);
    }
    return outcomes;
  }

  async #withLook(ops: readonly Op[]): Promise<Decided | undefined> {
    const { snapshot, length } = await read(this.#keys, ops, this.#requests);
    return await this.#commit(ops.slice(0, length), snapshot);
  }

  /** Tries what needs no look, if it is known to be enough. */
  async #withoutLook(ops: readonly Op[]): Promise<Decided | undefined> {
    if (ops.length > MOST_BLIND || !ops.every(isSimple)) return undefined;
    const entries = new Map<string, Entry>();
    for (const { resource, seat } of ops) {
      const key = this.#keys.seat(resource, seat);
      const entry = this.#sessions.known(key);
      if (entry) entries.set(key, entry);
    }
    return await this.#commit(ops, { now: 1, epoch: 0, entries, marks: new Map() }, true);
  }

  /** What was in the way of an acquisition that is alone and has patience. */
  #lastRefusal(ops: readonly Op[]): Refusal | undefined {
    const [op, ...others] = ops;
    if (op?.op !== "acquire" || !op.patience || others.length > 0) return undefined;
    return this.#refusals.of(op, this.#keys.seat(op.resource, op.seat));
  }

  /**
   * Decides the first operations, as many as fit into one transaction, and writes what they change.
   * `undefined`: something has changed since the snapshot, and nothing is written.
   */
  async #commit(
    ops: readonly Op[],
    snapshot: Snapshot,
    blind = false,
  ): Promise<Decided | undefined> {
    const table = new Transaction(this.#keys, snapshot, this.#requests.stamp());
    const outcomes: Outcome[] = [];
    let refusal: Refusal | undefined;
    for (const op of ops) {
      if (outcomes.length > 0 && !table.fits(op)) break;
      const { guard, patience } = op as Partial<Acquire>;
      table.any = guard?.when === "held";
      const { changes } = table;
      const outcome = step(op, table);
      // What changes nothing is not checked, and only what is checked may be answered.
      if (blind && table.changes === changes) return undefined;
      if (op.op === "acquire" && !outcome.ok && patience) {
        refusal = refusalOf(op, outcome, this.#keys, snapshot);
        break;
      }
      outcomes.push(outcome);
    }
    if (blind && outcomes.length < ops.length) return undefined;
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
      return { outcomes, refusal };
    }
    const epoch = { Verb: "get", Key: this.#keys.epoch };
    const done = await this.#requests.transact([epoch, ...verbs], false);
    if (typeof done === "string") {
      settle(done === "changed" ? "undone" : "lost");
      return undefined;
    }
    settle("done");
    this.#sessions.ended(table.ended);
    for (const { granted } of table.kept.values()) this.#refusals.forget(granted.keys());
    return { outcomes: outcomes.map((each, n) => this.#withToken(ops[n]!, each, done)), refusal };
  }

  /** The token of a grant is known when it is written. */
  #withToken(op: Op, outcome: Outcome, { found }: Done): Outcome {
    const [lease] = outcome.leases;
    if (op.op !== "acquire" || !lease || lease.token >= 0) return outcome;
    const key = this.#keys.seat(op.resource, op.seat);
    const epoch = epochIn(found.find(({ Key }) => Key === this.#keys.epoch)?.Value);
    const created = found.findLast(({ Key }) => Key === key)?.CreateIndex ?? NaN;
    const token = epoch + created;
    if (!Number.isSafeInteger(token)) throw new TypeError("the answer has no index");
    return { ok: outcome.ok, leases: [{ ...lease, token }] };
  }
}

function contended(wrote: boolean): unknown {
  const error = new ConnectionError(
    `What consul keeps changed before each of ${ATTEMPTS} writes, so nothing was written; try again ` +
      "later",
    { retryable: true },
  );
  return wrote ? partly(error) : error;
}

/**
 * Whether it can be tried without a look: it requires no more than that some seats are vacant, and that
 * a lease is still in our session.
 */
function isSimple(op: Op): op is Acquire | Release {
  if (op.op !== "acquire" && op.op !== "release") return false;
  const { id, ttl = Infinity, guard } = op as Partial<Acquire>;
  return id !== undefined && (hasSession(ttl) || ttl === Infinity) &&
    (!guard || (guard.when === "vacant" && guard.seat !== undefined));
}

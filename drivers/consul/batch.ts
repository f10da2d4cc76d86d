/**
 * Runs the operations of one batch, in as few transactions as they need.
 *
 * @module
 */

import { ConnectionError } from "../../errors.ts";
import type { Acquire, Op, Outcome, Release } from "../driver.ts";
import { partly } from "../kit/failure.ts";
import { type Instant, instant, since as age } from "../kit/instants.ts";
import type { Lines, Turn } from "../kit/lines.ts";
import { step } from "../kit/step.ts";
import type { Requests } from "./client.ts";
import type { Keys } from "./keys.ts";
import { epochIn, read, strictly } from "./reader.ts";
import { type Entry, type Found, hasSession, tokenOf } from "./record.ts";
import type { Recent } from "../kit/recent.ts";
import { type Refusal, refusalOf } from "./refusals.ts";
import type { Chosen, Sessions } from "./sessions.ts";
import { sweep, sweptBy } from "./sweep.ts";
import { type Snapshot, Transaction } from "./transaction.ts";

/** How often it is tried again because something that was read has changed. */
const ATTEMPTS = 1_000;
/** How many operations are tried without a look. */
const MOST_BLIND = 16;
/** No change in Consul has this index, so Consul answers a wait for the next change at once. */
const NO_INDEX = 1;

/** What a driver remembers, none of which it has to. */
export interface Memory {
  /** Its sessions. */
  readonly sessions: Sessions;
  /** Who was in the way of an acquisition, by the key of the seat. */
  readonly refusals: Recent<Refusal>;
  /**
   * The mark with which a resource was empty, by folder: its index, 0 for none, or NaN if somebody may be
   * there.
   */
  readonly empty: Recent<number>;
  /** Who waits. */
  readonly lines: Lines;
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
  readonly #refusals: Recent<Refusal>;
  readonly #empty: Recent<number>;
  readonly #requests: Requests;
  readonly #turn: Turn;
  /** The last change seen of what had no index of its own. */
  readonly #seen = new Map<string, number>();

  /** Nothing is sent yet. */
  constructor(
    keys: Keys,
    { sessions, refusals, empty, lines }: Memory,
    requests: Requests,
    signal: AbortSignal | undefined,
  ) {
    this.#keys = keys;
    this.#sessions = sessions;
    this.#refusals = refusals;
    this.#empty = empty;
    this.#requests = requests;
    this.#turn = lines.turn(signal);
  }

  /** Runs them all, in order. */
  async apply(ops: readonly Op[]): Promise<readonly Outcome[]> {
    try {
      return await this.#run(ops);
    } finally {
      this.#turn.end();
    }
  }

  async #run(ops: readonly Op[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    /** When the operation began that is refused and has patience. */
    let since: Instant | undefined;
    const last = this.#lastRefusal(ops);
    if (last) {
      since = instant();
      await this.#turn.comes(last.op, last.op.patience!);
      // What was true some time ago is answered only if Consul says that nothing has changed.
      if (!await this.#changes(last, last.op.patience!)) return [last.outcome];
    }
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
      since ??= instant();
      blind = await this.#waits(refusal, since);
      if (blind) continue;
      outcomes.push(refusal.outcome);
      since = undefined;
    }
    const swept = sweptBy(ops, outcomes);
    if (swept) await sweep(swept.resource, this.#keys, this.#requests);
    return outcomes;
  }

  /** Waits in line until a refusal may no longer be true, as long as there is patience left. */
  async #waits(refusal: Refusal, since: Instant): Promise<boolean> {
    const { op } = refusal;
    const left = (): number => op.patience! - age(since);
    return left() >= 1 && await this.#turn.comes(op, left()) && left() >= 1 &&
      await this.#changes(refusal, left());
  }

  /** Waits for at most so many ms; answers whether a refusal may no longer be true. */
  async #changes({ op, place, index, ends }: Refusal, ms: number): Promise<boolean> {
    const from = index ?? this.#seen.get(place.key) ?? NO_INDEX;
    const [now, held] = await this.#requests.watch(place, from, Math.min(ms, ends));
    this.#seen.set(place.key, now);
    const changed = now !== from || ends < ms;
    // If a key is there still, a look costs Consul less than a write that fails.
    if (changed && !held) this.#refusals.delete(this.#keys.seat(op.resource, op.seat));
    return changed;
  }

  async #withLook(ops: readonly Op[]): Promise<Decided | undefined> {
    const { snapshot, length } = await read(this.#keys, ops, this.#requests);
    return await this.#commit(ops.slice(0, length), snapshot);
  }

  /** Tries what needs no look, if it is known to be enough. */
  async #withoutLook(ops: readonly Op[]): Promise<Decided | undefined> {
    if (ops.length > MOST_BLIND || !ops.every(isSimple)) return undefined;
    const entries = new Map<string, Entry>();
    const marks = new Map<string, number>();
    for (const { op, resource, seat, guard } of ops) {
      const key = this.#keys.seat(resource, seat);
      // Most likely it is refused again, and a look says so in one request.
      if (op === "acquire" && this.#refusals.get(key)) return undefined;
      const entry = this.#sessions.known(key);
      if (entry) entries.set(key, entry);
      if (!guard || guard.seat !== undefined) continue;
      // Unless something is known, nobody has ever taken a seat there, most likely: there is no mark.
      const mark = this.#empty.get(this.#keys.folder(guard.resource)) ??
        (op === "acquire" ? 0 : NaN);
      if (Number.isNaN(mark)) return undefined;
      if (mark > 0) marks.set(this.#keys.mark(guard.resource), mark);
    }
    return await this.#commit(ops, { now: 1, epoch: 0, entries, marks }, true);
  }

  /** What was in the way of an acquisition that is alone and has patience, unless it may be a replay. */
  #lastRefusal(ops: readonly Op[]): Refusal | undefined {
    const [op, ...others] = ops;
    if (op?.op !== "acquire" || !op.patience || others.length > 0) return undefined;
    const last = this.#refusals.get(this.#keys.seat(op.resource, op.seat));
    // Who stands in line has to look first.
    if (this.#turn.isBehind(op)) return undefined;
    return last?.isLasting && last.outcome.leases[0]?.id !== op.id ? { ...last, op } : undefined;
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
    const table = new Transaction(this.#keys, snapshot);
    const outcomes: Outcome[] = [];
    let refusal: Refusal | undefined;
    for (const op of ops) {
      if (!table.admits(op)) break;
      const { guard, patience } = op as Partial<Acquire>;
      table.any = guard?.when === "held";
      const { changes } = table;
      const outcome = step(op, table);
      // What changes nothing is not checked, and only what is checked may be answered.
      if (blind && table.changes === changes) return undefined;
      if (op.op === "acquire" && !outcome.ok) {
        const refused = refusalOf(op, outcome, this.#keys, snapshot);
        this.#refusals.set(this.#keys.seat(op.resource, op.seat), refused);
        if (patience) {
          refusal = refused;
          break;
        }
      }
      outcomes.push(outcome);
    }
    if (blind && outcomes.length < ops.length) return undefined;
    const ends = table.ends();
    for (const verbs of ends) {
      if (typeof await this.#requests.transact(verbs, false) === "string") break;
    }
    // Those are gone now, and what else was seen is looked at again.
    if (ends.length > 0) return undefined;
    this.#remember(ops, blind ? undefined : snapshot);
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
    const found: Found[] = [];
    for (const [part, verbs] of table.parts((ttl) => chosen.get(ttl)?.id ?? "").entries()) {
      const epoch = { Verb: "get", Key: this.#keys.epoch };
      const done = await this.#requests.transact([epoch, ...verbs], false);
      if (typeof done !== "string") found.push(...done.found);
      else {
        // After a first part some of the leases are in the session, and it may hold no others.
        if (part === 0) settle(done === "changed" ? "undone" : "lost");
        return undefined;
      }
    }
    settle("done");
    this.#sessions.ended(table.ended);
    for (const { granted } of table.kept.values()) {
      for (const key of granted.keys()) this.#refusals.delete(key);
    }
    const complete = (outcome: Outcome): Outcome =>
      strictly(() => this.#withTokens(outcome, table, found));
    return {
      outcomes: outcomes.map(complete),
      refusal: refusal && { ...refusal, outcome: complete(refusal.outcome) },
    };
  }

  /** Remembers which of the guards' resources were empty, and in which seats are taken now. */
  #remember(ops: readonly Op[], snapshot: Snapshot | undefined): void {
    for (const op of ops) {
      const { guard } = op as Partial<Acquire>;
      if (!snapshot || !guard || guard.seat !== undefined) continue;
      const folder = this.#keys.folder(guard.resource);
      const isTaken = [...snapshot.entries.keys()].some((key) => key.startsWith(folder));
      const mark = snapshot.marks.get(this.#keys.mark(guard.resource)) ?? 0;
      this.#empty.set(folder, isTaken ? NaN : mark);
    }
    for (const { op, resource, seat } of ops as readonly Acquire[]) {
      if (op === "acquire" && seat) this.#empty.set(this.#keys.folder(resource), NaN);
    }
  }

  /** The token of a grant is known when it is written. */
  #withTokens(outcome: Outcome, table: Transaction, found: readonly Found[]): Outcome {
    const { ok, leases } = outcome;
    if (leases.every((lease) => table.grantedKey(lease) === undefined)) return outcome;
    const epoch = epochIn(found.find(({ Key }) => Key === this.#keys.epoch)?.Value);
    const complete = leases.map((lease) => {
      const key = table.grantedKey(lease);
      if (key === undefined) return lease;
      const created = found.findLast(({ Key }) => Key === key)?.CreateIndex;
      return { ...lease, token: tokenOf(epoch, created) };
    });
    return { ok, leases: complete };
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
    guard?.when !== "held";
}

/**
 * What an acquisition that waits is waiting for. Each has a place in a queue in etcd and watches who
 * leaves it. Only the first watches the seat, or what its guard is about, so that a release wakes one,
 * however many wait.
 *
 * It watches one thing at a time, in a request of its own. The gateway stops to read a request once it
 * has begun to answer, so of several watches in one request it now and then drops the last.
 *
 * @module
 */

import type { Acquire } from "../driver.ts";
import { decoded } from "../kit/base64.ts";
import { noAnswer } from "./errors.ts";
import type { Json } from "./gateway.ts";
import { type Keys, type KeyValue, under } from "./keys.ts";
import { type Done, guardText } from "./txn.ts";

/** What is in the way, as one transaction found it, and what came later. */
export class Obstacles {
  /** Whether it still has its place in the queue. */
  readonly queued: boolean;
  readonly #op: Acquire;
  readonly #keys: Keys;
  readonly #since: string;
  readonly #seat: string;
  readonly #guard: string;
  readonly #holders: Set<string>;
  readonly #guards: Set<string>;
  /** Those who wait longer for the same. */
  readonly #before: Set<string>;

  /** What a refused acquisition found: its seat, its guard if it has one, and the queue. */
  constructor(op: Acquire, keys: Keys, { found, revision }: Done) {
    const { id, guard } = op;
    this.#op = op;
    this.#keys = keys;
    this.#seat = keys.seats(op);
    this.#guard = guard ? keys.seats(guard) : "";
    this.#since = `${revision + 1}`;
    this.#holders = namesOf(found[0]);
    this.#guards = namesOf(guard ? found[1] : []);
    const line = found.at(-1) ?? [];
    const mine = line.find(({ key }) => decoded(key) === keys.line(op) + id);
    this.queued = mine !== undefined;
    this.#before = namesOf(
      line.filter(({ value, create_revision }) =>
        decoded(value) === guardText(guard) &&
        Number(create_revision) < Number(mine?.create_revision)
      ),
    );
  }

  /** Whether it is its turn, and it would be granted. */
  get none(): boolean {
    return this.#before.size === 0 && this.#holders.size === 0 && this.#open;
  }

  /** Whether its guard holds. */
  get #open(): boolean {
    const { guard } = this.#op;
    return !guard || (guard.when === "held") === this.#guards.size > 0;
  }

  /** What to watch first, until {@link changed} says that it is no longer in the way. */
  watch(): Json {
    const start_revision = this.#since;
    // Later waiters do not matter.
    const line = { ...under(this.#keys.line(this.#op)), filters: ["NOPUT"] };
    const span = this.#before.size > 0
      ? line
      : under(this.#holders.size > 0 ? this.#seat : this.#guard);
    return { create_request: { ...span, start_revision } };
  }

  /**
   * Whether what was watched is out of the way after these messages. Something else may have come into
   * the way meanwhile, so it is time to try again.
   */
  changed(messages: readonly Json[]): boolean {
    const [before, holders] = [this.#before.size, this.#holders.size];
    for (const { type, kv } of messages.flatMap(eventsIn)) {
      const name = decoded(kv.key);
      const gone = type === "DELETE";
      if (gone) this.#before.delete(name);
      if (name.startsWith(this.#seat)) change(this.#holders, name, gone);
      if (this.#guard && name.startsWith(this.#guard)) change(this.#guards, name, gone);
    }
    if (before > 0) return this.#before.size === 0;
    return holders > 0 ? this.#holders.size === 0 : this.#open;
  }
}

interface Event {
  readonly type?: string;
  readonly kv: KeyValue;
}

function eventsIn(message: Json): readonly Event[] {
  const { result } = message as { result?: { canceled?: boolean; events?: readonly Event[] } };
  // No more will come: of what is asked for etcd has no record any longer, or the member no leader.
  if (!result || result.canceled) throw noAnswer();
  return result.events ?? [];
}

function namesOf(there: readonly KeyValue[] = []): Set<string> {
  return new Set(there.map(({ key }) => decoded(key)));
}

function change(names: Set<string>, name: string, gone: boolean): void {
  if (gone) names.delete(name);
  else names.add(name);
}

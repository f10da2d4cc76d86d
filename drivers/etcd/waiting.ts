/**
 * What an acquisition that waits is waiting for. Each has a place in a queue in etcd and watches who
 * leaves it. Only the first few watch the seat, too, so that a release wakes few, however many wait.
 *
 * @module
 */

import type { Acquire } from "../driver.ts";
import { noAnswer } from "./errors.ts";
import type { Json } from "./gateway.ts";
import { decoded, type Keys, type KeyValue, under } from "./keys.ts";
import { type Done, guardText } from "./txn.ts";

/** With fewer than so many before it, it watches the seat: the next ones are ready in time. */
const NEAR = 3;

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
  #near = false;

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
    const { guard } = this.#op;
    const open = !guard || (guard.when === "held") === this.#guards.size > 0;
    return open && this.#holders.size === 0 && this.#before.size === 0;
  }

  /** What to watch, until {@link changed} says that there is something to do. */
  watch(): Json[] {
    this.#near = this.#before.size < NEAR;
    const start_revision = this.#since;
    // Who comes later does not matter.
    const line = { ...under(this.#keys.line(this.#op)), filters: ["NOPUT"] };
    const places = this.#near ? [this.#seat, this.#guard].filter(Boolean) : [];
    return [line, ...places.map((each) => under(each))].map((each) => (
      { create_request: { ...each, start_revision } }
    ));
  }

  /** Whether there is something to do after these messages: to try again, or to watch the seat. */
  changed(messages: readonly Json[]): boolean {
    for (const { type, kv } of messages.flatMap(eventsIn)) {
      const name = decoded(kv.key);
      const gone = type === "DELETE";
      if (gone) this.#before.delete(name);
      if (name.startsWith(this.#seat)) change(this.#holders, name, gone);
      if (this.#guard && name.startsWith(this.#guard)) change(this.#guards, name, gone);
    }
    return this.#near ? this.none : this.#before.size < NEAR;
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

/**
 * Acquisitions that wait for their grant. Each has a place in a queue in etcd. It watches the seat,
 * its guard and those before it in one stream, and sends nothing until it can be granted.
 *
 * @module
 */

import type { Acquire } from "../driver.ts";
import type { Json } from "./gateway.ts";
import { decoded, type Keys, type KeyValue } from "./keys.ts";
import { type Done, guardText } from "./txn.ts";

/** What is in the way, by the names of keys. */
export class Obstacles {
  /** Whether it still has its place in the queue. */
  readonly queued: boolean;
  /** etcd's revision when all was read. */
  readonly revision: number;
  readonly #op: Acquire;
  readonly #names: ReturnType<Keys["watched"]>;
  readonly #holders: Set<string>;
  readonly #guards: Set<string>;
  /** Those who wait longer for the same. */
  readonly #before: Set<string>;

  /** What a refused acquisition found. */
  constructor(op: Acquire, names: ReturnType<Keys["watched"]>, { found, revision }: Done) {
    this.#op = op;
    this.#names = names;
    this.revision = revision;
    this.#holders = namesOf(found[0]);
    this.#guards = namesOf(op.guard ? found[1] : []);
    const line = found.at(-1) ?? [];
    const mine = line.find(({ key }) => decoded(key) === names.waiter);
    this.queued = mine !== undefined;
    this.#before = namesOf(
      line.filter((each) =>
        mine && decoded(each.value) === guardText(op.guard) &&
        Number(each.create_revision) < Number(mine.create_revision)
      ),
    );
  }

  /** Whether it is its turn, and it would be granted. */
  get none(): boolean {
    const { guard } = this.#op;
    const open = !guard || (guard.when === "held") === this.#guards.size > 0;
    return open && this.#holders.size === 0 && this.#before.size === 0;
  }

  /** A key was written or has gone. */
  changed({ type, kv }: { readonly type?: string; readonly kv: KeyValue }): void {
    if (Number(kv.mod_revision) <= this.revision) return;
    const name = decoded(kv.key);
    const gone = type === "DELETE";
    const { seat, guard } = this.#names;
    if (name.startsWith(seat)) change(this.#holders, name, gone);
    if (guard !== undefined && name.startsWith(guard)) change(this.#guards, name, gone);
    if (gone) this.#before.delete(name);
  }
}

/** The events in a message of a watch. It throws if the message says that there will be no more. */
export function eventsIn(message: Json): readonly { type?: string; kv: KeyValue }[] {
  const { result } = message as { result?: { canceled?: boolean; events?: [] } };
  if (!result || result.canceled) throw new Error("the watch has ended");
  return result.events ?? [];
}

function namesOf(there: readonly KeyValue[] = []): Set<string> {
  return new Set(there.map(({ key }) => decoded(key)));
}

function change(names: Set<string>, name: string, gone: boolean): void {
  if (gone) names.delete(name);
  else names.add(name);
}

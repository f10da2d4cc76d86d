/**
 * Reads what a batch looks at, in one request.
 *
 * @module
 */

import { ConnectionError } from "../../errors.ts";
import type { Acquire, Op } from "../driver.ts";
import type { Done, Requests } from "./client.ts";
import { decoded, encoded } from "../kit/base64.ts";
import { noAnswer } from "../kit/failure.ts";
import type { Keys } from "./keys.ts";
import { type Entry, entryIn } from "./record.ts";
import type { Snapshot } from "./transaction.ts";

/** How many places are read at once: Consul's limit is 64 operations. */
const MOST = 60;

/** What was read, and for how many of the operations it is enough. */
export interface Read {
  /** What was read. */
  readonly snapshot: Snapshot;
  /** How many operations. */
  readonly length: number;
}

/**
 * Reads for as many of the operations as one request can. The first request under a prefix also makes
 * its epoch.
 */
export async function read(keys: Keys, ops: readonly Op[], requests: Requests): Promise<Read> {
  const { places, length } = placesOf(keys, ops);
  const trees = [keys.epoch, ...places].map((Key) => ({ Verb: "get-tree", Key }));
  for (let attempt = 0;; attempt++) {
    const done = await requests.transact(trees, true);
    const snapshot = typeof done === "string" ? undefined : strictly(() => snapshotIn(keys, done));
    if (snapshot) return { snapshot, length };
    // A read has no condition that could fail, and another driver makes the epoch once.
    if (typeof done === "string" || attempt > 1) throw unreadable();
    // An agent hides what its token may not read, so that all would seem vacant. To write it shows that.
    const epoch = { Verb: "cas", Key: keys.epoch, Value: encoded(`${done.now}`), Index: 0 };
    await requests.transact([epoch], false);
  }
}

function unreadable(): ConnectionError {
  return new ConnectionError(
    "consul does not show what was written under the prefix, so nothing was written; check the rights of " +
      "the ACL token",
    { code: "unauthorized" },
  );
}

/** What to read for as many operations as one request can. */
function placesOf(keys: Keys, ops: readonly Op[]): { places: Set<string>; length: number } {
  const places = new Set<string>();
  for (const [length, op] of ops.entries()) {
    const wanted = [...placesIn(keys, op)];
    if (length > 0 && places.size + wanted.length > MOST) return { places, length };
    for (const place of wanted) places.add(place);
  }
  return { places, length: ops.length };
}

function* placesIn(keys: Keys, op: Op): Generator<string> {
  if (op.op === "list") return yield keys.under(op.prefix);
  const { guard } = op as Partial<Acquire>;
  for (const place of [op, guard]) {
    if (place?.seat !== undefined) yield keys.seat(place.resource, place.seat);
    else if (place) yield* [keys.folder(place.resource), keys.mark(place.resource)];
  }
}

/** Whatever cannot be read is not what Baton has written. */
export function strictly<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw noAnswer("consul", "what it shows under the prefix is not what Baton writes");
  }
}

/** What was read; `undefined` if there is no epoch. */
function snapshotIn(keys: Keys, { found, now }: Done): Snapshot | undefined {
  const entries = new Map<string, Entry>();
  const marks = new Map<string, number>();
  let epoch = 0;
  for (const each of found) {
    if (each.Key === keys.epoch) epoch = epochIn(each.Value);
    else if (keys.placeOf(each.Key)) entries.set(each.Key, entryIn(each));
    else marks.set(each.Key, each.ModifyIndex);
  }
  return epoch > 0 ? { now, epoch, entries, marks } : undefined;
}

/** The epoch in the value of its key. */
export function epochIn(value: string | null | undefined): number {
  const epoch = Number(decoded(value ?? ""));
  if (!Number.isSafeInteger(epoch) || epoch <= 0) throw new TypeError();
  return epoch;
}

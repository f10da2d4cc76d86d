/**
 * What is asked of the functions in the database: in what order, and under which locks.
 *
 * @module
 */

import type { List, Op } from "../driver.ts";
import { endOf, placeKey } from "../kit/order.ts";
import { placeIn } from "../kit/step.ts";

/** A batch as it goes out. */
export interface Request {
  /** What the procedure in the database is called with. */
  readonly text: string;
  /** The operations in the order in which they go out. */
  readonly ops: readonly Op[];
  /** The place that each of these had in the batch. */
  readonly order: readonly number[];
}

/** A server has room for some ten thousand locks, and each of these operations takes three at most. */
const LOCKING = 1_000;

/** A batch in as few requests as the server has locks for. */
export function* partsOf(ops: readonly Op[]): Generator<readonly Op[]> {
  let [begin, locking] = [0, 0];
  for (const [n, { op }] of ops.entries()) {
    if (op !== "acquire" && op !== "release") continue;
    if (locking++ < LOCKING) continue;
    yield ops.slice(begin, n);
    [begin, locking] = [n, 1];
  }
  if (begin < ops.length) yield ops.slice(begin);
}

/**
 * Makes the request of a batch. `nonce` makes it differ from every other; it is in the parameter, for by
 * a statement's text clients and servers keep prepared statements.
 *
 * @throws {InvalidArgument} when a list's cursor is not of its prefix.
 */
export function requestOf(ops: readonly Op[], nonce: string): Request {
  const apart = areApart(ops);
  const order = apart ? inOrder(ops) : [...ops.keys()];
  const sorted = order.map((index) => ops[index]!);
  const text = JSON.stringify({
    nonce,
    locks: locksOf(ops),
    places: apart ? [] : placesOf(ops),
    // Infinity is null in JSON, and no ttl means no end.
    ops: sorted.map((op) => isList(op) ? rangeOf(op) : op),
  });
  return { text, ops: sorted, order };
}

function isList(op: Op): op is List {
  return op.op === "list";
}

/** Whether the operations cannot affect each other. */
function areApart(ops: readonly Op[]): boolean {
  return new Set(ops.map(keyOf)).size === ops.length &&
    ops.every((op) => "seat" in op && op.seat !== undefined && !("guard" in op && op.guard));
}

/** By place, so that two batches lock their rows in one order and never wait for each other. */
function inOrder(ops: readonly Op[]): number[] {
  const keys = ops.map(keyOf);
  return [...keys.keys()].sort((a, b) => keys[a]! < keys[b]! ? -1 : 1);
}

/**
 * Where operations write and look that must run as they are given, each with whether it is written; all
 * of a resource comes before its seats. A single operation has its order.
 */
function placesOf(ops: readonly Op[]): [resource: string, seat: string | null, written: boolean][] {
  if (ops.length < 2) return [];
  const places = new Map<string, [string, string | null, boolean]>();
  const add = (
    { resource, seat }: { resource: string; seat?: string | undefined },
    written = false,
  ) => {
    const key = JSON.stringify([resource, seat !== undefined, seat]);
    places.set(key, [resource, seat ?? null, written || places.get(key)?.[2] === true]);
  };
  for (const op of ops) {
    if (isList(op)) continue;
    add(op, op.op !== "inspect");
    if ("guard" in op && op.guard) add(op.guard);
  }
  return [...places].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, place]) => place);
}

function keyOf(op: Op): string {
  return isList(op) ? "" : placeKey(op);
}

/**
 * The advisory locks of operations that begin or end leases, sorted, each with whether it is exclusive.
 * Two operations must meet when one begins or ends what the other's guard looks at, and only then: a
 * guard on a seat meets those of that seat, a guard on a whole resource those of any of its seats.
 */
function locksOf(ops: readonly Op[]): [key: string, exclusive: boolean][] {
  const locks = new Map<string, boolean>();
  const lock = (key: string, exclusive: boolean): void => {
    locks.set(key, exclusive || locks.get(key) === true);
  };
  for (const op of ops) {
    if (op.op !== "acquire" && op.op !== "release") continue;
    lock(placeKey({ resource: op.resource }), false);
    lock(placeKey(op), true);
    const { guard } = op;
    if (guard) lock(placeKey(guard), guard.seat === undefined);
  }
  return [...locks].sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * A list as a range of the key: from a place on (`again`: that place was answered before).
 *
 * @throws {InvalidArgument} when its cursor is not of its prefix.
 */
export function rangeOf({ op, prefix, after, limit }: List): unknown {
  const { resource, seat } = after === undefined
    ? { resource: prefix, seat: "" }
    : placeIn(after, prefix);
  return { op, resource, seat, again: after !== undefined, stop: endOf(prefix), limit };
}

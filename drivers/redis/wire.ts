/**
 * How a batch of operations goes to the script.
 *
 * @module
 */

import { refuse } from "../kit/check.ts";
import type { Guard, List, Op } from "../driver.ts";
import { escape, type KeyPlace, keysOf, listOf } from "./keys.ts";

/** What goes with EVALSHA, behind the script's name. */
export interface Request {
  /** The keys, the namespace first. */
  readonly keys: readonly string[];
  /** The operations, as the script reads them. */
  readonly json: string;
}

/**
 * Makes the request of a batch.
 *
 * @throws {InvalidArgument} when a list is to go on where no list has ended.
 */
export function requestOf(namespace: string, ops: readonly Op[]): Request {
  const keys = new Set([namespace]);
  const declare = (place: Place, write: boolean): Place => {
    for (const key of keysOf(namespace, place, write)) keys.add(key);
    return place;
  };
  const wired = ops.map((op) => {
    if (op.op === "list") return listed(op);
    const { id, guard, ttl } = op as Extract<Op, { op: "acquire" }>;
    return {
      ...op,
      ...declare(placeOf(op), op.op === "acquire" || op.op === "release"),
      id: id && escape(id),
      // An absent ttl is no end.
      ttl: ttl === Infinity ? undefined : ttl && `${ttl}`,
      guard: guard && { when: guard.when, ...declare(placeOf(guard), false) },
      patience: undefined,
    };
  });
  return { keys: [...keys], json: JSON.stringify(wired) };
}

/** A place, and the list of the index in which it is, or begins. */
interface Place extends KeyPlace {
  readonly list: string;
}

function placeOf({ resource, seat }: Exclude<Op, List> | Guard): Place {
  const place = {
    resource: escape(resource),
    seat: seat === undefined ? undefined : escape(seat),
  };
  return { ...place, list: `${listOf(place)}` };
}

function listed({ op, prefix, after, limit }: List): Record<string, string | undefined> {
  // Redis counts in 64 bits, and takes what is more for an error of its own.
  if (after !== undefined && !(/^\d{1,20}$/.test(after) && BigInt(after) < 2n ** 64n)) {
    refuse("after", "it is not what an earlier page answered");
  }
  return { op, prefix: escape(prefix), after, limit: `${limit}` };
}

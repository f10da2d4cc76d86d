/**
 * How a batch of operations is sent to the script.
 *
 * @module
 */

import { refuse } from "../kit/check.ts";
import type { Acquire, Inspect, List, Op } from "../driver.ts";
import { escape, keysIn, type Named, namesOf } from "./keys.ts";

/** The script's keys and argument. */
export interface Request {
  /** The keys, the namespace first. */
  readonly keys: readonly string[];
  /** The operations, as the script reads them. */
  readonly json: string;
}

/**
 * Makes the request of a batch.
 *
 * @throws {InvalidArgument} when a list's cursor is not one that an earlier page answered.
 */
export function requestOf(namespace: string, ops: readonly Op[]): Request {
  const keys = new Set([namespace]);
  const declared = (names: Named): Named => {
    for (const name of keysIn(names)) keys.add(namespace + name);
    return names;
  };
  const wired = ops.map((op) => {
    if (op.op === "list") return listed(op);
    const { id, ttl, value, guard } = op as Acquire;
    const { resource, seat } = op;
    const write = op.op === "acquire" || op.op === "release";
    const names = declared(namesOf(resource, seat, write));
    return {
      op: op.op,
      ...names,
      ...op.op === "inspect" && names.all && pageOf(op, names.at),
      id: id && escape(id),
      // No ttl means no end.
      ttl: ttl && ttl < Infinity ? `${ttl}` : undefined,
      value,
      guard: guard && {
        when: guard.when,
        ...declared(namesOf(guard.resource, guard.seat, false)),
      },
    };
  });
  return { keys: [...keys], json: JSON.stringify(wired) };
}

/** The page of a resource whose names begin with `at`. */
function pageOf({ limit, before }: Inspect, at: string): Record<string, string | undefined> {
  return {
    last: limit === undefined ? undefined : `${limit}`,
    before: before === undefined ? undefined : at + escape(before),
  };
}

function listed({ op, prefix, after, limit }: List): Record<string, string | undefined> {
  // Redis counts in 64 bits, and answers a larger number with an error.
  if (after !== undefined && !(/^\d{1,20}$/.test(after) && BigInt(after) < 2n ** 64n)) {
    refuse("after", "it is not what an earlier page answered");
  }
  return { op, at: `/${escape(prefix)}`, after, limit: `${limit}` };
}

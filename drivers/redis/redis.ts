/**
 * Leases in Redis: one script, one request per `apply`, through any function that can send a
 * command. `./upstash.ts` is the transport for Upstash; ioredis is one line.
 *
 * What it does **not** promise: Redis replicates asynchronously, so a fail-over or a crash can
 * forget a lease it has acknowledged, and then two holders believe at once. Check fencing tokens at
 * the resource; after such a loss they still grow once the senders' clocks have passed the last one,
 * which is at once unless more than a grant per millisecond had run it ahead. Eviction must be off
 * (`maxmemory-policy noeviction`): other policies delete keys with a TTL first, and those are the
 * leases.
 *
 * @module
 */

import { checkOps } from "../kit/check.ts";
import type { Acquire, Driver, Guarantees, Guard, Lease, Op, Outcome } from "../driver.ts";
import { bySeat } from "../kit/order.ts";
import { redisError } from "./errors.ts";
import { runScript, type SendCommand } from "./send.ts";
import { SCRIPT, SCRIPT_SHA1 } from "./script.ts";

export type { SendCommand } from "./send.ts";

/** How the Redis driver is made. */
export interface RedisOptions {
  /** The driver's name in messages and traces; `"redis"` unless given. */
  name?: string;
  /** The Redis keys' common prefix and hash tag; `"baton"` unless given. */
  keyPrefix?: string;
  /** The sender's wall clock in ms. It may only raise fencing tokens, never decide who holds. */
  now?: () => number;
}

const GUARANTEES: Guarantees = {
  consistency: "until-failover",
  clock: "server",
  durability: "asynchronous",
  push: false,
  minTtl: 1,
};

/**
 * Makes the driver over a function that sends one command.
 *
 * @example
 * ```ts
 * import { redis } from "@baton/baton/drivers/redis";
 *
 * declare const client: { call(...command: string[]): Promise<unknown> }; // an ioredis client
 * const driver = redis((command) => client.call(...command));
 * ```
 * @throws {CoordinationError} as {@link Driver.apply} does.
 */
export function redis(send: SendCommand, options: RedisOptions = {}): Driver {
  const { name = "redis", keyPrefix = "baton", now = Date.now } = options;
  const namespace = `{${escape(keyPrefix)}}`;
  return {
    name,
    guarantees: GUARANTEES,
    async apply(ops, { signal } = {}) {
      checkOps(ops, GUARANTEES.minTtl);
      signal?.throwIfAborted();
      if (ops.length === 0) return [];
      const wired = ops.map(wire);
      const keys = keysOf(namespace, wired);
      const request = JSON.stringify(wired);
      const tail = [`${keys.length}`, ...keys, namespace, clock(now()), request];
      let reply: unknown;
      try {
        reply = await runScript(send, { text: SCRIPT, sha1: SCRIPT_SHA1 }, tail, signal);
      } catch (error) {
        throw redisError(name, error, request);
      }
      return parse(name, reply, ops.length);
    },
  };
}

/** Text without "/", space, "{" or "}", so that keys and rows can be joined and taken apart. */
function escape(text: string): string {
  // Most names need no escape, and looking is cheaper than escaping.
  return /^[\w.:-]*$/.test(text) ? text : encodeURIComponent(text).replaceAll("%3A", ":");
}

/** The sender's clock as an argument; one that cannot be right must not raise the counter. */
function clock(ms: number): string {
  const year2100 = 4_102_444_800_000;
  return ms > 0 && ms < year2100 ? `${Math.floor(ms)}` : "0";
}

/** Somewhere an operation or a guard points to, with its texts escaped. */
interface Place {
  readonly resource: string;
  readonly seat: string | undefined;
}

function place({ resource, seat }: Op | Guard): Place {
  return { resource: escape(resource), seat: seat === undefined ? seat : escape(seat) };
}

/** An operation as the script reads it; an absent ttl is for ever. */
interface Wired extends Place {
  readonly guard?: Place | undefined;
}

function wire(op: Op): Wired {
  const { id, guard, ttl } = op as Partial<Acquire>;
  const wired = {
    ...op,
    ...place(op),
    id: id && escape(id),
    ttl: ttl === Infinity ? undefined : ttl,
    guard: guard && { ...guard, ...place(guard) },
  };
  return wired;
}

/** Every key the script can be told of beforehand. */
function keysOf(namespace: string, ops: readonly Wired[]): string[] {
  const keys = new Set([namespace]);
  for (const op of ops) {
    for (const at of op.guard ? [op, op.guard] : [op]) {
      const index = `${namespace}/${at.resource}`;
      if (at.seat !== "") keys.add(index);
      keys.add(`${index}/${at.seat ?? ""}`);
    }
  }
  return [...keys];
}

/** Reads the reply strictly: whatever is not exactly the script's form proves nothing. */
function parse(name: string, reply: unknown, count: number): Outcome[] {
  if (!Array.isArray(reply) || reply.length !== count) throw odd(name);
  return reply.map((answer: unknown) => {
    if (!Array.isArray(answer) || (answer[0] !== 0 && answer[0] !== 1)) throw odd(name);
    const leases: Lease[] = [];
    for (let i = 1; i < answer.length; i += 2) leases.push(lease(name, answer[i], answer[i + 1]));
    leases.sort(bySeat);
    return { ok: answer[0] === 1, leases };
  });
}

function lease(name: string, row: unknown, left: unknown): Lease {
  const text = typeof row === "string" ? row : "";
  const [, seat, token, id, value] = /^(\S*) (\d+) (\S+) \d+ ([^]*)$/.exec(text) ?? [];
  if (seat === undefined || !id || value === undefined || typeof left !== "number") throw odd(name);
  return {
    seat: decodeURIComponent(seat),
    id: decodeURIComponent(id),
    token: Number(token),
    value,
    left: left === -1 ? Infinity : Math.max(left, 0),
  };
}

function odd(name: string): Error {
  return redisError(name, "the reply is not from Baton's script");
}

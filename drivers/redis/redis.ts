/**
 * Leases in Redis: each `apply` is one run of a script, and one request, through any function that
 * can send a command. A server that does not know the script yet needs a second request.
 * `./upstash.ts` is the transport for Upstash; for ioredis it is one line.
 *
 * What it does **not** promise. Redis replicates asynchronously, so a fail-over or a crash can
 * forget a lease that it acknowledged. Then two processes think that they hold it at the same time,
 * so check fencing tokens at the resource. After such a loss tokens still grow once the senders'
 * clocks have passed the last one. That is at once, unless tokens had run ahead of the clocks,
 * which takes more than one grant per millisecond. Eviction must be off
 * (`maxmemory-policy noeviction`): other policies delete keys with a TTL first, and those are the
 * leases.
 *
 * `list` looks through the keys of the whole database with SCAN, some ten thousand in a request. If
 * other applications keep millions of keys there, most pages are empty, and a full list takes one
 * request per ten thousand keys. On a cluster it looks at one node, which has the whole namespace.
 * A lease may come twice while the server resizes its table. Upstash bills each page as at most 20
 * commands.
 *
 * @module
 */

import { checkOps } from "../kit/check.ts";
import { checkOptions } from "../kit/options.ts";
import type { Driver, Guarantees } from "../driver.ts";
import { oddReply, redisError, renamedError } from "./errors.ts";
import { escape } from "./keys.ts";
import { outcomesIn } from "./reply.ts";
import { scriptRunner, type SendCommand } from "./send.ts";
import { RENAMED, SCRIPT, SCRIPT_SHA1 } from "./script.ts";
import { requestOf } from "./wire.ts";

export type { SendCommand } from "./send.ts";

/** How the Redis driver is made. */
export interface RedisOptions {
  /** The driver's name in messages and traces. Default: `"redis"`. */
  name?: string | undefined;
  /** What all Redis keys begin with, as their hash tag. Default: `"baton"`. */
  keyPrefix?: string | undefined;
  /**
   * The sender's wall clock in ms. It only raises fencing tokens, and never decides who holds a
   * lease. Default: `Date.now`.
   */
  now?: (() => number) | undefined;
}

const GUARANTEES: Guarantees = {
  consistency: "until-failover",
  clock: "server",
  durability: "asynchronous",
  push: false,
  minTtl: 1,
};

/**
 * Makes the driver from a function that sends one command.
 *
 * @example
 * ```ts
 * import { redis } from "@baton/baton/drivers/redis";
 * import { Redis } from "ioredis";
 *
 * const client = new Redis("redis://localhost:6379");
 * const driver = redis((command) => client.call(...command));
 * ```
 * @throws {InvalidArgument} when `send` is not a function, or an option is unknown.
 */
export function redis(send: SendCommand, options: RedisOptions = {}): Driver {
  checkOptions(options, "name keyPrefix now");
  const { name = "redis", keyPrefix = "baton", now = Date.now } = options;
  const namespace = `{${escape(keyPrefix)}}`;
  const run = scriptRunner(send, { text: SCRIPT, sha1: SCRIPT_SHA1 });
  return {
    name,
    guarantees: GUARANTEES,
    async apply(ops, options = {}) {
      checkOps(ops, GUARANTEES.minTtl);
      options.signal?.throwIfAborted();
      if (ops.length === 0) return [];
      const { keys, json } = requestOf(namespace, ops);
      const tail = [`${keys.length}`, ...keys, clock(now()), json];
      const explain = (error: unknown) => redisError(name, error, json, options.signal);
      const reply = await run(tail, explain, options);
      if (reply === RENAMED) throw renamedError(name);
      try {
        return outcomesIn(reply, ops);
      } catch {
        throw oddReply(name, reply);
      }
    },
  };
}

/** The sender's clock as an argument. A clock that cannot be right must not raise the counter. */
function clock(ms: number): string {
  const year2100 = 4_102_444_800_000;
  return ms > 0 && ms < year2100 ? `${Math.floor(ms)}` : "0";
}

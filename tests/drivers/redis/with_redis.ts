/**
 * A Redis of a test's own, and the driver over it.
 *
 * @module
 */

import type { Redis } from "ioredis";
import type { Acquire, Driver } from "../../../drivers/driver.ts";
import { redis, type RedisOptions } from "../../../drivers/redis/redis.ts";
import { startRedis } from "../../servers/redis.ts";

/** Runs a test over a server that is there for it alone, with a driver. */
export function withRedis(
  test: (driver: Driver, client: Redis, another: () => Redis) => Promise<void>,
  extra: readonly string[] = [],
): Promise<void> {
  return withClients((client, another) => test(over(client), client, another), extra);
}

/** Runs a test over a server that is there for it alone, with its clients. */
export async function withClients(
  test: (client: Redis, another: () => Redis) => Promise<void>,
  extra: readonly string[] = [],
): Promise<void> {
  const server = await startRedis({ extra });
  try {
    await test(server.client(), server.client);
  } finally {
    await server.stop();
  }
}

/** The one line that makes any client a transport. */
export function over(client: Redis, options: RedisOptions = {}): Driver {
  return redis(([name = "", ...args]) => client.call(name, ...args), options);
}

/** An acquisition of a minute. */
export function acquire(id: string, more: Partial<Acquire> = {}): Acquire {
  return { op: "acquire", resource: "lock:x", seat: "", id, ttl: 60_000, value: "v", ...more };
}

/** A Redis, an Upstash front end over it, and a client of each, for the length of one test. */
import { Redis as Upstash } from "@upstash/redis";
import type { Redis } from "ioredis";
import { type RedisServer, startRedis } from "./redis.ts";
import { startUpstash, type UpstashOptions, type UpstashServer } from "./upstash.ts";

export interface UpstashFixture {
  readonly redis: RedisServer;
  /** Sees what really happened, past the front end. */
  readonly direct: Redis;
  readonly server: UpstashServer;
  /** The vendor's client as it comes. */
  readonly client: Upstash;
}

export async function withUpstash(
  test: (fixture: UpstashFixture) => Promise<void>,
  options: UpstashOptions = {},
): Promise<void> {
  const redis = await startRedis();
  try {
    const server = await startUpstash(redis, options);
    try {
      const client = new Upstash({ url: server.url, token: server.token });
      await test({ redis, direct: redis.client(), server, client });
    } finally {
      await server.stop();
    }
  } finally {
    await redis.stop();
  }
}

export interface RawReply {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

/** A plain request with the right token, unless `init` says otherwise. */
export async function raw(
  server: UpstashServer,
  path: string,
  init: RequestInit = {},
): Promise<RawReply> {
  const response = await fetch(`${server.url}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${server.token}`, ...init.headers },
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** The same, with a JSON body. */
export function post(
  server: UpstashServer,
  path: string,
  body: unknown,
  init: RequestInit = {},
): Promise<RawReply> {
  return raw(server, path, { method: "POST", body: JSON.stringify(body), ...init });
}

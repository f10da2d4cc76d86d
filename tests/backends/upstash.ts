/**
 * Upstash's REST protocol, on a real Redis.
 *
 * @module
 */

import { Redis } from "@upstash/redis";
import type { Driver } from "../../drivers/driver.ts";
import { redis } from "../../drivers/redis/redis.ts";
import { upstash as open } from "../../drivers/redis/upstash.ts";
import { type RedisServer, startRedis } from "../servers/redis.ts";
import { refuseOnRedis } from "../servers/refusals.ts";
import { startUpstash } from "../servers/upstash.ts";
import type { Backend, Server, Wire } from "./backend.ts";
import { startRemote } from "./remote.ts";

/** Upstash keeps its data over a restart; the other settings show what Redis loses. */
const FLUSHES = {
  everysec: "some",
  always: "nothing",
  none: "everything",
} as const satisfies Record<
  string,
  Server["loses"]
>;

/** It has no clock to step: Debian's Redis does not start under libfaketime. */
export const upstash: Backend<"server" | "wire" | "renames"> = {
  name: "upstash over a real Redis",
  key: "upstash",
  clock: "real",
  lanes: 16,
  has: { server: true, wire: true, renames: true },
  flushes: Object.keys(FLUSHES),
  vendors: [
    {
      name: "upstash",
      driver: (host, { token }, protocol) => open({ url: `${protocol}://${host}`, token }),
      pasted: (url, { token }) => [
        () => open({ url, token }),
        () => open({ url: "https://h.example", token: `${token} ${url}` }),
      ],
      url: (host, { token }) => `upstash+http://:${encodeURIComponent(token)}@${host}`,
    },
    {
      name: "upstash over a client of the user's",
      driver: (host, { token }, protocol) =>
        overVendorsClient(
          new Redis({ url: `${protocol}://${host}`, token, retry: { retries: 0 } }),
        ),
      usersClient: true,
      followsRedirects: true,
    },
  ],
  async start({ flush = "everysec", keyPrefix } = {}) {
    const how = flush as keyof typeof FLUSHES;
    const running = await startRemote({
      loses: FLUSHES[how],
      start: () => startRedis({ appendOnly: how === "none" ? "no" : how }),
      refuse: refuseOnRedis,
      front: (redis) => wireTo(redis, keyPrefix),
    });
    return { ...running, renames: true };
  },
};

/** The driver over the vendor's client, as `docs/clients.md` shows it. */
export function overVendorsClient(client: Redis): Driver {
  return redis((command) => client.exec([...command]), { name: "upstash" });
}

async function wireTo(redis: RedisServer, keyPrefix?: string): Promise<Wire> {
  const front = await startUpstash(redis, keyPrefix === undefined ? {} : { keyPrefix });
  const { url, token, faults } = front;
  return {
    url: `upstash+http://:${encodeURIComponent(token)}@${new URL(url).host}`,
    faults,
    get requests() {
      return front.requests;
    },
    connect: () => open({ url, token }),
    another: () => wireTo(redis, keyPrefix),
    stop: () => front.stop(),
  };
}

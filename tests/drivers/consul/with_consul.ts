/** A Consul, a proxy in front of it, and its own HTTP API, for the length of one test. */

import { consul, type ConsulOptions } from "../../../drivers/consul/consul.ts";
import type { Driver } from "../../../drivers/driver.ts";
import { type ConsulServer, type ConsulServerOptions, startConsul } from "../../servers/consul.ts";
import { type ConsulFront, startConsulFront } from "../../servers/consul_front.ts";

export interface ConsulFixture {
  readonly server: ConsulServer;
  readonly front: ConsulFront;
  /** A driver through the proxy. */
  connect(options?: Partial<ConsulOptions>): Driver;
  /** Asks Consul itself; answers the JSON of it. */
  ask<T>(method: "GET" | "PUT" | "DELETE", path: string, body?: unknown): Promise<T>;
  /** All keys. */
  keys(): Promise<readonly string[]>;
  /** The ids of all sessions. */
  sessions(): Promise<readonly string[]>;
}

/** The shortest ttl there, in ms. */
export const MIN_TTL = 100;

export async function withConsul(
  test: (fixture: ConsulFixture) => Promise<void>,
  options: ConsulServerOptions = {},
): Promise<void> {
  const { token } = options;
  const server = await startConsul(options);
  try {
    const front = await startConsulFront(server.url);
    const ask: ConsulFixture["ask"] = async (method, path, body) => {
      const answer = await fetch(`${server.url}/v1/${path}`, {
        method,
        headers: token === undefined ? {} : { "x-consul-token": token },
        ...body !== undefined && { body: JSON.stringify(body) },
      });
      const text = await answer.text();
      if (answer.status === 404) return [];
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
      return JSON.parse(text);
    };
    try {
      await test({
        server,
        front,
        connect: (more) => consul({ url: front.url, minTtl: MIN_TTL, ...more }),
        ask,
        keys: () => ask("GET", "kv/?keys"),
        sessions: async () =>
          (await ask<{ ID: string }[]>("GET", "session/list")).map(({ ID }) => ID),
      });
    } finally {
      await front.stop();
    }
  } finally {
    await server.stop();
  }
}

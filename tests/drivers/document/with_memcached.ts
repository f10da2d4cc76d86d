/** A real memcached, and handles whose connections are counted and whose flights can be held up. */
import { memcached, type MemcachedOptions } from "../../../drivers/document/memcached.ts";
import type { Driver, Op, Outcome } from "../../../drivers/driver.ts";
import { type Connect, connect as open } from "../../../drivers/kit/sockets.ts";
import { Freezer } from "../../backends/document.ts";
import { observed } from "../../servers/flights.ts";
import {
  type MemcachedOptions as ServerOptions,
  type MemcachedServer,
  startMemcached,
} from "../../servers/memcached.ts";

/** A driver that closes its connection. */
export type Handle = Driver & AsyncDisposable;

export interface MemcachedFixture {
  readonly server: MemcachedServer;
  /** A new handle. */
  connect(options?: Partial<MemcachedOptions>): Handle;
}

export async function withMemcached(
  test: (fixture: MemcachedFixture) => Promise<void>,
  options: ServerOptions = {},
): Promise<void> {
  const server = await startMemcached(options);
  const handles: Handle[] = [];
  try {
    await test({
      server,
      connect(options) {
        const handle = memcached({ server: server.host, ...options }) as Handle;
        handles.push(handle);
        return handle;
      },
    });
  } finally {
    for (const each of handles) await each[Symbol.asyncDispose]();
    await server.stop();
  }
}

/** The outcome of one operation. */
export async function one(driver: Driver, op: Op): Promise<Outcome> {
  return (await driver.apply([op]))[0]!;
}

/** A way on which flights are counted and can be held up. */
export interface Way {
  readonly connect: Connect;
  readonly freezer: Freezer;
  /** How many connections were opened and closed, and how many flights have gone out. */
  readonly seen: { opened: number; closed: number; flights: number };
}

export function wayOf(): Way {
  const freezer = new Freezer();
  const seen = { opened: 0, closed: 0, flights: 0 };
  return {
    freezer,
    seen,
    connect: async (address) => {
      seen.opened++;
      const socket = observed(await open("test", address), async () => {
        seen.flights++;
        await freezer.come();
        return undefined;
      });
      let isOpen = true;
      const close = (): void => {
        if (isOpen) seen.closed++;
        isOpen = false;
        socket.close();
      };
      return { ...socket, close };
    },
  };
}

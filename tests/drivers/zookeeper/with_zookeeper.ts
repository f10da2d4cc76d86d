/** A real ZooKeeper, and handles whose flights are counted and can be held up. */
import { connect as open, type Socket } from "../../../drivers/kit/sockets.ts";
import type { Driver } from "../../../drivers/driver.ts";
import { zookeeper, type ZookeeperOptions } from "../../../drivers/zookeeper/zookeeper.ts";
import { Freezer } from "../../backends/document.ts";
import { observed } from "../../servers/flights.ts";
import {
  asked,
  startZookeeper,
  type ZookeeperOptions as ServerOptions,
  type ZookeeperServer,
} from "../../servers/zookeeper.ts";

/** A driver that ends its session. */
export type Handle = Driver & AsyncDisposable;

export interface ZookeeperFixture {
  readonly server: ZookeeperServer;
  /** A new handle. */
  connect(options?: Partial<ZookeeperOptions>): Handle;
}

export async function withZookeeper(
  test: (fixture: ZookeeperFixture) => Promise<void>,
  options: ServerOptions = {},
): Promise<void> {
  const server = await startZookeeper(options);
  const handles: Handle[] = [];
  try {
    await test({
      server,
      connect(options) {
        const handle = zookeeper({ servers: server.host, ...options }) as Handle;
        handles.push(handle);
        return handle;
      },
    });
  } finally {
    for (const each of handles) await each[Symbol.asyncDispose]();
    await server.stop();
  }
}

/** How many watches a server has. */
export async function watchesOf(port: number): Promise<number> {
  return Number(/^zk_watch_count\t(\d+)/m.exec(await asked(port, "mntr"))?.[1]);
}

/** A client that stands still between two flights. */
export interface Frozen {
  readonly connect: (address: { host: string; port: number }) => Promise<Socket>;
  /** Holds the flight back that comes after so many others; resolves when it is there. */
  freeze(after: number): Promise<void>;
  /** Goes on. */
  thaw(): void;
}

export function freezing(): Frozen {
  const freezer = new Freezer();
  let thaw = (): void => {};
  return {
    connect: async (address) =>
      observed(await open("test", address), async () => {
        await freezer.come();
        return undefined;
      }),
    freeze(after) {
      const { frozen, end } = freezer.freeze(after);
      thaw = end;
      return frozen;
    },
    thaw: () => thaw(),
  };
}

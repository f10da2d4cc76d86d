/** A real etcd, a front end over it, and what tests ask it past every front end. */
import { etcd, type EtcdOptions } from "../../../drivers/etcd/etcd.ts";
import type { Driver } from "../../../drivers/driver.ts";
import { type EtcdServer, startEtcd } from "../../servers/etcd.ts";
import { type EtcdFront, startEtcdFront } from "../../servers/etcd_front.ts";

export interface EtcdFixture {
  readonly server: EtcdServer;
  readonly front: EtcdFront;
  /** A new handle, through the front end. */
  connect(options?: Partial<EtcdOptions>): Driver;
  /** Asks etcd itself. */
  ask(path: string, body?: object, token?: string): Promise<Record<string, unknown>>;
  /** How many leases of etcd's own there are. */
  terms(): Promise<number>;
  /** The paths of the requests since the last call. */
  paths(): string[];
}

export async function withEtcd(
  test: (fixture: EtcdFixture) => Promise<void>,
  extra: readonly string[] = [],
): Promise<void> {
  const server = await startEtcd(extra);
  const front = await startEtcdFront(server);
  let seen = 0;
  const ask: EtcdFixture["ask"] = async (path, body = {}, token) => {
    const response = await fetch(`${server.url}/v3${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: token === undefined ? {} : { authorization: token },
    });
    return await response.json();
  };
  try {
    await test({
      server,
      front,
      connect: (options) => etcd({ url: front.url, ...options }),
      ask,
      terms: async () => ((await ask("/lease/leases"))["leases"] as unknown[] ?? []).length,
      paths() {
        const { seen: all } = front.faults;
        const since = all.slice(seen).map(({ url }) => url.replace(/^\/v3|\?.*/g, ""));
        seen = all.length;
        return since;
      },
    });
  } finally {
    await front.stop();
    await server.stop();
  }
}

/**
 * Leases in ZooKeeper 3.6 and newer, over its own protocol by a socket: for those who have an ensemble.
 * All operations of a batch that do not depend on each other share their round trips: two for what
 * writes, and one for what only looks or is refused. It opens a session, for as long as it is used, and
 * no lease hangs on it: the leader's clock decides how long a lease lives. A process that waits watches
 * what is in its way, and has the lease one round trip after that is gone. Waiters are not served in order.
 *
 * @module
 */

import type { Driver, Guarantees } from "../driver.ts";
import { checkOps, checkText, checkWhole, refuse } from "../kit/check.ts";
import { checkOptions } from "../kit/options.ts";
import { type Connect, connect, socketsLast } from "../kit/sockets.ts";
import { hasLogin, hostAndPort } from "../kit/urls.ts";
import { Ensemble } from "./ensemble.ts";
import { Leases } from "./leases.ts";
import { Nodes } from "./nodes.ts";

/** Where ZooKeeper is, and how the driver is made. */
export interface ZookeeperOptions {
  /** The client port of a server, as `HOST:PORT`, or those of several, which are tried in random order. */
  servers: string | readonly string[];
  /** The node that all others are below; it is created if it is missing. Default: `"/baton"`. */
  root?: string | undefined;
  /** The user, for login by digest. What this driver creates is then open to this user alone. */
  user?: string | undefined;
  /** The user's password. */
  password?: string | undefined;
  /**
   * Whether to speak TLS; an object may have `ca`, certificates as PEM. Default: `false`. A password
   * goes unencrypted to this machine alone, or where `false` is given.
   */
  tls?: boolean | { readonly ca?: string | undefined } | undefined;
  /**
   * For how long the server keeps a session that is not used, in ms; it may choose another time. Leases
   * do not depend on it. A waiter notices after two thirds of it that a server is silent. Default: 10,000.
   */
  sessionTimeout?: number | undefined;
  /** Opens sockets, through a proxy or with a client certificate for example. Default: the runtime's own. */
  connect?: Connect | undefined;
}

const GUARANTEES: Guarantees = {
  consistency: "linearizable",
  clock: "server",
  durability: "replicas",
  push: true,
  fair: false,
  minTtl: 1,
};

/**
 * Makes the driver. It opens nothing before the first `apply`. Dispose of it to end its session.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { zookeeper } from "@baton/baton/drivers/zookeeper";
 *
 * const servers = ["10.0.0.1:2181", "10.0.0.2:2181", "10.0.0.3:2181"];
 * const baton = new Coordinator(zookeeper({ servers }), { memberId: "api-1" });
 * ```
 * @throws {InvalidArgument} when an option cannot be right.
 */
export function zookeeper(options: ZookeeperOptions): Driver {
  checkOptions(options, "servers root user password tls sessionTimeout connect");
  const { root = "/baton", user, password, tls, sessionTimeout = 10_000 } = options;
  const servers = [options.servers].flat().map((each) => hostAndPort("server", each, 2_181));
  if (servers.length === 0) refuse("servers", "give at least one");
  checkText("root", root, 1, 256);
  if (!/^(\/(?!\.{1,2}(\/|$))[!-.0-~]+)+$/.test(root)) {
    refuse("root", "it must be a path such as /baton, of printable ASCII characters");
  }
  const login = hasLogin(options, servers.map(({ host }) => host));
  if (user?.includes(":")) refuse("user", "it has a colon, where the password would begin");
  checkWhole("sessionTimeout", sessionTimeout, 1_000);
  const ensemble = new Ensemble({
    servers,
    tls,
    login: user && password ? { user, password } : undefined,
    timeout: sessionTimeout,
    connect: options.connect ?? ((address) => connect("zookeeper", address)),
    lasting: socketsLast(),
  });
  const leases = new Leases(ensemble, new Nodes(root), login ? "auth" : "world");
  return {
    name: "zookeeper",
    guarantees: GUARANTEES,
    async apply(ops, options = {}) {
      checkOps(ops, GUARANTEES.minTtl);
      options.signal?.throwIfAborted();
      return await leases.apply(ops, options);
    },
    async [Symbol.asyncDispose]() {
      await ensemble.end();
    },
  };
}

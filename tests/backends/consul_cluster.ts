/**
 * Three Consul servers in a cluster, for chaos. Each request goes to the next of them.
 *
 * @module
 */

import { startConsulCluster } from "../servers/consul_cluster.ts";
import { refuseOnConsul } from "../servers/refusals.ts";
import type { Backend } from "./backend.ts";
import { membersOf } from "./cluster.ts";
import { consul, OPTIONS, wireTo } from "./consul.ts";
import { startRemote } from "./remote.ts";

export const consulCluster: Backend<"server" | "wire"> = {
  ...consul,
  name: "a cluster of Consuls",
  key: "consul-cluster",
  async start() {
    const running = await startRemote({
      loses: "nothing",
      start: async () => membersOf(await startConsulCluster(OPTIONS)),
      refuse: ({ cluster }) => refuseOnConsul(cluster.members[0]!),
      front: ({ cluster }) => wireTo(cluster.members),
    });
    return { ...running, tick: 4_000 };
  },
};

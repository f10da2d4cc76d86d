/**
 * Three etcds in a cluster, for chaos: what hits the server hits a member, and mostly the leader.
 *
 * @module
 */

import { etcd as open } from "../../drivers/etcd/etcd.ts";
import { type EtcdCluster, startEtcdCluster } from "../servers/etcd_cluster.ts";
import { startEtcdFront } from "../servers/etcd_front.ts";
import { Faults } from "../servers/faults.ts";
import { refuseOnEtcd } from "../servers/refusals.ts";
import type { Backend, Wire } from "./backend.ts";
import { type Members, membersOf } from "./cluster.ts";
import { etcd } from "./etcd.ts";
import { startRemote } from "./remote.ts";

export const etcdCluster: Backend<"server" | "wire"> = {
  ...etcd,
  name: "a cluster of etcds",
  key: "etcd-cluster",
  async start() {
    const running = await startRemote({
      loses: "nothing",
      start: async () => membersOf(await startEtcdCluster()),
      refuse: ({ cluster }, dice) => refuseOnEtcd(cluster.members[0]!, dice),
      front: wireTo,
    });
    return { ...running, tick: 4_000 };
  },
};

/** A front end for each member, with faults in common. */
async function wireTo(members: Members<EtcdCluster>): Promise<Wire> {
  const { cluster } = members;
  const faults = new Faults();
  const fronts = await Promise.all(cluster.members.map((each) => startEtcdFront(each, faults)));
  const urls = fronts.map(({ url }) => url);
  return {
    url: `etcd://${urls.map((url) => new URL(url).host).join()}`,
    faults,
    get requests() {
      return fronts.reduce((all, { requests }) => all + requests, 0);
    },
    connect: () => open({ url: urls }),
    another: () => wireTo(members),
    async stop() {
      await Promise.all(fronts.map((front) => front.stop()));
    },
  };
}

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
import { etcd } from "./etcd.ts";
import { startRemote } from "./remote.ts";

export const etcdCluster: Backend<"server" | "wire"> = {
  ...etcd,
  name: "a cluster of etcds",
  key: "etcd-cluster",
  async start() {
    const running = await startRemote<Members>({
      loses: "nothing",
      start: async () => membersOf(await startEtcdCluster()),
      refuse: ({ cluster }, dice) => refuseOnEtcd(cluster.members[0]!, dice),
      front: wireTo,
    });
    return { ...running, tick: 4_000 };
  },
};

type Members = ReturnType<typeof membersOf>;

/** The cluster as one server: each blow meets one member, and the others go on. */
function membersOf(cluster: EtcdCluster) {
  let blows = 0;
  let down: number | undefined;
  // One after the other, because a leader has to be found first.
  let work: Promise<unknown> = Promise.resolve();
  let mend = (): void => {};
  const next = <T>(act: () => Promise<T>): Promise<T> => {
    const done = work.then(act);
    work = done.catch(() => {});
    return done;
  };
  return {
    cluster,
    kill: (dice = 0) =>
      next(async () => {
        const leader = await cluster.leader();
        // Now and then one that follows.
        down = dice < 0.7 ? leader : (leader + 1) % cluster.members.length;
        await cluster.members[down]!.kill();
      }),
    restart: () =>
      next(async () => {
        await cluster.members[down ?? 0]!.restart();
        await cluster.leader();
      }),
    pause() {
      const cuts = blows++ % 2 === 1;
      next(async () => {
        const leader = await cluster.leader();
        if (cuts) cluster.cutOff(leader);
        else cluster.members[leader]!.pause();
        mend = () => cuts ? cluster.mend() : cluster.members[leader]!.resume();
      }).catch(() => {});
    },
    resume() {
      next(() => Promise.resolve(mend())).catch(() => {});
    },
    stop: () => next(() => cluster.stop()),
  };
}

/** A front end for each member, with faults in common. */
async function wireTo(members: Members): Promise<Wire> {
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

/**
 * A cluster as one server, for chaos: what hits the server hits a member, and mostly the leader, and the
 * others go on.
 *
 * @module
 */

import { anotherLeads, type Cluster } from "../servers/cluster.ts";
import type { Server } from "../servers/process.ts";

/** A cluster, and what is done to it as to a server. */
export interface Members<C extends Cluster> extends Server {
  readonly cluster: C;
}

/** The cluster as one server. */
export function membersOf<C extends Cluster>(cluster: C): Members<C> {
  let blows = 0;
  let down: number | undefined;
  // One after the other, because a leader has to be found first.
  let work: Promise<unknown> = Promise.resolve();
  let mend = (): Promise<void> => Promise.resolve();
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
        mend = async () => {
          // Only one that was deposed meanwhile can answer what is no longer true.
          await anotherLeads(cluster, leader);
          if (cuts) cluster.mend();
          else cluster.members[leader]!.resume();
        };
      }).catch(() => {});
    },
    resume() {
      next(() => mend()).catch(() => {});
    },
    stop: () => next(() => cluster.stop()),
  };
}

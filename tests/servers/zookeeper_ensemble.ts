/** Three real ZooKeepers in an ensemble, whose servers can be killed, frozen and cut off from each other. */
import { type Cluster, leaderBy, startTogether } from "./cluster.ts";
import { type Link, Links } from "./links.ts";
import { freePort } from "./ports.ts";
import { asked, startZookeeperMember, type ZookeeperServer } from "./zookeeper.ts";

/** Its members are ZooKeepers. */
export type ZookeeperEnsemble = Cluster<ZookeeperServer>;

const SIZE = 3;
/** A server may take so many ticks to begin, and be silent for so many: a leader is given up in 1.2 s. */
const TIMINGS = ["tickTime=300", "initLimit=20", "syncLimit=4"];
/** How long an election waits for a server that is frozen, in ms. */
const PROPERTIES = ["-Dzookeeper.cnxTimeout=500"];

/** Its own ways to the others, by the number of each member: so it is known whose a connection is. */
type Ways = readonly { readonly links: Links; readonly open: Link[] }[];

export async function startZookeeperEnsemble(): Promise<ZookeeperEnsemble> {
  const ways: Ways = Array.from({ length: SIZE }, (_, own) => {
    const links = new Links(() => "it");
    links.name("it", own);
    return { links, open: [] };
  });
  const stopWays = async (): Promise<void> => {
    await Promise.all(ways.flatMap(({ open }) => open.map((each) => each.stop())));
  };
  const members = await startMembers(ways).catch(async (error) => {
    await stopWays();
    throw error;
  });
  return {
    members,
    leader: () =>
      leaderBy(async () => {
        const modes = await Promise.all(
          members.map(({ port }) => asked(port, "srvr").catch(String)),
        );
        return modes.findIndex((text) => /^Mode: leader/m.test(text));
      }),
    cutOff: (member) => ways.forEach(({ links }) => links.cutOff(member)),
    mend: () => ways.forEach(({ links }) => links.mend()),
    async stop() {
      await Promise.all(members.map((each) => each.stop()));
      await stopWays();
    },
  };
}

async function startMembers(ways: Ways): Promise<readonly ZookeeperServer[]> {
  const all = [...ways.keys()];
  const ports = await Promise.all(
    all.map(async () => [await freePort(), await freePort()] as const),
  );
  const plans = await Promise.all(ways.map(async ({ links, open }, own) => {
    const lines = await Promise.all(all.map(async (other) => {
      const reached = await Promise.all(ports[other]!.map(async (port) => {
        if (own === other) return port;
        const link = await links.to(other, { host: "127.0.0.1", port });
        open.push(link);
        return link.port;
      }));
      return `server.${other + 1}=127.0.0.1:${reached.join(":")}`;
    }));
    const settings = [...TIMINGS, ...lines];
    return { id: own + 1, client: await freePort(), settings, properties: PROPERTIES };
  }));
  return await startTogether(plans.map(startZookeeperMember));
}

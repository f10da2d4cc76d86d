/** Three real Consul servers in a cluster, which can be killed, frozen and cut off from each other. */
import { randomInt, randomUUID } from "node:crypto";
import { type Cluster, leaderBy, startTogether } from "./cluster.ts";
import {
  type ConsulMember,
  type ConsulServer,
  type ConsulServerOptions,
  startConsulMember,
} from "./consul.ts";
import { type Link, Links } from "./links.ts";
import { freePort } from "./ports.ts";

/** Its members are servers of Consul. One that is cut off hears the others' gossip still. */
export type ConsulCluster = Cluster<ConsulServer>;

const SIZE = 3;

export async function startConsulCluster(
  options: ConsulServerOptions = {},
): Promise<ConsulCluster> {
  // A server makes its connections from the address that it listens on, so each has one of its own,
  // and another one at which the others reach it.
  const net = `127.${randomInt(1, 255)}.${randomInt(256)}`;
  const [own, known] = [(n: number) => `${net}.${n + 1}`, (n: number) => `${net}.${n + 101}`];
  const links = new Links((_, host) => host);
  const ways: Link[] = [];
  const plans: ConsulMember[] = [];
  for (let n = 0; n < SIZE; n++) {
    const [http, lan, server] = [await freePort(), await freePort(), await freePort()];
    const [target, from] = [own(n), known(n)].map((host) => ({ host, port: server }));
    ways.push(await links.to(n, target!, from));
    links.name(own(n), n);
    plans.push({ name: `consul-${randomUUID()}`, http, lan, server });
  }
  const settingsOf = (n: number) => ({
    bootstrap_expect: SIZE,
    bind_addr: own(n),
    serf_lan: known(n),
    advertise_addr: known(n),
    retry_join: plans.map(({ lan }, other) => `${known(other)}:${lan}`),
    retry_interval: "100ms",
    // One that was killed comes back.
    autopilot: { cleanup_dead_servers: false },
  });
  const stopWays = async (): Promise<void> => {
    await Promise.all(ways.map((each) => each.stop()));
  };
  const members = await startTogether(
    plans.map((each, n) => startConsulMember(each, settingsOf(n), options)),
  ).catch(async (error) => {
    await stopWays();
    throw error;
  });
  return {
    members,
    leader: () =>
      leaderBy(async () => {
        const named = await Promise.all(members.map(({ url }) => leaderOf(url)));
        return plans.findIndex(({ server }, n) =>
          named[n] === `${known(n)}:${server}` &&
          named.filter((each) => each === named[n]).length > SIZE / 2
        );
      }),
    cutOff: (member) => links.cutOff(member),
    mend: () => links.mend(),
    async stop() {
      await Promise.all(members.map((each) => each.stop()));
      await stopWays();
    },
  };
}

/** Whom a member takes for the leader. */
async function leaderOf(url: string): Promise<string | undefined> {
  try {
    const signal = AbortSignal.timeout(500);
    return await (await fetch(`${url}/v1/status/leader`, { signal })).json();
  } catch {
    return undefined;
  }
}

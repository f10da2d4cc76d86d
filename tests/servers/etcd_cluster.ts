/** Three real etcds in a cluster, whose members can be killed, frozen and cut off from each other. */
import { randomUUID } from "node:crypto";
import { type Cluster, leaderBy, startTogether } from "./cluster.ts";
import { type EtcdServer, type Member, startMember } from "./etcd.ts";
import { type Link, Links, type SenderOf } from "./links.ts";
import { freePort } from "./ports.ts";

/** Its members are etcds. */
export type EtcdCluster = Cluster<EtcdServer>;

const SIZE = 3;

export async function startEtcdCluster(): Promise<EtcdCluster> {
  const links = new Links(senderOf);
  const ways: Link[] = [];
  const plans: Member[] = [];
  for (let n = 0; n < SIZE; n++) {
    const [client, peer] = [await freePort(), await freePort()];
    const way = await links.to(n, { host: "127.0.0.1", port: peer });
    ways.push(way);
    plans.push({ name: `etcd-${n}-${randomUUID()}`, client, peer, advertised: way.port });
  }
  const stopWays = async (): Promise<void> => {
    await Promise.all(ways.map((each) => each.stop()));
  };
  const members = await startTogether(plans.map((each) => startMember(each, plans)))
    .catch(async (error) => {
      await stopWays();
      throw error;
    });
  for (const [n, { url }] of members.entries()) {
    const { header } = await statusOf(url) ?? {};
    links.name(BigInt(header!.member_id).toString(16), n);
  }
  return {
    members,
    leader: () =>
      leaderBy(async () => {
        const all = await Promise.all(members.map(({ url }) => statusOf(url)));
        return all.findIndex((each) =>
          each && all.filter((other) => other?.leader === each.header.member_id).length > SIZE / 2
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

/** An etcd says in the first lines of a connection which member it is. */
const senderOf: SenderOf = (head) => {
  const [, id] = /^X-Server-From: ([0-9a-f]+)\r$/im.exec(head) ?? [];
  return id ?? (head.includes("\r\n\r\n") ? "" : undefined);
};

interface Status {
  readonly header: { readonly member_id: string };
  readonly leader?: string;
}

async function statusOf(url: string): Promise<Status | undefined> {
  try {
    const signal = AbortSignal.timeout(500);
    const path = `${url}/v3/maintenance/status`;
    return await (await fetch(path, { method: "POST", body: "{}", signal })).json();
  } catch {
    return undefined;
  }
}

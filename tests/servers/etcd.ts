/** A real `etcd`, alone or three in a cluster, on free loopback ports, for as long as a test runs. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { freePort, onFreePort } from "./ports.ts";
import { orRemoved, removeFolder, temporaryFolder } from "./folders.ts";
import {
  controlled,
  requireProgram,
  type RunningProcess,
  type Server,
  startProcess,
} from "./process.ts";

export interface EtcdServer extends Server {
  /** The client port: gRPC, and the JSON gateway. */
  readonly port: number;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** The process of now: it changes with a restart. */
  readonly pid: number;
}

/** A member of a cluster, before it is started. */
export interface Member {
  readonly name: string;
  readonly client: number;
  readonly peer: number;
  /** The port at which other members reach it. */
  readonly advertised: number;
}

/** Starts one server, which is a cluster of its own. */
export async function startEtcd(extra: readonly string[] = []): Promise<EtcdServer> {
  return await onFreePort(async (client) => {
    const peer = await freePort();
    const member = { name: `etcd-${randomUUID()}`, client, peer, advertised: peer };
    return await startMember(member, [member], extra);
  });
}

/** Starts a member of a cluster. It is ready when it answers, which takes most of the members. */
export async function startMember(
  member: Member,
  cluster: readonly Member[],
  extra: readonly string[] = [],
): Promise<EtcdServer> {
  const program = await requireProgram("etcd", "etcd-server");
  const folder = await temporaryFolder("baton-etcd-");
  const launch = (): Promise<RunningProcess> => {
    const url = `http://127.0.0.1:${member.client}`;
    return startProcess({
      program,
      folder,
      log: "etcd.log",
      args: [
        ["--name", member.name, "--data-dir", join(folder, "data"), "--logger", "zap"],
        ["--listen-client-urls", url, "--advertise-client-urls", url],
        ["--listen-peer-urls", `http://127.0.0.1:${member.peer}`],
        ["--initial-advertise-peer-urls", peerUrl(member)],
        ["--initial-cluster", cluster.map((each) => `${each.name}=${peerUrl(each)}`).join()],
        extra,
      ].flat(),
      ready: () => answers(url, member.name),
    });
  };
  const first = await orRemoved(folder, launch);
  const { current, controls } = controlled(first, launch);
  return {
    port: member.client,
    url: `http://127.0.0.1:${member.client}`,
    get pid() {
      return current().pid;
    },
    async stop() {
      await current().stop();
      await removeFolder(folder);
    },
    ...controls,
  };
}

function peerUrl({ advertised }: Member): string {
  return `http://127.0.0.1:${advertised}`;
}

/** Whether it answers, and this very one: its name is compared, because ports can be lost in a race. */
async function answers(url: string, name: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(1_000);
    const get = { method: "POST", body: "{}", signal };
    const list = await (await fetch(`${url}/v3/cluster/member/list`, get)).json();
    const names = list.members?.map((each: { name: string }) => each.name) ?? [];
    // It has a leader, too, so it can do something.
    const { health } = await (await fetch(`${url}/health`, { signal })).json();
    return names.includes(name) && health === "true";
  } catch {
    return false;
  }
}

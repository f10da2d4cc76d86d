/** A real Consul server on free loopback ports, in a temporary folder, for as long as a test runs. */
import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { cached } from "./cache.ts";
import { unpackDebian } from "./debian.ts";
import { freePort, onFreePort } from "./ports.ts";
import { orRemoved, removeFolder, temporaryFolder } from "./folders.ts";
import { controlled, type RunningProcess, type Server, startProcess } from "./process.ts";

export interface ConsulServerOptions {
  /** The shortest ttl of a session. Default: a tenth of a second; users have ten seconds. */
  readonly minTtl?: string;
  /** With `acl` among the settings, a token that may do anything. */
  readonly token?: string;
  /** Further settings. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface ConsulServer extends Server {
  readonly url: string;
  /** The token that may do anything, if it was given one. */
  readonly token: string | undefined;
}

/** The program. Debian's newest that still has it is bullseye; it needs nothing but the C library. */
async function requireConsul(): Promise<string> {
  const wanted = { suite: "bullseye", name: "consul", whole: false };
  const name = `consul-bullseye-${process.arch}`;
  return join(await cached(name, (folder) => unpackDebian(folder, wanted)), "usr/bin/consul");
}

/** Starts one server, which needs no other. */
export async function startConsul(options: ConsulServerOptions = {}): Promise<ConsulServer> {
  return await onFreePort(async (http) => {
    const [lan, server] = [await freePort(), await freePort()];
    const name = `consul-${randomUUID()}`;
    return await startConsulMember({ name, http, lan, server }, {}, options);
  });
}

/** A server's name and its ports: for clients, for gossip, and for other servers. */
export interface ConsulMember {
  readonly name: string;
  readonly http: number;
  readonly lan: number;
  readonly server: number;
}

/** Starts a server, with these settings above its own. It is ready when it can answer what is true. */
export async function startConsulMember(
  member: ConsulMember,
  own: Readonly<Record<string, unknown>>,
  { minTtl = "100ms", token, settings }: ConsulServerOptions,
): Promise<ConsulServer> {
  const { name, ...ports } = member;
  const program = await requireConsul();
  const folder = await temporaryFolder("baton-consul-");
  const launch = (): Promise<RunningProcess> =>
    startProcess({
      program,
      folder,
      log: "consul.log",
      args: ["agent", `-config-file=${join(folder, "consul.json")}`],
      ready: () => answers(member, token),
    });
  const all = {
    server: true,
    bootstrap_expect: 1,
    data_dir: join(folder, "data"),
    node_name: name,
    bind_addr: "127.0.0.1",
    client_addr: "127.0.0.1",
    ports: {
      ...{ http: ports.http, serf_lan: ports.lan, server: ports.server },
      ...{ https: -1, dns: -1, grpc: -1, serf_wan: -1 },
    },
    session_ttl_min: minTtl,
    // Timings of Raft for a fast machine, so that an election takes a second.
    performance: { raft_multiplier: 1 },
    disable_update_check: true,
    log_level: "warn",
    ...settings,
    ...own,
  };
  return await orRemoved(folder, async () => {
    await writeFile(join(folder, "consul.json"), JSON.stringify(all));
    return serverOf(folder, member, token, launch, await launch());
  });
}

/**
 * Whether this very server answers, and there is a leader: after a lost race for the port it is somebody else's that
 * answers.
 */
async function answers({ name, http }: ConsulMember, token = ""): Promise<boolean> {
  try {
    const leads = await fetch(`http://127.0.0.1:${http}/v1/catalog/nodes?consistent`, {
      headers: { "x-consul-token": token },
      signal: AbortSignal.timeout(1_000),
    });
    return leads.ok && (await leads.text()).includes(`"${name}"`);
  } catch {
    return false;
  }
}

function serverOf(
  folder: string,
  { http }: ConsulMember,
  token: string | undefined,
  launch: () => Promise<RunningProcess>,
  first: RunningProcess,
): ConsulServer {
  // Not in good order, which would take it out of a cluster.
  const { current, controls } = controlled(first, launch, "kill");
  return {
    url: `http://127.0.0.1:${http}`,
    token,
    async stop() {
      await current().kill();
      await removeFolder(folder);
    },
    ...controls,
  };
}

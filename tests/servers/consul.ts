/** A real Consul server on free loopback ports, in a temporary folder, for as long as a test runs. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { cached } from "./cache.ts";
import { unpackDebian } from "./debian.ts";
import {
  controlled,
  freePort,
  removeFolder,
  type RunningProcess,
  type Server,
  startProcess,
  temporaryFolder,
} from "./process.ts";

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

const ATTEMPTS = 10;

/** The program. Debian's newest that still has it is bullseye; it needs nothing but the C library. */
async function requireConsul(): Promise<string> {
  const wanted = { suite: "bullseye", name: "consul", whole: false };
  const name = `consul-bullseye-${process.arch}`;
  return join(await cached(name, (folder) => unpackDebian(folder, wanted)), "usr/bin/consul");
}

export async function startConsul(options: ConsulServerOptions = {}): Promise<ConsulServer> {
  const program = await requireConsul();
  const folder = await temporaryFolder("baton-consul-");
  try {
    for (let attempt = 1;; attempt++) {
      const ports = [await freePort(), await freePort(), await freePort()] as const;
      await writeFile(join(folder, "consul.json"), settingsOf(folder, ports, options));
      try {
        const launch = () => launched(program, folder, ports[0], options.token);
        return serverOf(folder, ports[0], options.token, launch, await launch());
      } catch (error) {
        // Another test process may have taken a port between the look and the bind.
        if (attempt === ATTEMPTS || !/address already in use/i.test(String(error))) throw error;
      }
    }
  } catch (error) {
    await removeFolder(folder);
    throw error;
  }
}

function settingsOf(
  folder: string,
  [http, lan, server]: readonly [number, number, number],
  { minTtl = "100ms", settings }: ConsulServerOptions,
): string {
  return JSON.stringify({
    server: true,
    bootstrap_expect: 1,
    data_dir: join(folder, "data"),
    node_name: nameOf(folder),
    bind_addr: "127.0.0.1",
    client_addr: "127.0.0.1",
    ports: { http, serf_lan: lan, server, https: -1, dns: -1, grpc: -1, serf_wan: -1 },
    session_ttl_min: minTtl,
    // Timings of Raft for a fast machine, so that an election takes a second.
    performance: { raft_multiplier: 1 },
    disable_update_check: true,
    log_level: "warn",
    ...settings,
  });
}

function nameOf(folder: string): string {
  return folder.replace(/.*\//, "").toLowerCase();
}

function launched(
  program: string,
  folder: string,
  port: number,
  token?: string,
): Promise<RunningProcess> {
  return startProcess({
    program,
    folder,
    log: "consul.log",
    args: ["agent", `-config-file=${join(folder, "consul.json")}`],
    ready: () => answers(port, nameOf(folder), token),
  });
}

/**
 * Whether this very server answers, and leads: after a lost race for the port it is somebody else's that
 * answers.
 */
async function answers(port: number, name: string, token = ""): Promise<boolean> {
  try {
    const leads = await fetch(`http://127.0.0.1:${port}/v1/catalog/nodes?consistent`, {
      headers: { "x-consul-token": token },
    });
    return leads.ok && (await leads.text()).includes(`"${name}"`);
  } catch {
    return false;
  }
}

function serverOf(
  folder: string,
  port: number,
  token: string | undefined,
  launch: () => Promise<RunningProcess>,
  first: RunningProcess,
): ConsulServer {
  // It has nothing to say to the others: there are none.
  const { current, controls } = controlled(first, launch, "kill");
  return {
    url: `http://127.0.0.1:${port}`,
    token,
    async stop() {
      await current().kill();
      await removeFolder(folder);
    },
    ...controls,
  };
}

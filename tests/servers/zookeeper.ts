/** A real ZooKeeper, alone or three in an ensemble, on free loopback ports, for as long as a test runs. */
import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { onFreePort } from "./ports.ts";
import { orRemoved, removeFolder, temporaryFolder } from "./folders.ts";
import { controlled, type RunningProcess, type Server, startProcess } from "./process.ts";
import { requireZookeeper, type ZookeeperVersion } from "./zookeeper_install.ts";

export interface ZookeeperOptions {
  /** Default: 3.9. */
  readonly version?: ZookeeperVersion;
  /** Further lines of its settings. */
  readonly settings?: readonly string[];
  /** Further properties of Java. */
  readonly properties?: readonly string[];
}

export interface ZookeeperServer extends Server {
  /** The client port. */
  readonly port: number;
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** The process of now: it changes with a restart. */
  readonly pid: number;
}

/** A member of an ensemble, before it is started. */
export interface ZookeeperMember extends ZookeeperOptions {
  /** Its number in the ensemble. */
  readonly id?: number;
  readonly client: number;
}

/** A session lasts from two of these, in ms, to twenty. */
const TICK = 500;

/** Starts one server, which is an ensemble of its own. */
export async function startZookeeper(options: ZookeeperOptions = {}): Promise<ZookeeperServer> {
  return await onFreePort((client) => startZookeeperMember({ ...options, client }));
}

/** Starts a member of an ensemble. It is ready when it serves, which takes most of the members. */
export async function startZookeeperMember(member: ZookeeperMember): Promise<ZookeeperServer> {
  const { version = "3.9", client, id, settings = [], properties = [] } = member;
  const { java, classPath } = await requireZookeeper(version);
  const folder = await temporaryFolder("baton-zookeeper-");
  const data = join(folder, "data");
  const file = join(folder, "zoo.cfg");
  const launch = (): Promise<RunningProcess> =>
    startProcess({
      program: java,
      folder,
      log: "zookeeper.log",
      args: [
        // It begins sooner, and takes less of a machine that has two processors.
        ["-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"],
        ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", ...properties],
        ["-cp", classPath, "org.apache.zookeeper.server.quorum.QuorumPeerMain", file],
      ].flat(),
      ready: async () => /^Mode: /m.test(await asked(client, "srvr").catch(() => "")),
    });
  return await orRemoved(folder, async () => {
    await mkdir(data);
    if (id !== undefined) await writeFile(join(data, "myid"), `${id}\n`);
    await writeFile(file, [...settingsOf(data, client), ...settings, ""].join("\n"));
    const { current, controls } = controlled(await launch(), launch);
    return {
      port: client,
      host: `127.0.0.1:${client}`,
      get pid() {
        return current().pid;
      },
      async stop() {
        await current().stop();
        await removeFolder(folder);
      },
      ...controls,
    };
  });
}

function settingsOf(data: string, client: number): string[] {
  return [
    `dataDir=${data}`,
    `tickTime=${TICK}`,
    `clientPort=${client}`,
    "clientPortAddress=127.0.0.1",
    "admin.enableServer=false",
    // Tests have more connections from one address than its default allows.
    "maxClientCnxns=0",
    "4lw.commands.whitelist=*",
  ];
}

/** What a server answers to one of its words of four letters. */
export function asked(port: number, word: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(word));
    socket.setTimeout(1_000, () => socket.destroy(new Error("no answer")));
    socket.on("data", (chunk) => text += chunk);
    socket.on("error", reject);
    socket.on("close", () => resolve(text));
  });
}

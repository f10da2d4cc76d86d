/**
 * A real workerd, the program in which Cloudflare runs Workers: one Worker, with Durable Objects whose
 * storage outlives the process.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { requireRuntimes } from "../runtimes/install.ts";
import { onFreePort } from "./ports.ts";
import { orRemoved, removeFolder, temporaryFolder } from "./folders.ts";
import { controlled, type RunningProcess, type Server, startProcess } from "./process.ts";

export interface WorkerdOptions {
  /** The Worker's only module. It answers `GET /ready` with the text in `env.READY`. */
  readonly code: string;
  /** Its classes of Durable Objects, by their bindings. */
  readonly objects: Readonly<Record<string, string>>;
  /** Its compatibility date. Default: one from 2025. */
  readonly date?: string;
  readonly flags?: readonly string[];
}

export interface WorkerdServer extends Server {
  readonly port: number;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** The process of now: it changes with a restart. */
  readonly pid: number;
  /** Puts other code in the place of the Worker's; the next start runs it. */
  deploy(code: string): Promise<void>;
}

/** Starts one on a free port. It is ready when its Worker answers. */
export async function startWorkerd(options: WorkerdOptions): Promise<WorkerdServer> {
  return await onFreePort((port) => startAt(port, options));
}

async function startAt(port: number, options: WorkerdOptions): Promise<WorkerdServer> {
  const { modules } = await requireRuntimes();
  const platform = `${process.platform}-${process.arch === "x64" ? "64" : process.arch}`;
  const program = join(modules, "@cloudflare", `workerd-${platform}`, "bin/workerd");
  const folder = await temporaryFolder("baton-workerd-");
  const url = `http://127.0.0.1:${port}`;
  const name = crypto.randomUUID();
  const deploy = (code: string) => writeFile(join(folder, "worker.mjs"), code);
  const launch = (): Promise<RunningProcess> =>
    startProcess({
      program,
      folder,
      log: "workerd.log",
      args: ["serve", "config.capnp"],
      // Its name is compared, because ports can be lost in a race.
      ready: async () => {
        const answer = await fetch(`${url}/ready`).catch(() => undefined);
        return await answer?.text() === name;
      },
    });
  const begin = async (): Promise<RunningProcess> => {
    await Promise.all([
      deploy(options.code),
      writeFile(join(folder, "config.capnp"), configuration(port, name, options)),
    ]);
    return await launch();
  };
  const first = await orRemoved(folder, begin);
  const { current, controls } = controlled(first, launch);
  return {
    port,
    url,
    get pid() {
      return current().pid;
    },
    deploy,
    async stop() {
      await current().stop();
      await removeFolder(folder);
    },
    ...controls,
  };
}

/** Its objects' storage is in the folder itself. */
function configuration(
  port: number,
  name: string,
  { objects, date = "2025-06-01", flags = [] }: WorkerdOptions,
): string {
  const list = (texts: readonly string[]): string => `[${texts.join(", ")}]`;
  const bindings = Object.entries(objects).map(([binding, className]) =>
    `(name = "${binding}", durableObjectNamespace = "${className}")`
  );
  const classes = Object.values(objects).map((className) =>
    `(className = "${className}", uniqueKey = "${className}", enableSql = true)`
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "disk", disk = (path = ".", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.mjs")],
  compatibilityDate = "${date}",
  compatibilityFlags = ${list(flags.map((each) => `"${each}"`))},
  durableObjectNamespaces = ${list(classes)},
  durableObjectStorage = (localDisk = "disk"),
  bindings = ${list([`(name = "READY", text = "${name}")`, ...bindings])},
);
`;
}

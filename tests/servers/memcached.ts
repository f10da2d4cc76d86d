/** A real memcached on a free loopback port, for as long as a test runs. */
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { type FakedClock, faketimeLibrary, stoppedClock } from "./faked_clock.ts";
import { orRemoved, removeFolder, temporaryFolder } from "./folders.ts";
import { onFreePort } from "./ports.ts";
import {
  controlled,
  requireProgram,
  type RunningProcess,
  type Server,
  startProcess,
} from "./process.ts";

export interface MemcachedOptions {
  /** The clock that it goes by, in ms since 1970. Default: the host's. */
  readonly now?: (() => number) | undefined;
  /** How much memory its items have, in MiB. Default: 16. */
  readonly memory?: number;
  /** Whether it evicts items when that is full. Default: `false`, as with `-M`. */
  readonly evicts?: boolean;
  /** Who may log in, as `user:password`; without that everybody may do everything. */
  readonly users?: readonly string[];
  /** Where it also speaks TLS, with these files. */
  readonly tls?: { readonly port: number; readonly files: string };
  /** Further arguments. */
  readonly extra?: readonly string[];
}

export interface MemcachedServer extends Server {
  readonly port: number;
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Has it look at its clock, if that has been set on. */
  sync(): Promise<void>;
  /** What it answers to commands that each get one line. Nobody has logged in for it. */
  ask(...commands: readonly string[]): Promise<string[]>;
  /** How many connections it has besides the one that asks. */
  connections(): Promise<number>;
}

/** Starts one. */
export async function startMemcached(options: MemcachedOptions = {}): Promise<MemcachedServer> {
  const program = await requireProgram("memcached", "memcached");
  const library = options.now && await faketimeLibrary("threads");
  const folder = await temporaryFolder("baton-memcached-");
  return await orRemoved(folder, async () => {
    if (options.users) {
      await writeFile(join(folder, "users"), [...options.users, ""].join("\n"));
    }
    const clock = library && options.now &&
      stoppedClock(library, join(folder, "clock"), options.now());
    return await onFreePort(async (port) => {
      const launch = () => launched(program, folder, port, options, clock || undefined);
      return serverOf(folder, port, options, clock || undefined, await launch(), launch);
    });
  });
}

function launched(
  program: string,
  folder: string,
  port: number,
  { memory = 16, evicts = false, users, tls, extra = [] }: MemcachedOptions,
  clock: FakedClock | undefined,
): Promise<RunningProcess> {
  return startProcess({
    program,
    folder,
    log: "memcached.log",
    args: [
      // Root has to be named to be allowed; the folder is closed to everybody else.
      ["-u", "root", "-p", String(port), "-U", "0"],
      tls
        ? ["-Z", "-o", tls.files, "-l", `notls:127.0.0.1:${port},127.0.0.1:${tls.port}`]
        : ["-l", "127.0.0.1"],
      ["-m", String(memory), "-t", "2", ...evicts ? [] : ["-M"]],
      users ? ["-Y", join(folder, "users")] : [],
      extra,
    ].flat(),
    ...clock && { environment: clock.environment },
    // After a lost race for the port it is somebody else's that answers, but then ours has ended.
    ready: async () => {
      const lines = await talk(port, ["version"]).catch(() => []);
      return /^VERSION |^CLIENT_ERROR unauthenticated/.test(lines[0] ?? "");
    },
  });
}

function serverOf(
  folder: string,
  port: number,
  { now }: MemcachedOptions,
  clock: FakedClock | undefined,
  first: RunningProcess,
  launch: () => Promise<RunningProcess>,
): MemcachedServer {
  const { current, controls } = controlled(first, launch, "kill");
  let [shown, looked] = [now?.(), Promise.resolve()];
  const look = async (): Promise<void> => {
    // Its timers are looked at when it has accepted a connection. By the second one, that was done for
    // the first.
    for (let n = 0; n < 2; n++) await talk(port, ["version"]);
  };
  return {
    port,
    host: `127.0.0.1:${port}`,
    async sync() {
      if (clock && now && now() !== shown) {
        shown = now();
        clock.set(shown);
        looked = looked.then(look);
      }
      await looked;
    },
    ask: (...commands) => talk(port, commands),
    async connections() {
      const lines = await talk(port, ["stats"], (text) => text.endsWith("END\r\n"));
      const [, count] = lines.map((each) => /^STAT curr_connections (\d+)$/.exec(each))
        .find(Boolean) ?? [];
      return Number(count) - 1;
    },
    async stop() {
      // Asked to end it would wait for timers, and its clock may stand still.
      await current().kill();
      await removeFolder(folder);
    },
    ...controls,
  };
}

/** Over a connection of its own. Each command answers with one line, unless `whole` says otherwise. */
function talk(
  port: number,
  commands: readonly string[],
  whole = (text: string) => text.split("\r\n").length > commands.length,
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(commands.map((each) => `${each}\r\n`).join(""));
    });
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (whole(text)) socket.end();
    });
    socket.on("error", reject);
    socket.on("close", () => {
      const lines = text.split("\r\n").slice(0, -1);
      if (lines.length < commands.length) reject(new Error("it closed the connection"));
      else resolve(lines);
    });
  });
}

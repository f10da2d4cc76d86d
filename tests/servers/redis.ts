/** A real `redis-server` on a free loopback port, in a temporary folder, for as long as a test runs. */
import { connect } from "node:net";
import { Redis } from "ioredis";
import { onFreePort } from "./ports.ts";
import { orRemoved, removeFolder, temporaryFolder } from "./folders.ts";
import {
  controlled,
  requireProgram,
  type RunningProcess,
  type Server,
  startProcess,
} from "./process.ts";

export interface RedisOptions {
  /** When the append-only file is flushed; `"no"` (the default) keeps none, so a restart is empty. */
  readonly appendOnly?: "always" | "everysec" | "no";
  /** Further arguments of `redis-server`. */
  readonly extra?: readonly string[];
  /** It is a sentinel, with this file, which it writes to; the options above mean nothing then. */
  readonly sentinel?: string;
}

export interface RedisServer extends Server {
  readonly port: number;
  /** The process of now: it changes with a restart. */
  readonly pid: number;
  readonly url: string;
  /** A client of its own for the caller. It reconnects after a restart and is closed by `stop`. */
  client(): Redis;
}

export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const program = await requireProgram("redis-server", "redis-server");
  const folder = await temporaryFolder("baton-redis-");
  return await orRemoved(folder, () =>
    onFreePort(
      async (port) =>
        serverOf(program, folder, port, options, await launch(program, folder, port, options)),
      /Address already in use/,
    ));
}

function launch(
  program: string,
  folder: string,
  port: number,
  options: RedisOptions,
): Promise<RunningProcess> {
  const { appendOnly = "no", extra = [], sentinel } = options;
  return startProcess({
    program,
    folder,
    log: "redis.log",
    args: sentinel ? [sentinel, "--sentinel", "--bind", "127.0.0.1", "--port", String(port)] : [
      ["--bind", "127.0.0.1", "--port", String(port), "--dir", folder],
      ["--daemonize", "no", "--loglevel", "warning", "--save", ""],
      ["--maxmemory-policy", "noeviction"],
      appendOnly === "no"
        ? ["--appendonly", "no"]
        : ["--appendonly", "yes", "--appendfsync", appendOnly],
      extra,
    ].flat(),
    ready: (pid) => answers(port, pid),
  });
}

/**
 * Whether this very process answers PING. Its id is compared, because after a lost race for the port
 * it is somebody else's Redis that answers.
 */
function answers(port: number, pid: number): Promise<boolean> {
  return new Promise((resolve) => {
    let text = "";
    let ready = false;
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\nINFO server\r\n"));
    socket.setEncoding("utf8");
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on("data", (chunk: string) => {
      text += chunk;
      const process = /^process_id:(\d+)\r$/m.exec(text);
      if (process === null) return;
      ready = text.startsWith("+PONG") && process[1] === String(pid);
      socket.destroy();
    });
    socket.on("error", () => {}); // A refused connection closes, too, and that is the answer.
    socket.on("close", () => resolve(ready));
  });
}

function serverOf(
  program: string,
  folder: string,
  port: number,
  options: RedisOptions,
  first: RunningProcess,
): RedisServer {
  const { current, controls } = controlled(first, () => launch(program, folder, port, options));
  let stopping = false;
  const clients: Redis[] = [];

  return {
    port,
    get pid() {
      return current().pid;
    },
    url: `redis://127.0.0.1:${port}`,
    client() {
      const client = new Redis({
        host: "127.0.0.1",
        port,
        // Once the server is stopped for good every client ends by itself, with no timer left behind.
        retryStrategy: () => stopping ? null : 20,
      });
      client.on("error", () => {}); // Commands report it; the event would only be printed.
      clients.push(client);
      return client;
    },
    async stop() {
      stopping = true;
      await current().stop();
      await Promise.all(clients.map(ended));
      await removeFolder(folder);
    },
    ...controls,
  };
}

async function ended(client: Redis): Promise<void> {
  if (client.status === "end") return;
  await new Promise<void>((resolve) => client.once("end", () => resolve()));
}

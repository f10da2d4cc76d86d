/** libSQL's own engine behind Turso's HTTP protocol, in a process of its own and on a temporary folder. */
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { onFreePort } from "./ports.ts";
import { orRemoved, removeFolder, temporaryFolder } from "./folders.ts";
import { controlled, type RunningProcess, type Server, startProcess } from "./process.ts";

export interface LibsqlServer extends Server {
  readonly url: string;
  /** The token that it asks for. */
  readonly token: string;
}

const MAIN = fileURLToPath(new URL("hrana_main.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

export async function startLibsql(token: string = crypto.randomUUID()): Promise<LibsqlServer> {
  const folder = await temporaryFolder("baton-libsql-");
  const file = join(folder, "leases.db");
  const launch = (port: number): Promise<RunningProcess> =>
    startProcess({
      program: process.execPath,
      folder,
      log: "libsql.log",
      args: [
        ...["run", "-A", "--quiet", "--config", CONFIG, MAIN],
        ...["--port", `${port}`, "--file", file, "--token", token],
      ],
      ready: () => answers(port, token, file),
    });
  return await orRemoved(folder, async () => {
    return await onFreePort(async (port) => {
      const { current, controls } = controlled(await launch(port), () => launch(port), "kill");
      return {
        url: `http://127.0.0.1:${port}`,
        token,
        async stop() {
          await current().kill();
          await removeFolder(folder);
        },
        ...controls,
      };
    }, /AddrInUse|in use/i);
  });
}

async function answers(port: number, token: string, file: string): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return await response.text() === file;
  } catch {
    return false;
  }
}

/** A local server that speaks a vendor's protocol, for people who have no account there yet. */

import { lines } from "./messages.ts";

/** How long a local server may take to end, in ms; it gives its database ten seconds. */
const PATIENCE = 15_000;

/** A server that is up, and what it reported about itself. */
export interface StandIn {
  readonly said: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts one of the project's test servers. */
export async function startLocal([file = "", ...args]: readonly string[]): Promise<StandIn> {
  const program = new URL(`../../../tests/servers/${file}`, import.meta.url);
  const server = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", program.href, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const complaints = new Response(server.stderr).text();
  const stop = async (): Promise<void> => {
    // It ends when its standard input closes, and ends its database too.
    await server.stdin.close().catch(() => {});
    const force = setTimeout(() => server.kill("SIGKILL"), PATIENCE);
    await server.status;
    clearTimeout(force);
  };
  for await (const line of lines(server.stdout)) return { said: JSON.parse(line), stop };
  throw new Error(`the local server did not start: ${(await complaints).trim()}`);
}

/** Where the workers meet: a file, Upstash, or a local stand-in for Upstash. */

import type { Driver } from "@baton/baton/drivers/driver";
import { lines } from "./messages.ts";
import { type BackendName, BadArguments, type Options } from "./options.ts";

/** A backend that is up. */
export interface Backend {
  readonly name: BackendName;
  /** What it is, for people. */
  readonly label: string;
  /** How long leadership lives unrenewed, in ms. */
  readonly leaderTtl: number;
  /** What workers need to reach it. Not their arguments: those are readable by every user. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** How long the local server may take to end, in ms; it gives its Redis ten seconds. */
const PATIENCE = 15_000;
const URL_NAME = "UPSTASH_REDIS_REST_URL";
const TOKEN_NAME = "UPSTASH_REDIS_REST_TOKEN";

/** Starts the backend, if there is anything to start. */
export async function startBackend(
  { backend: name, seconds }: Options,
  say: (text: string) => void,
): Promise<Backend> {
  if (name === "sqlite") {
    // Short demos get a short lease, so that all three blows fit.
    const leaderTtl = Math.min(1_500, Math.max(600, seconds * 150));
    return { name, label: "a SQLite file", leaderTtl, environment: {}, stop: async () => {} };
  }
  // A server's clock may step by 500 ms unseen, so a lease is believed for that much less.
  const leaderTtl = 2_000;
  const [url, token] = [Deno.env.get(URL_NAME), Deno.env.get(TOKEN_NAME)];
  if (url && token) {
    const environment = { [URL_NAME]: url, [TOKEN_NAME]: token };
    return { name, label: "Upstash Redis", leaderTtl, environment, stop: async () => {} };
  }
  if (url || token) {
    throw new BadArguments(
      `set both ${URL_NAME} and ${TOKEN_NAME}, or neither for a local Redis`,
    );
  }
  say("starting a local Redis, and a front end that speaks as Upstash does …\n");
  const label = "local Redis, reached as Upstash is";
  return { name, label, leaderTtl, ...await startLocalUpstash() };
}

/** The driver for one worker. Loaded on demand: the demo on a file needs nothing but this repository. */
export async function openDriver(name: BackendName, folder: string): Promise<Driver> {
  if (name === "sqlite") {
    const { sqlite } = await import("@baton/baton/drivers/sqlite");
    return sqlite(`${folder}/baton.db`);
  }
  const { upstash } = await import("@baton/baton/drivers/upstash");
  return upstash({ url: Deno.env.get(URL_NAME) ?? "", token: Deno.env.get(TOKEN_NAME) ?? "" });
}

async function startLocalUpstash(): Promise<Pick<Backend, "environment" | "stop">> {
  const program = new URL("../../tests/servers/upstash_main.ts", import.meta.url);
  const server = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", program.href],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const complaints = new Response(server.stderr).text();
  const stop = async (): Promise<void> => {
    // It ends when its standard input closes, and takes its Redis with it.
    await server.stdin.close().catch(() => {});
    const force = setTimeout(() => server.kill("SIGKILL"), PATIENCE);
    await server.status;
    clearTimeout(force);
  };
  for await (const line of lines(server.stdout)) {
    const { url, token } = JSON.parse(line) as { url: string; token: string };
    return { environment: { [URL_NAME]: url, [TOKEN_NAME]: token }, stop };
  }
  throw new Error(`the local Redis did not start: ${(await complaints).trim()}`);
}

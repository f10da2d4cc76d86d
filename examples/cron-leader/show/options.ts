/** The demo's arguments. */

import { parseArgs } from "node:util";

/** The backend that the workers share. */
export type BackendName = typeof BACKENDS[number];

const BACKENDS = [
  "sqlite",
  "ipc",
  "upstash",
  "neon",
  "planetscale",
  "turso",
  "etcd",
  "consul",
  "zookeeper",
] as const;

/** What the demo was asked to do. */
export interface Options {
  readonly seconds: number;
  readonly json: boolean;
  readonly backend: BackendName;
  readonly help: boolean;
}

export const HELP = `\
One cron, four processes: kills and freezes the leader, and counts the slots that ran twice.

  deno task demo [--seconds N] [--json] [--backend NAME]

  --seconds N            how long, at least 5; each second is a slot (default: 20)
  --json                 one line of JSON on standard output at the end; the rest on standard error
  --backend sqlite       a SQLite file in a temporary folder (the default)
  --backend ipc          a name that the processes of one user share, over SQLite
  --backend upstash      UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, or a local Redis
  --backend neon         DATABASE_URL, or a local PostgreSQL
  --backend planetscale  DATABASE_URL, or a local MariaDB
  --backend turso        TURSO_DATABASE_URL and TURSO_AUTH_TOKEN, or a local libSQL
  --backend etcd         ETCD_URL (http://host:2379), or a local etcd
  --backend consul       CONSUL_HTTP_ADDR, CONSUL_HTTP_TOKEN if it needs one, or a local Consul
  --backend zookeeper    ZOOKEEPER_HOSTS (host:2181,host:2181), or a local ZooKeeper
  --help                 show this text

If the variables are not set, the demo starts a local server that speaks the backend's protocol.

Exit status: 0 no slot ran twice, 1 a slot ran twice, 2 bad arguments, 3 the demo could not run.
`;

/** Thrown for arguments that make no sense; its message is for the user. */
export class BadArguments extends Error {}

/** Reads the arguments. */
export function parseOptions(args: string[]): Options {
  // As npm wants it before a script's own arguments; deno passes it on.
  const own = args[0] === "--" ? args.slice(1) : args;
  const { seconds, json, backend, help } = parse(own);
  const count = Number(seconds);
  if (!/^\d+$/.test(seconds) || count < 5 || count > 3_600) {
    throw new BadArguments(`--seconds must be a whole number from 5 to 3600, not "${seconds}"`);
  }
  const known = BACKENDS.find((name) => name === backend);
  if (!known) throw new BadArguments(`--backend must be one of ${BACKENDS}, not "${backend}"`);
  return { seconds: count, json, backend: known, help };
}

function parse(args: string[]): { seconds: string; json: boolean; backend: string; help: boolean } {
  try {
    const { values } = parseArgs({
      args,
      options: {
        seconds: { type: "string", default: "20" },
        json: { type: "boolean", default: false },
        backend: { type: "string", default: "sqlite" },
        help: { type: "boolean", default: false },
      },
    });
    return values;
  } catch (error) {
    throw new BadArguments((error as Error).message);
  }
}

/** Where the workers meet: a file, a vendor's database, or a local stand-in for one. */

import type { Driver } from "@baton/baton/drivers/driver";
import { type BackendName, BadArguments, type Options } from "./options.ts";
import { startLocal } from "./stand_in.ts";

/** A backend that is up. */
export interface Backend {
  readonly name: BackendName;
  /** Its name on the screen. */
  readonly label: string;
  /** How long leadership lives unrenewed, in ms. */
  readonly leaderTtl: number;
  /** What workers need to reach it. Not passed as arguments, which every user of the host can read. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** A vendor whose database can be the meeting place. */
interface Vendor {
  readonly label: string;
  /** The local server that is started when no variable is set. */
  readonly standIn: { readonly label: string; readonly args: readonly string[] };
  /** The environment variables by which the vendor's database is found. */
  readonly variables: readonly string[];
  /** Variables that may be set beside them. */
  readonly optional?: readonly string[];
  /** The shortest ttl of a lease, in ms, with these variables. Default: 2,000 will do. */
  leastTtl?(variables: Readonly<Record<string, string>>): number;
  /** The same variables, for the local server, from the line that it printed. */
  found(said: Readonly<Record<string, string>>): Record<string, string>;
  /** The driver, loaded on demand: the demo on a file needs nothing but this repository. */
  driver(variables: Readonly<Record<string, string>>): Promise<Driver>;
  /** Creates the table, if the backend needs one. */
  prepare(variables: Readonly<Record<string, string>>): Promise<void>;
}

/** A backend that needs no server: the workers of the demo meet in its folder. */
interface Embedded {
  readonly label: string;
  driver(folder: string): Promise<Driver>;
}

const EMBEDDED = {
  sqlite: {
    label: "a SQLite file",
    async driver(folder) {
      const { sqlite } = await import("@baton/baton/drivers/sqlite");
      return sqlite(`${folder}/baton.db`);
    },
  },
  ipc: {
    label: "a name on this host",
    async driver(folder) {
      const { ipc } = await import("@baton/baton/drivers/ipc");
      // In the demo's own folder, so that it leaves nothing in the host's memory.
      return ipc("demo", { folder: `${folder}/ipc` });
    },
  },
} satisfies Readonly<Record<string, Embedded>>;

const isEmbedded = (name: BackendName): name is keyof typeof EMBEDDED => name in EMBEDDED;

const VENDORS: Readonly<Record<Exclude<BackendName, keyof typeof EMBEDDED>, Vendor>> = {
  upstash: {
    label: "Upstash Redis",
    standIn: { label: "local Redis, over Upstash's HTTP protocol", args: ["upstash_main.ts"] },
    variables: ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"],
    found: ({ url = "", token = "" }) => ({
      UPSTASH_REDIS_REST_URL: url,
      UPSTASH_REDIS_REST_TOKEN: token,
    }),
    async driver({ UPSTASH_REDIS_REST_URL: url = "", UPSTASH_REDIS_REST_TOKEN: token = "" }) {
      const { upstash } = await import("@baton/baton/drivers/upstash");
      return upstash({ url, token });
    },
    prepare: async () => {},
  },
  neon: {
    label: "Neon Postgres",
    standIn: { label: "local PostgreSQL, over Neon's HTTP protocol", args: ["neon_main.ts"] },
    variables: ["DATABASE_URL"],
    found: ({ connectionString = "" }) => ({ DATABASE_URL: connectionString }),
    async driver({ DATABASE_URL: url = "" }) {
      await findLocalNeon(url);
      const { neon } = await import("@baton/baton/drivers/neon");
      return neon({ url });
    },
    async prepare({ DATABASE_URL: url = "" }) {
      await findLocalNeon(url);
      const { neonQuery } = await import("@baton/baton/drivers/neon");
      const { migrate } = await import("@baton/baton/schema/postgres");
      await migrate(neonQuery(url));
    },
  },
  planetscale: {
    label: "PlanetScale MySQL",
    standIn: {
      label: "local MariaDB, over PlanetScale's HTTP protocol",
      args: ["planetscale_main.ts", "--server", "mariadb"],
    },
    variables: ["DATABASE_URL"],
    found: ({ databaseUrl = "" }) => ({ DATABASE_URL: databaseUrl }),
    async driver({ DATABASE_URL: url = "" }) {
      const { planetscale } = await import("@baton/baton/drivers/planetscale");
      return planetscale({ url });
    },
    async prepare({ DATABASE_URL: url = "" }) {
      const { planetscaleQuery } = await import("@baton/baton/drivers/planetscale");
      const { migrate } = await import("@baton/baton/schema/mysql");
      await migrate(planetscaleQuery({ url }));
    },
  },
  turso: {
    label: "Turso",
    standIn: { label: "local libSQL, over Turso's HTTP protocol", args: ["libsql_main.ts"] },
    variables: ["TURSO_DATABASE_URL", "TURSO_AUTH_TOKEN"],
    found: ({ url = "", token = "" }) => ({ TURSO_DATABASE_URL: url, TURSO_AUTH_TOKEN: token }),
    async driver({ TURSO_DATABASE_URL: url = "", TURSO_AUTH_TOKEN: authToken = "" }) {
      const { turso } = await import("@baton/baton/drivers/turso");
      return turso({ url, authToken });
    },
    async prepare({ TURSO_DATABASE_URL: url = "", TURSO_AUTH_TOKEN: authToken = "" }) {
      const { tursoQuery } = await import("@baton/baton/drivers/turso");
      const { migrate } = await import("@baton/baton/schema/sqlite");
      await migrate(tursoQuery({ url, authToken }));
    },
  },
  etcd: {
    label: "etcd",
    standIn: { label: "local etcd", args: ["etcd_main.ts"] },
    variables: ["ETCD_URL"],
    found: ({ url = "" }) => ({ ETCD_URL: url }),
    async driver({ ETCD_URL: url = "" }) {
      const { etcd } = await import("@baton/baton/drivers/etcd");
      return etcd({ url: url.split(",") });
    },
    prepare: async () => {},
  },
  zookeeper: {
    label: "ZooKeeper",
    standIn: { label: "local ZooKeeper", args: ["zookeeper_main.ts"] },
    variables: ["ZOOKEEPER_HOSTS"],
    found: ({ host = "" }) => ({ ZOOKEEPER_HOSTS: host }),
    async driver({ ZOOKEEPER_HOSTS: hosts = "" }) {
      const { zookeeper } = await import("@baton/baton/drivers/zookeeper");
      return zookeeper({ servers: hosts.split(",") });
    },
    prepare: async () => {},
  },
  consul: {
    label: "Consul",
    standIn: { label: "local Consul", args: ["consul_main.ts"] },
    variables: ["CONSUL_HTTP_ADDR"],
    optional: ["CONSUL_HTTP_TOKEN", "CONSUL_SESSION_TTL_MIN"],
    found: ({ url = "", minTtl = "" }) => ({
      CONSUL_HTTP_ADDR: url,
      CONSUL_SESSION_TTL_MIN: minTtl,
    }),
    // Consul's own least, unless its operators have set another; here it is in ms.
    leastTtl: ({ CONSUL_SESSION_TTL_MIN: least = "10000" }) => Number(least),
    async driver({ CONSUL_HTTP_ADDR: address = "", CONSUL_HTTP_TOKEN: token, ...more }) {
      const { consul } = await import("@baton/baton/drivers/consul");
      const url = address.includes("://") ? address : `http://${address}`;
      return consul({ url, token, minTtl: VENDORS.consul.leastTtl?.(more) });
    },
    prepare: async () => {},
  },
};

/** Starts the backend, if there is anything to start. */
export async function startBackend(
  { backend: name, seconds }: Options,
  say: (text: string) => void,
): Promise<Backend> {
  if (isEmbedded(name)) {
    // A short demo gets a short lease, so that all three blows fit.
    const leaderTtl = Math.min(1_500, Math.max(600, seconds * 150));
    return { name, label: EMBEDDED[name].label, leaderTtl, environment: {}, stop: async () => {} };
  }
  const vendor = VENDORS[name];
  // A server's clock may step by 500 ms unnoticed, so a lease counts as held for that much less.
  const ttl = (variables: Readonly<Record<string, string>>): number =>
    Math.max(2_000, vendor.leastTtl?.(variables) ?? 0);
  const set = variablesOf(vendor);
  const count = vendor.variables.filter((each) => each in set).length;
  if (count === vendor.variables.length) {
    await vendor.prepare(set);
    const leaderTtl = ttl(set);
    return { name, label: vendor.label, leaderTtl, environment: set, stop: async () => {} };
  }
  if (count > 0) {
    throw new BadArguments(
      `set both ${vendor.variables.join(" and ")}, or neither to use a local server`,
    );
  }
  say(`starting a ${vendor.standIn.label} …\n`);
  const { said, stop } = await startLocal(vendor.standIn.args);
  const environment = vendor.found(said);
  await vendor.prepare(environment);
  return { name, label: vendor.standIn.label, leaderTtl: ttl(environment), environment, stop };
}

/** The driver for one worker. */
export async function openDriver(name: BackendName, folder: string): Promise<Driver> {
  if (isEmbedded(name)) return await EMBEDDED[name].driver(folder);
  return await VENDORS[name].driver(variablesOf(VENDORS[name]));
}

function variablesOf({ variables, optional = [] }: Vendor): Record<string, string> {
  const pairs = [...variables, ...optional].map((name) =>
    [name, Deno.env.get(name) ?? ""] as const
  );
  return Object.fromEntries(pairs.filter(([, value]) => value !== ""));
}

/** Neon's client has one setting for where its servers are, and needs it for a local one. */
async function findLocalNeon(url: string): Promise<void> {
  if (URL.parse(url)?.hostname !== "127.0.0.1") return;
  const { neonConfig } = await import("@neondatabase/serverless");
  neonConfig.fetchEndpoint = (host, port) => `http://${host}:${port}/sql`;
}

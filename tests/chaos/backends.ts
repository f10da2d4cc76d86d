/**
 * The real servers, each behind the front end of its vendor, and what each of them promises.
 *
 * @module
 */

import process from "node:process";
import { migrate as migrateMysql } from "../../drivers/mysql/schema.ts";
import { neonQuery } from "../../drivers/postgres/neon.ts";
import { planetscaleQuery } from "../../drivers/mysql/planetscale.ts";
import { migrate as migratePostgres } from "../../drivers/postgres/schema.ts";
import type { Faults } from "../servers/faults.ts";
import { type MysqlKind, startMysql } from "../servers/mysql.ts";
import { pointNeonAt, startNeon } from "../servers/neon.ts";
import { startPlanetscale } from "../servers/planetscale.ts";
import { startPostgres } from "../servers/postgres.ts";
import { type RedisOptions, startRedis } from "../servers/redis.ts";
import { startUpstash } from "../servers/upstash.ts";
import type { Address } from "./address.ts";
import { within } from "./faked_clock.ts";

/** The name of a backend, as it is given on the command line. */
export type BackendName =
  | "redis-always"
  | "redis-everysec"
  | "redis-none"
  | "postgres"
  | "mysql"
  | "mariadb"
  | `${SteppedServer}-stepped`;

/** Those that run where their clock is not the host's. */
type SteppedServer = "postgres" | "mysql" | "mariadb";

/** In the order in which they are run. */
export const BACKENDS: readonly BackendName[] = [
  ...["redis-always", "redis-none", "postgres", "mysql", "mariadb", "redis-everysec"] as const,
  ...["postgres-stepped", "mysql-stepped", "mariadb-stepped"] as const,
];

/** Whether the server's clock is to be stepped, and some clients' with it. */
export function isStepped(name: BackendName): boolean {
  return name.endsWith("-stepped");
}

/** A running one. */
export interface Backend {
  readonly address: Address;
  readonly faults: Faults;
  /** HTTP requests so far. */
  readonly requests: number;
  /** Whether what was acknowledged survives the kill of the server. */
  readonly durable: boolean;
  /** Whether every kill loses all, so that a run without a loss would prove nothing. */
  readonly forgetful: boolean;
  /** Ends the server as a crash would; `dice` chooses between the ways there are. */
  kill(dice: number): Promise<void>;
  /** Starts it again; resolves when it answers. */
  restart(): Promise<void>;
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** Starts one, with its table; `environment` is for the server whose clock is stepped. */
export function startBackend(
  name: BackendName,
  environment: Readonly<Record<string, string>> = {},
): Promise<Backend> {
  switch (name) {
    case "redis-always":
      return redis("always");
    case "redis-everysec":
      return redis("everysec");
    case "redis-none":
      return redis("no");
    case "postgres":
    case "postgres-stepped":
      return postgres(environment);
    case "mysql":
    case "mysql-stepped":
      return mysql("mysql", environment);
    case "mariadb":
    case "mariadb-stepped":
      return mysql("mariadb", environment);
  }
}

/** What the servers have in common. */
interface Server {
  kill(dice: number): Promise<void>;
  restart(): Promise<void>;
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** What the front ends have in common. */
interface Front {
  readonly faults: Faults;
  readonly requests: number;
  stop(): Promise<void>;
}

type Promises = Pick<Backend, "durable" | "forgetful">;

async function redis(appendOnly: NonNullable<RedisOptions["appendOnly"]>): Promise<Backend> {
  const server = await startRedis({ appendOnly });
  const promises = { durable: appendOnly === "always", forgetful: appendOnly === "no" };
  return await behind(server, promises, async () => {
    const front = await startUpstash(server);
    return { front, address: { vendor: "upstash", url: front.url, token: front.token } };
  });
}

async function postgres(environment: Readonly<Record<string, string>>): Promise<Backend> {
  const server = await within(environment, () => startPostgres());
  const [version] = await server.query("select current_setting('server_version_num') as number");
  // To flush every file by itself after each crash takes longer than all else in a restart.
  if (Number(version?.["number"]) >= 140_000) {
    await server.query("alter system set recovery_init_sync_method = 'syncfs'");
  }
  const crashing: Server = {
    ...server,
    kill: async (dice) => {
      // An immediate stop, or a crash of every process at once.
      if (dice < 0.5) process.kill(server.pid, "SIGQUIT");
      await server.kill();
    },
    restart: () => within(environment, () => server.restart()),
  };
  return await behind(crashing, { durable: true, forgetful: false }, async () => {
    const front = await startNeon(server);
    pointNeonAt();
    const url = front.connectionString;
    await migratePostgres(neonQuery(url));
    return { front, address: { vendor: "neon", url } };
  });
}

async function mysql(
  kind: MysqlKind,
  environment: Readonly<Record<string, string>>,
): Promise<Backend> {
  const server = await within(environment, () => startMysql(kind));
  const restart = () => within(environment, () => server.restart());
  const promises = { durable: true, forgetful: false };
  return await behind({ ...server, restart }, promises, async () => {
    const front = await startPlanetscale(server);
    const url = front.databaseUrl;
    await migrateMysql(planetscaleQuery({ url }));
    return { front, address: { vendor: "planetscale", url } };
  });
}

async function behind(
  server: Server,
  promises: Promises,
  start: () => Promise<{ front: Front; address: Address }>,
): Promise<Backend> {
  const { front, address } = await start().catch(async (error) => {
    await server.stop();
    throw error;
  });
  return {
    ...promises,
    address,
    faults: front.faults,
    get requests() {
      return front.requests;
    },
    kill: (dice) => server.kill(dice),
    restart: () => restart(server),
    pause: () => server.pause(),
    resume: () => server.resume(),
    async stop() {
      await front.stop();
      await server.stop();
    },
  };
}

/** Somebody's outgoing connection can have the port for a moment, while nobody listens on it. */
async function restart(server: Server): Promise<void> {
  for (let attempt = 1;; attempt++) {
    try {
      return await server.restart();
    } catch (error) {
      if (attempt === 20 || !String(error).includes("Address already in use")) throw error;
    }
  }
}

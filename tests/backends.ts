/**
 * Every backend and every decorator that is held to the contract; one entry for each.
 *
 * @module
 */

import { budgeted } from "../drivers/decorators/budgeted.ts";
import type { Driver } from "../drivers/driver.ts";
import { memory } from "../drivers/memory.ts";
import { migrate as migrateMysql } from "../drivers/mysql/schema.ts";
import { namespaced } from "../drivers/decorators/namespaced.ts";
import { neon, neonQuery } from "../drivers/postgres/neon.ts";
import { planetscale, planetscaleQuery } from "../drivers/mysql/planetscale.ts";
import { migrate as migratePostgres } from "../drivers/postgres/schema.ts";
import { retrying } from "../coordination/leases/retrying.ts";
import { sqlite, type SqliteDriver } from "../drivers/sqlite/sqlite.ts";
import { traced } from "../drivers/decorators/traced.ts";
import { upstash } from "../drivers/redis/upstash.ts";
import { type Backend, onFakeClock } from "./conformance/mod.ts";
import { type MysqlKind, startMysql } from "./servers/mysql.ts";
import { pointNeonAt, startNeon } from "./servers/neon.ts";
import { startPlanetscale } from "./servers/planetscale.ts";
import { startPostgres } from "./servers/postgres.ts";
import { removeFolder, temporaryFolder } from "./servers/process.ts";
import { startRedis } from "./servers/redis.ts";
import { startUpstash } from "./servers/upstash.ts";

/** A backend that can be started and stopped; one start serves all its tests. */
export interface Entry {
  readonly name: string;
  /** A fake clock is set on at random; over a real one leases only end in a smaller run. */
  readonly clock: "fake" | "real";
  /** How many sequences run at once; more than one hides the time a request takes. */
  readonly lanes: number;
  start(): Promise<Backend & { stop(): Promise<void> }>;
}

const nothingToStop = (): Promise<void> => Promise.resolve();
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Memory on a fake clock, behind a decorator. */
export function decorated(decorate: (inner: Driver) => Driver): Backend {
  return onFakeClock((now) => {
    const shared = memory({ now });
    return () => decorate(shared);
  });
}

function decorator(name: string, decorate: (inner: Driver) => Driver): Entry {
  const start: Entry["start"] = () =>
    Promise.resolve({ ...decorated(decorate), stop: nothingToStop });
  return { name, clock: "fake", lanes: 1, start };
}

/** One file; every handle is a connection of its own, as another process's would be. */
async function startSqlite(): ReturnType<Entry["start"]> {
  const folder = await temporaryFolder("baton-sqlite-");
  const open: SqliteDriver[] = [];
  const closeAll = (): void => open.splice(0).forEach((driver) => driver.close());
  const backend = onFakeClock((now) => () => {
    const driver = sqlite(`file:${folder}/leases.db`, { now });
    open.push(driver);
    return driver;
  });
  return {
    ...backend,
    restart: () => Promise.resolve(closeAll()),
    stop: () => {
      closeAll();
      return removeFolder(folder);
    },
  };
}

/** The unmodified client, over the REST protocol, on a real Redis. */
async function startUpstashBackend(): ReturnType<Entry["start"]> {
  // Upstash keeps its data over a restart; what is lost in a fail-over is tested in redis_test.ts.
  const redis = await startRedis({ appendOnly: "everysec" });
  const server = await startUpstash(redis);
  return {
    connect: () => upstash({ url: server.url, token: server.token }),
    pass: wait,
    tick: 100,
    restart: () => redis.restart(),
    stop: async () => {
      await server.stop();
      await redis.stop();
    },
  };
}

/** The unmodified client, over Neon's HTTP protocol, on a real PostgreSQL. */
async function startNeonBackend(): ReturnType<Entry["start"]> {
  const postgres = await startPostgres();
  const server = await startNeon(postgres);
  pointNeonAt();
  await migratePostgres(neonQuery(server.connectionString));
  return {
    connect: () => neon({ url: server.connectionString }),
    pass: wait,
    tick: 100,
    restart: () => postgres.restart(),
    stop: async () => {
      await server.stop();
      await postgres.stop();
    },
  };
}

/** The unmodified client, over PlanetScale's HTTP protocol, on a real MySQL or MariaDB. */
async function startPlanetscaleBackend(kind: MysqlKind): ReturnType<Entry["start"]> {
  const mysql = await startMysql(kind);
  const server = await startPlanetscale(mysql);
  await migrateMysql(planetscaleQuery({ url: server.databaseUrl }));
  return {
    connect: () => planetscale({ url: server.databaseUrl }),
    pass: wait,
    tick: 100,
    restart: () => mysql.restart(),
    stop: async () => {
      await server.stop();
      await mysql.stop();
    },
  };
}

/** The table. */
export const BACKENDS: readonly Entry[] = [
  decorator("memory", (inner) => inner),
  {
    // The clock that users get, so that nothing holds only because time stands still.
    name: "memory on its own clock",
    clock: "real",
    lanes: 16,
    start: () => {
      const shared = memory();
      return Promise.resolve({ connect: () => shared, pass: wait, tick: 50, stop: nothingToStop });
    },
  },
  { name: "sqlite", clock: "fake", lanes: 1, start: startSqlite },
  { name: "upstash over a real Redis", clock: "real", lanes: 16, start: startUpstashBackend },
  { name: "neon over a real PostgreSQL", clock: "real", lanes: 16, start: startNeonBackend },
  {
    name: "planetscale over a real MySQL",
    clock: "real",
    lanes: 16,
    start: () => startPlanetscaleBackend("mysql"),
  },
  {
    name: "planetscale over a real MariaDB",
    clock: "real",
    lanes: 16,
    start: () => startPlanetscaleBackend("mariadb"),
  },
  decorator("retrying", (inner) => retrying(inner)),
  decorator("namespaced", (inner) => namespaced(inner, "app-1")),
  decorator("traced", (inner) => traced(inner, () => {})),
  decorator("budgeted", (inner) => budgeted(inner, Number.MAX_SAFE_INTEGER)),
  decorator(
    "all decorators together",
    (inner) => retrying(traced(namespaced(namespaced(inner, "outer"), "inner"), () => {})),
  ),
];

/**
 * Real servers, each as the URL that its user writes.
 *
 * @module
 */

import { existsSync, readdirSync } from "node:fs";
import { mysqlPool } from "../../drivers/mysql/mysql2.ts";
import { migrate as migrateMysql } from "../../drivers/mysql/schema.ts";
import { postgresPool } from "../../drivers/postgres/pg.ts";
import { migrate as migratePostgres } from "../../drivers/postgres/schema.ts";
import { startConsul } from "../servers/consul.ts";
import { startEtcd } from "../servers/etcd.ts";
import { startMemcached } from "../servers/memcached.ts";
import { type MysqlKind, type MysqlServer, startMysql } from "../servers/mysql.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { removeFolder, temporaryFolder } from "../servers/folders.ts";
import type { Server } from "../servers/process.ts";
import { type RedisServer, startRedis } from "../servers/redis.ts";
import { startZookeeper } from "../servers/zookeeper.ts";

/** Something that runs and has a URL. */
export interface Place<S = unknown> {
  /** What users write, with the schema in place where there is one. */
  readonly url: string;
  /** The server itself. */
  readonly server: S;
  stop(): Promise<void>;
}

/** By the scheme of its URL, how it is started. */
export const PLACES: Readonly<Record<string, () => Promise<Place>>> = {
  "zake:": () => Promise.resolve({ url: "zake://", server: undefined, stop: async () => {} }),
  "file:": aFile,
  "ipc:": anIpc,
  "redis:": aRedis,
  "postgresql:": aPostgres,
  "mysql: on MySQL": () => aMysql("mysql"),
  "mysql: on MariaDB": () => aMysql("mariadb"),
  "etcd3+http:": anEtcd,
  "consul:": aConsul,
  "zookeeper:": aZooKeeper,
  "memcached:": aMemcached,
};

/** Those whose URL opens connections of a client, by the scheme. */
export const OWN = {
  "redis:": aRedis,
  "postgresql:": aPostgres,
  "mysql:": () => aMysql("mariadb"),
} as const;

async function aFile(): Promise<Place> {
  const folder = await temporaryFolder("baton-url-");
  const stop = () => removeFolder(folder);
  return { url: `file://${folder}/baton.db`, server: undefined, stop };
}

function anIpc(): Promise<Place> {
  // It is in a folder of the user's, which others may use now.
  const name = `test-${crypto.randomUUID()}`;
  const folder = `${existsSync("/dev/shm") ? "/dev/shm" : "/tmp"}/baton-${Deno.uid()}`;
  const stop = async () => {
    for (const file of readdirSync(folder)) {
      if (file.startsWith(name)) await Deno.remove(`${folder}/${file}`);
    }
  };
  return Promise.resolve({ url: `ipc://${name}`, server: undefined, stop });
}

/** A Redis of its own. */
export async function aRedis(): Promise<Place<RedisServer>> {
  const server = await startRedis();
  return { url: server.url, server, stop: () => server.stop() };
}

/** A PostgreSQL with Baton's schema. */
export async function aPostgres(): Promise<Place<PostgresServer>> {
  const server = await startPostgres();
  await using pool = await postgresPool({ url: server.url });
  await migratePostgres(pool.query);
  return { url: server.url, server, stop: () => server.stop() };
}

/** A MySQL or MariaDB with Baton's table. */
export async function aMysql(kind: MysqlKind): Promise<Place<MysqlServer>> {
  const server = await startMysql(kind);
  const { user, password, port, database } = server;
  const account = `${user}:${encodeURIComponent(password)}`;
  const url = `mysql://${account}@127.0.0.1:${port}/${database}`;
  await using pool = await mysqlPool({ url });
  await migrateMysql(pool.query);
  return { url, server, stop: () => server.stop() };
}

async function anEtcd(): Promise<Place<Server>> {
  const server = await startEtcd();
  return { url: `etcd3+${server.url}`, server, stop: () => server.stop() };
}

async function aZooKeeper(): Promise<Place<Server>> {
  const server = await startZookeeper();
  return { url: `zookeeper://127.0.0.1:${server.port}`, server, stop: () => server.stop() };
}

async function aMemcached(): Promise<Place<Server>> {
  const server = await startMemcached();
  return { url: `memcached://${server.host}`, server, stop: () => server.stop() };
}

async function aConsul(): Promise<Place<Server>> {
  // As users have it: sessions of ten seconds at least.
  const server = await startConsul({ minTtl: "10s" });
  return { url: server.url.replace("http:", "consul:"), server, stop: () => server.stop() };
}

/**
 * Which driver each URL scheme stands for. A driver is loaded when its scheme is used.
 *
 * @module
 */

import { codeOf, InvalidArgument } from "../errors.ts";
import type { Driver } from "./driver.ts";
import { withClient } from "./kit/clients.ts";
import { decodedPart, parsed, type UrlParts } from "./kit/urls.ts";
import type { Mysql2Answer, MysqlAnswer, MysqlQuery } from "./mysql/send.ts";
import type { PostgresAnswer, PostgresQuery } from "./postgres/send.ts";

/**
 * Sends one statement to a database, and answers as its client does: what `PostgresQuery` and
 * `MysqlQuery` have in common. For MySQL `params` is empty.
 */
export type SqlQuery = (
  text: string,
  params: string[],
  signal?: AbortSignal,
) => Promise<PostgresAnswer | MysqlAnswer | Mysql2Answer>;

/** A URL, split into its parts for a driver. */
export interface Address extends UrlParts {
  /** A function that sends statements, if the user has given one for a database's URL. */
  readonly query?: SqlQuery | undefined;
}

/** Makes the driver of a scheme. It should not connect; the first request does that. */
export type SchemeLoader = (address: Address) => Driver | Promise<Driver>;

/** Options that vendors and other libraries, Tooz among them, put into a database's URL. */
const SQL_OPTIONS: ReadonlySet<string> = new Set([
  ...["sslmode", "sslrootcert", "sslcert", "sslkey", "sslaccept", "ssl", "ssl-mode", "useSSL"],
  ...["channel_binding", "options", "application_name", "target_session_attrs", "client_encoding"],
  ...["connect_timeout", "connection_limit", "pool_timeout", "pgbouncer", "charset", "timezone"],
  ...["host", "port", "dbname", "unix_socket", "ssl_ca", "ssl_capath", "ssl_cert", "ssl_key"],
  ...["ssl_cipher", "ssl_verify_mode", "ssl_check_hostname"],
]);
/** Options of Tooz's for Redis. */
const REDIS_OPTIONS: ReadonlySet<string> = new Set([
  ...["db", "ssl", "socket_timeout", "socket_connect_timeout", "socket_keepalive"],
  ...["sentinel", "sentinel_fallback", "sentinel_username", "sentinel_password", "sentinel_ssl"],
  ...["ssl_certfile", "ssl_keyfile", "ssl_ca_certs"],
  ...["retry_on_timeout", "health_check_interval", "encoding", "executor"],
]);
/** Options of Tooz's for etcd. */
const ETCD_OPTIONS: ReadonlySet<string> = new Set([
  "api_version",
  "ca_cert",
  "cert_key",
  "cert_cert",
]);

/** Options of Turso's clients. */
const TURSO_OPTIONS: ReadonlySet<string> = new Set(["authToken", "tls"]);

/** Schemes of databases, whose URLs may have options of vendors. */
const DATABASES: ReadonlySet<string> = new Set(
  ["neon", "postgres", "postgresql", "mysql", "planetscale", "planetscale+http"],
);

/** Options of Consul in a URL, Tooz's `acl_token` among them. The last two are there to be refused. */
const CONSUL_OPTIONS: ReadonlySet<string> = new Set(
  ["dc", "consistency", "keyPrefix", "minTtl", "acl_token", "ns", "partition"],
);

/** Options of Tooz's for ZooKeeper. Some are there to be refused. */
const ZOOKEEPER_OPTIONS: ReadonlySet<string> = new Set([
  ...["hosts", "use_ssl", "verify_certs", "randomize_hosts", "ca", "certfile", "keyfile"],
  ...["keyfile_password", "handler", "connection_retry", "command_retry"],
]);

/** Options of Tooz's for memcached. Some are there to be refused. */
const MEMCACHED_OPTIONS: ReadonlySet<string> = new Set([
  ...["max_pool_size", "use_ssl", "ca_cert", "ssl_cert", "ssl_key", "ssl_key_password"],
  ...["ssl_ciphers", "ssl_check_hostname"],
]);

/** Options of S3 in a URL. */
const S3_OPTIONS: ReadonlySet<string> = new Set(["region", "endpoint"]);

/** The options that a URL of this scheme may have besides Baton's own. */
export function vendorOptions(scheme: string): ReadonlySet<string> {
  if (DATABASES.has(scheme)) return SQL_OPTIONS;
  if (/^rediss?$/.test(scheme)) return REDIS_OPTIONS;
  if (scheme.startsWith("etcd")) return ETCD_OPTIONS;
  if (scheme === "libsql" || scheme === "turso") return TURSO_OPTIONS;
  if (scheme === "zookeeper" || scheme === "kazoo") return ZOOKEEPER_OPTIONS;
  if (scheme === "memcached") return MEMCACHED_OPTIONS;
  if (scheme === "s3") return S3_OPTIONS;
  return scheme.startsWith("consul") ? CONSUL_OPTIONS : new Set();
}

/** The schemes that Baton knows. */
export const SCHEMES: Readonly<Record<string, SchemeLoader>> = {
  memory: async ({ url }) => {
    // To share one by its name would need a table that all code of this process shares.
    if (!/^memory:(\/\/)?$/i.test(url)) {
      throw new InvalidArgument(
        "Cannot use this memory: URL: it takes no name, because each one is a backend of its own. To " +
          "share one, give schemes: { memory: () => backend }",
      );
    }
    return (await import("./memory.ts")).memory();
  },
  // Tooz's, for tests: all that use it in a process meet there.
  zake: async () => (await import("./zake.ts")).zake(),
  file: async ({ url }) => {
    const { sqlite } = await import("./sqlite/sqlite.ts");
    try {
      return sqlite(url.replace(/^file:/i, "file:"));
    } catch (error) {
      if (codeOf(error)) throw error;
      // The URL parser's own error repeats what it has parsed.
      throw new InvalidArgument("Cannot use this file: URL: it does not name a file of this host");
    }
  },
  upstash,
  "upstash+http": upstash,
  redis: (address) => ownRedis(address),
  rediss: (address) => ownRedis(address),
  neon: (address) => neon(address),
  // URLs as vendors show them. Other servers are reached by a client over sockets, not by HTTPS.
  postgres,
  postgresql: postgres,
  planetscale: (address) => planetscale(address),
  "planetscale+http": (address) => planetscale(address),
  mysql,
  etcd,
  "etcd+https": etcd,
  // As Tooz writes them.
  "etcd3+http": etcd,
  "etcd3+https": etcd,
  consul,
  "consul+https": consul,
  libsql: turso,
  turso,
  ipc: async ({ url }) => (await import("./sqlite/ipc_url.ts")).ipcAt(url),
  browser: async ({ url }) => (await import("./browser/url.ts")).browserAt(url),
  zookeeper,
  // As Tooz writes it, too.
  kazoo: zookeeper,
  kubernetes,
  "kubernetes+http": kubernetes,
  memcached: async (address) => (await import("./document/memcached_url.ts")).memcachedAt(address),
  "deno-kv": async (address) => (await import("./document/deno_kv_url.ts")).denoKvAt(address),
  s3: async (address) => {
    const load = () => import("./document/s3_url.ts");
    return (await withClient(load, "aws4fetch", "1.0.20")).s3At(address);
  },
};

async function kubernetes(address: Address): Promise<Driver> {
  return (await import("./document/kubernetes_url.ts")).kubernetesAt(address);
}

async function etcd(address: Address): Promise<Driver> {
  return (await import("./etcd/url.ts")).etcdAt(address);
}

async function upstash({ url, token }: Address): Promise<Driver> {
  const { protocol, username, password, host, pathname, hash } = parsed(url) ?? {};
  // If a token has one of these characters in it, its rest would be read as one of these parts.
  if (!host || (pathname !== "" && pathname !== "/") || hash) {
    throw new InvalidArgument(
      "Cannot use this upstash: URL: it must be upstash://:TOKEN@host, with /, ?, # and % in the " +
        "token percent-encoded; or leave the token out and give it as the option token",
    );
  }
  const driver = await import("./redis/upstash.ts");
  const web = protocol === "upstash+http:" ? "http" : "https";
  return driver.upstash({
    url: `${web}://${host}`,
    token: token ?? decodedPart("token", password || username || ""),
  });
}

async function consul(address: Address): Promise<Driver> {
  return (await import("./consul/url.ts")).consulAt(address);
}

async function ownRedis(address: Address): Promise<Driver> {
  return await (await import("./redis/ioredis.ts")).redisAt(address);
}

async function turso(address: Address): Promise<Driver> {
  const { tursoOptions } = await import("./sqlite/turso_url.ts");
  return (await import("./sqlite/turso.ts")).turso(tursoOptions(address));
}
async function zookeeper(address: Address): Promise<Driver> {
  return (await import("./zookeeper/url.ts")).zookeeperAt(address);
}

async function postgres(address: Address): Promise<Driver> {
  const { query } = address;
  if (query) return (await import("./postgres/postgres.ts")).postgres(query as PostgresQuery);
  // Neon's client also speaks to PlanetScale Postgres.
  if (isHostOf(address, /\.(neon\.(tech|build)|psdb\.cloud)$/)) return await neon(address);
  return await (await import("./postgres/pg.ts")).postgresAt(address);
}

async function mysql(address: Address): Promise<Driver> {
  const { query } = address;
  if (query) return (await import("./mysql/mysql.ts")).mysql(query as MysqlQuery);
  if (isHostOf(address, /\.psdb\.cloud$/)) return await planetscale(address);
  return await (await import("./mysql/mysql2.ts")).mysqlAt(address);
}

async function neon({ url, parameters, token }: Address): Promise<Driver> {
  const text = withPassword(url, "postgresql:", token);
  const driver = await neonDriver();
  return driver.neon({ url: parameters ? `${text}?${parameters}` : text });
}

async function planetscale({ url, token }: Address): Promise<Driver> {
  const web = /^planetscale\+http:/i.test(url) ? "http:" : "mysql:";
  const driver = await planetscaleDriver();
  return driver.planetscale({ url: withPassword(url, web, token) });
}

/**
 * Loads Neon's driver.
 *
 * @throws {NotSupported} when its client is not installed.
 */
export async function neonDriver(): Promise<typeof import("./postgres/neon.ts")> {
  const load = () => import("./postgres/neon.ts");
  return await withClient(load, "@neondatabase/serverless", "1.2.0");
}

/**
 * Loads PlanetScale's driver.
 *
 * @throws {NotSupported} when its client is not installed.
 */
export async function planetscaleDriver(): Promise<typeof import("./mysql/planetscale.ts")> {
  const load = () => import("./mysql/planetscale.ts");
  return await withClient(load, "@planetscale/database", "1.20.2");
}

function isHostOf({ url }: Address, vendor: RegExp): boolean {
  return vendor.test(parsed(url)?.hostname ?? "");
}

/** The URL under another scheme, with the password that was given beside the URL. */
function withPassword(text: string, scheme: string, token: string | undefined): string {
  const url = parsed(text.replace(/^[^:]*:/, scheme));
  if (!url) {
    throw new InvalidArgument(
      "Cannot use this URL: it must be scheme://user:password@host/database",
    );
  }
  if (token !== undefined) url.password = encodeURIComponent(token);
  return url.href;
}

/**
 * The URLs of a PostgreSQL of your own, `postgresql:` and `postgres:`, over the client pg, which is
 * loaded when it is used.
 *
 * A pool of up to ten connections, which are opened by requests, closed when they are idle, and all
 * closed by `stop()`. A connection whose request was aborted is closed, and so is one to a server
 * that has become read-only: the next one may lead to the new primary.
 *
 * It does not push (`guarantees.push` is `false`): a process that waits for a lease asks again after pauses.
 *
 * @module
 */

import type { Pool, PoolClient, PoolConfig } from "pg";
import { InvalidArgument } from "../../errors.ts";
import { refuse } from "../kit/check.ts";
import { Parameters } from "../kit/parameters.ts";
import { clientOf, type Connections, Sender } from "../kit/clients.ts";
import { parsed, type UrlParts } from "../kit/urls.ts";
import type { Driver } from "../driver.ts";
import { postgresError } from "./errors.ts";
import { postgres } from "./postgres.ts";
import type { PostgresQuery } from "./send.ts";

type Client = typeof import("pg");

/** What works where the client does not. */
const WAY = "give the option query, a function that sends statements through a client of yours";

/** A function that sends statements, and what closes its connections. */
export interface PostgresPool extends AsyncDisposable {
  /** Sends one statement. */
  readonly query: PostgresQuery;
}

/**
 * The driver of a URL. No error repeats a part of it.
 *
 * @throws {InvalidArgument} when it cannot be used, with what to change.
 * @throws {NotSupported} when pg is not installed.
 */
export async function postgresAt(address: UrlParts): Promise<Driver> {
  const pool = await postgresPool(address);
  return { ...postgres(pool.query), [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose]() };
}

/**
 * What sends statements to the server of a URL, for `migrate()`.
 *
 * @throws {InvalidArgument} when it cannot be used, with what to change.
 * @throws {NotSupported} when pg is not installed.
 */
export async function postgresPool(address: UrlParts): Promise<PostgresPool> {
  const settings = settingsOf(address);
  const { Pool } = await clientOf<Client>("pg", "8.23.1", WAY);
  const sender = new Sender<PoolClient>({
    name: "postgres",
    open: () => connectionsOf(new Pool(settings)),
    explain: (error) => postgresError("postgres", error),
    breaks,
    check:
      "check that a PostgreSQL server is at this host and port, and whether it wants TLS, which " +
      "sslmode=require in the URL asks for",
  });
  return {
    query: (text, params, signal) =>
      sender.send((client) => client.query<Record<string, unknown>>(text, params), signal),
    [Symbol.asyncDispose]: () => sender.close(),
  };
}

/** A SQLSTATE: the connection goes on after it, but for those of a server that goes down. */
const SERVERS = /^(?=.*\d)(?!08|57P0[1-5]|58|XX)[0-9A-Z]{5}$/;

/** Whether a connection that failed with this error must not be used again. */
export function breaks(error: unknown): boolean {
  const code = String(Object(error).code);
  return !SERVERS.test(code) || /25006|BT001/.test(code);
}

/** What a pool's connections are used by. */
export function connectionsOf(pool: Pool): Connections<PoolClient> {
  // A connection broke that has no request. The pool gives it to nobody any more; but the process would end,
  // if nobody listened: to the pool while the connection is idle, and to itself when it is not yet given back.
  pool.on("error", () => {});
  pool.on("connect", (client) => void client.on("error", () => {}));
  return {
    connect: () => pool.connect(),
    release: (client, broken) => client.release(broken),
    end: () => pool.end(),
  };
}

/**
 * What the client is made with.
 *
 * @throws {InvalidArgument} when the URL cannot be used, with what to change.
 */
export function settingsOf({ url, parameters, token }: UrlParts): PoolConfig {
  const target = parsed(url.replace(/^postgres:/i, "postgresql:"));
  if (!target || target.hash || !/^postgres(ql)?:\/\//i.test(url)) {
    throw new InvalidArgument(
      "Cannot use this postgresql: URL: it must be postgresql://user:password@host:port/database, " +
        "percent-encoded",
    );
  }
  if (target.hostname.includes(",")) {
    throw new InvalidArgument(
      "Cannot use this postgresql: URL: it names several hosts; give that of the primary, or a name " +
        "that leads to it",
    );
  }
  const given = new Parameters(parameters);
  if (given.text("channel_binding") === "require") {
    refuse("option channel_binding", "the client pg cannot insist on it; leave it out");
  }
  const [host, port, database] = ["host", "port", "dbname"].map((name) => given.text(name));
  const connections = given.number("connection_limit");
  const wait = given.number("connect_timeout");
  // Those of libpq that pg knows. What the others ask of a pool or a replica set, Baton does itself.
  const known = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "ssl",
    "options",
    "application_name",
  ];
  for (const name of [...known, "client_encoding"]) {
    const value = given.text(name);
    if (value !== undefined) target.searchParams.set(name, value);
  }
  // So pg takes these words, too, but it warns that another version will not check certificates.
  if (/^(prefer|require|verify-ca)$/.test(given.text("sslmode") ?? "")) {
    target.searchParams.set("sslmode", "verify-full");
  }
  if (host) target.searchParams.set("host", host);
  if (port) target.searchParams.set("port", port);
  if (database) target.pathname = `/${encodeURIComponent(database)}`;
  if (token !== undefined) target.password = encodeURIComponent(token);
  return {
    connectionString: target.href,
    fallback_application_name: "baton",
    // Before a request is given up, so that the error says why.
    connectionTimeoutMillis: wait ? Math.ceil(wait * 1_000) : 4_000,
    ...connections && { max: connections },
    // An idle connection keeps no process alive.
    allowExitOnIdle: true,
  };
}

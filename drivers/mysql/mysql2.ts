/**
 * The URLs of a MySQL or MariaDB of your own, `mysql:`, over the client mysql2, which is loaded when
 * it is used.
 *
 * A pool of up to ten connections, which are opened by requests and closed by `stop()`. A connection
 * whose request was aborted is closed, and so is one to a server that has become read-only: the next
 * one may lead to the new primary.
 *
 * It does not push (`guarantees.push` is `false`): a process that waits for a lease asks again after pauses.
 *
 * @module
 */

import type { Pool, PoolConnection, PoolOptions } from "mysql2/promise";
import { InvalidArgument } from "../../errors.ts";
import { refuse } from "../kit/check.ts";
import { Parameters } from "../kit/parameters.ts";
import { clientOf, type Connections, Sender } from "../kit/clients.ts";
import { decodedPart, parsed, type UrlParts } from "../kit/urls.ts";
import type { Driver } from "../driver.ts";
import { errnoOf, mysqlError } from "./errors.ts";
import { mysql } from "./mysql.ts";
import type { MysqlQuery } from "./send.ts";

type Client = typeof import("mysql2/promise");

/** What works where the client does not. */
const WAY = "give the option query, a function that sends statements through a client of yours";

/** A function that sends statements, and what closes its connections. */
export interface MysqlPool extends AsyncDisposable {
  /** Sends one statement. */
  readonly query: MysqlQuery;
}

/**
 * The driver of a URL. No error repeats a part of it.
 *
 * @throws {InvalidArgument} when it cannot be used, with what to change.
 * @throws {NotSupported} when mysql2 is not installed.
 */
export async function mysqlAt(address: UrlParts): Promise<Driver> {
  const pool = await mysqlPool(address);
  return { ...mysql(pool.query), [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose]() };
}

/**
 * What sends statements to the server of a URL, for `migrate()`.
 *
 * @throws {InvalidArgument} when it cannot be used, with what to change.
 * @throws {NotSupported} when mysql2 is not installed.
 */
export async function mysqlPool(address: UrlParts): Promise<MysqlPool> {
  const settings = settingsOf(address);
  const { createPool } = await clientOf<Client>("mysql2/promise", "3.24.6", WAY);
  const sender = new Sender<PoolConnection>({
    name: "mysql",
    open: () => connectionsOf(createPool(settings)),
    explain: (error) => mysqlError("mysql", error),
    breaks,
    check:
      "check that a MySQL server is at this host and port, and whether it wants TLS, which ssl=true in " +
      "the URL asks for",
  });
  return {
    query: (sql, _params, signal) => sender.send((connection) => connection.query(sql), signal),
    [Symbol.asyncDispose]: () => sender.close(),
  };
}

/** The server goes down or ends the connection; or it is read-only since a fail-over. */
const BREAKS = [1053, 1152, 1290, 1792, 1836, 1927, 3169, 4031];

/** Whether a connection that failed with this error must not be used again. */
export function breaks(error: unknown): boolean {
  const number = errnoOf(error);
  return !(number > 0) || BREAKS.includes(number);
}

/** What a pool's connections are used by. */
export function connectionsOf(pool: Pool): Connections<PoolConnection> {
  // The pool listens to the first error of a connection alone; a second one would end the process.
  pool.on("connection", (connection) => void connection.on("error", () => {}));
  return {
    async connect() {
      const connection = await pool.getConnection();
      streamOf(connection).ref?.();
      return connection;
    },
    release(connection, broken) {
      if (broken) return connection.destroy();
      // An idle connection keeps no process alive.
      streamOf(connection).unref?.();
      connection.release();
    },
    end: () => pool.end(),
  };
}

/** The socket, which the client's types do not have. */
function streamOf({ connection }: PoolConnection): { ref?(): void; unref?(): void } {
  return Object(Object(connection).stream);
}

/**
 * What the client is made with.
 *
 * @throws {InvalidArgument} when the URL cannot be used, with what to change.
 */
export function settingsOf({ url, parameters, token }: UrlParts): PoolOptions {
  const { username, password, hostname, port, pathname = "", hash } = parsed(url) ?? {};
  const given = new Parameters(parameters);
  const path = given.text("unix_socket");
  const [, database] = /^\/([^/]+)$/.exec(pathname) ?? [];
  if (!(hostname || path) || hash || !database || !/^mysql:\/\//i.test(url)) {
    throw new InvalidArgument(
      "Cannot use this mysql: URL: it must be mysql://user:password@host:port/database, percent-encoded",
    );
  }
  given.none(
    [
      "ssl_ca",
      "ssl_capath",
      "ssl_cert",
      "ssl_key",
      "ssl_cipher",
      "sslcert",
      "sslkey",
      "sslrootcert",
    ],
    "no files are read here; give the option query, a function that sends statements through a client " +
      "of yours",
  );
  const connections = given.number("connection_limit");
  const wait = given.number("connect_timeout");
  const user = decodedPart("user", username ?? "");
  const secret = token ?? decodedPart("password", password ?? "");
  const ssl = tlsOf(given);
  return {
    ...path
      ? { socketPath: path }
      : { host: hostname!.replace(/^\[(.*)\]$/, "$1"), ...port && { port: Number(port) } },
    database: decodedPart("database", database),
    ...user && { user },
    ...secret && { password: secret },
    ...ssl && { ssl },
    // Before a request is given up, so that the error says why.
    connectTimeout: wait ? Math.ceil(wait * 1_000) : 4_000,
    ...connections && { connectionLimit: connections },
  };
}

/** What the options of Tooz, of MySQL's own tools, Prisma, JDBC and PlanetScale say of TLS. */
function tlsOf(given: Parameters): { rejectUnauthorized: boolean } | undefined {
  const mode = given.text("ssl-mode") ?? given.text("sslmode");
  const json = /^\{\s*("rejectUnauthorized"\s*:\s*(true|false)\s*)?\}$/.exec(
    given.text("ssl") ?? "",
  );
  const asked = json ? true : given.flag("ssl") ?? given.flag("useSSL");
  const verify = given.flag("ssl_verify_mode");
  const identity = given.flag("ssl_check_hostname");
  const accept = given.text("sslaccept");
  if (
    mode !== undefined && !/^(disabled|preferred|required|verify_ca|verify_identity)$/i.test(mode)
  ) {
    refuse("option ssl-mode", "it is not one of MySQL's");
  }
  if (accept !== undefined && !/^(strict|accept_invalid_certs)$/.test(accept)) {
    refuse("option sslaccept", "it must be strict or accept_invalid_certs");
  }
  if (identity === false) {
    refuse("option ssl_check_hostname", "a certificate is checked as a whole; leave it out");
  }
  const wanted = asked ??
    (verify !== undefined || identity || accept || /^(required|verify)/i.test(mode ?? ""));
  if (!wanted) return undefined;
  const unchecked = json?.[2] === "false" || verify === false || accept === "accept_invalid_certs";
  return { rejectUnauthorized: !unchecked };
}

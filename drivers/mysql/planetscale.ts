/**
 * The transport for PlanetScale's MySQL, over `@planetscale/database`: each statement is one HTTPS
 * request in a session of its own, sent once.
 *
 * A commit is acknowledged once a replica has it too, so a lease survives the loss of a machine. What
 * it does **not** promise: that nobody reads from a primary that does not know yet that it is one no
 * longer. A branch with safe migrations takes no DDL directly: deploy the table of
 * `./schema.ts`. Connect with a password for the primary, not for replicas.
 *
 * @module
 */

import { Client } from "@planetscale/database";
import { checkFunction, refuse } from "../kit/check.ts";
import { checkOptions } from "../kit/options.ts";
import { checkGiven } from "../kit/slips.ts";
import { noStore } from "../kit/no_store.ts";
import { isLoopback } from "../kit/urls.ts";
import type { Driver, Guarantees } from "../driver.ts";
import { mysql, type MysqlOptions } from "./mysql.ts";
import type { MysqlQuery } from "./send.ts";

/** Where the database is, and who we are to it: a URL, or its parts. */
export interface PlanetscaleOptions extends MysqlOptions {
  /** `mysql://username:password@host/database` (`DATABASE_URL`), percent-encoded; or `https:`. */
  url?: string | undefined;
  /** The host (`DATABASE_HOST`), when there is no URL. */
  host?: string | undefined;
  /** The user name as it is (`DATABASE_USERNAME`). */
  username?: string | undefined;
  /** The password as it is (`DATABASE_PASSWORD`). */
  password?: string | undefined;
}

/** The part of an existing client or connection that {@link planetscaleClient} needs. */
export interface PlanetscaleClient {
  /** Sends one statement. */
  execute(sql: string): Promise<{
    headers: string[];
    rows: Record<string, unknown>[] | unknown[];
    insertId: string;
    rowsAffected: number;
    /** In ms. */
    time: number;
  }>;
}

/**
 * Makes the driver from a URL or from its parts.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { planetscale } from "@baton/baton/drivers/planetscale";
 *
 * declare const env: { DATABASE_URL: string };
 * const baton = new Coordinator(planetscale({ url: env.DATABASE_URL }));
 * ```
 * @throws {InvalidArgument} when host or credentials cannot be right; they are not repeated.
 */
export function planetscale(options: PlanetscaleOptions): Driver {
  checkOptions(options, "url host username password name table");
  const { name, table, ...account } = options;
  return driver(planetscaleQuery(account), { name, table });
}

/**
 * Makes the driver over a client that you already have. Give it a `Client`, which makes a session for
 * each call: calls at once on one `Connection` share a session. It has no signal per call, so an
 * aborted call goes on in the background.
 *
 * @example
 * ```ts ignore
 * const driver = planetscaleClient(new Client({ url: env.DATABASE_URL }));
 * ```
 * @throws {InvalidArgument} when it is no such client.
 */
export function planetscaleClient(client: PlanetscaleClient, options: MysqlOptions = {}): Driver {
  checkFunction("PlanetScale client's execute", client?.execute);
  return driver(queryOf(() => client), options);
}

/**
 * What sends a statement to PlanetScale, for `migrate()`.
 *
 * @throws {InvalidArgument} when host or credentials cannot be right; they are not repeated.
 */
export function planetscaleQuery(
  options: Pick<PlanetscaleOptions, "url" | "host" | "username" | "password">,
): MysqlQuery {
  checkOptions(options, "url host username password");
  const { protocol, ...account } = addressOf(options);
  return queryOf((signal) =>
    // A client for each call, for its settings are its only way to take a signal.
    new Client({
      ...account,
      fetch: (url, init) => {
        // The client forbids caching even where that is not known. A redirect would carry the
        // statement, and with it the ids of leases, to another origin.
        const { cache: _, ...known } = init as RequestInit;
        return fetch(String(url).replace("https:", protocol), {
          ...known,
          ...noStore(),
          redirect: "manual",
          signal: signal ?? null,
        });
      },
    })
  );
}

function driver(query: MysqlQuery, { name = "planetscale", ...rest }: MysqlOptions): Driver {
  const driver = mysql(query, { name, ...rest });
  const guarantees: Guarantees = { ...driver.guarantees, durability: "replicas" };
  return { ...driver, guarantees };
}

function queryOf(client: (signal?: AbortSignal) => PlanetscaleClient): MysqlQuery {
  return async (sql, _params, signal) => {
    const { headers, rows, insertId, rowsAffected, time } = await client(signal).execute(sql)
      .catch((error) => {
        // An error that its client makes of a garbled answer is not a slip of the user's.
        throw error instanceof TypeError ? new Error(error.message, { cause: error }) : error;
      });
    // The client takes any JSON for an answer that took no time, counts nothing and has no rows.
    if (!time || (!headers.length && /^\(?select/.test(sql))) throw new TypeError();
    return { rows: rows as Record<string, unknown>[], insertId, rowsAffected };
  };
}

interface Address {
  readonly protocol: string;
  readonly host: string;
  readonly username: string;
  readonly password: string;
}

type Parts = Partial<Record<keyof Address, string | undefined>>;

/** Where and who, decoded: the client would send percent-encoded credentials as they are. */
function addressOf({ url, ...parts }: PlanetscaleOptions): Address {
  // Either of the two forms; the parts may also have been read from the environment.
  if (!parts.host) checkGiven("PlanetScale URL", url, "DATABASE_URL");
  const address: Parts = url === undefined
    ? { protocol: "https:", ...parts }
    : partsOf(String(url));
  const { protocol, username, password } = address;
  const host = address.host ?? "";
  if (
    !/^[\w.:[\]-]+$/.test(host) || (protocol === "http:" && !isLoopback(host)) ||
    ![username, password].every((text) => /^[ -~]+$/.test(text ?? ""))
  ) {
    refuse(
      "PlanetScale URL",
      "it must be mysql://username:password@host/db, percent-encoded; http: is for this machine only",
    );
  }
  return address as Address;
}

function partsOf(text: string): Parts {
  try {
    const { protocol, hostname, host, username, password } = new URL(text);
    const mysql = protocol === "mysql:";
    if (!mysql && !/^https?:/.test(protocol)) return {};
    return {
      protocol: mysql ? "https:" : protocol,
      // MySQL's own port is not that of the HTTP API.
      host: mysql ? hostname : host,
      username: decodeURIComponent(username),
      password: decodeURIComponent(password),
    };
  } catch {
    // The error would repeat it.
    return {};
  }
}

/**
 * Which driver each URL scheme means, loaded when it is asked for.
 *
 * @module
 */

import { codeOf, InvalidArgument } from "../errors.ts";
import type { Driver } from "./driver.ts";
import type { MysqlQuery } from "./mysql/send.ts";
import type { PostgresQuery } from "./postgres/send.ts";

/** A URL without Baton's options. */
export interface Address {
  /** All before the `?`, as it was given. It may hold a credential: no error should repeat it. */
  readonly url: string;
  /** The vendor's own options after the `?`, such as `sslmode=require`. */
  readonly parameters?: string | undefined;
  /** The credential that was given beside the URL; it goes before one in the URL. */
  readonly token?: string | undefined;
  /** What sends statements, where the URL's scheme needs that. */
  readonly query?: PostgresQuery | MysqlQuery | undefined;
}

/** Makes the driver of a scheme. It should not connect: the first request does. */
export type SchemeLoader = (address: Address) => Driver | Promise<Driver>;

/** Options that vendors and other libraries put into a database's URL. */
export const VENDOR_OPTIONS: ReadonlySet<string> = new Set([
  ...["sslmode", "sslrootcert", "sslcert", "sslkey", "sslaccept", "ssl", "ssl-mode", "useSSL"],
  ...["channel_binding", "options", "application_name", "target_session_attrs", "client_encoding"],
  ...["connect_timeout", "connection_limit", "pool_timeout", "pgbouncer", "charset", "timezone"],
]);

/** Schemes whose URLs may have {@link VENDOR_OPTIONS}. */
export const DATABASES: ReadonlySet<string> = new Set(
  ["neon", "postgres", "postgresql", "mysql", "planetscale", "planetscale+http"],
);

/** The schemes that Baton knows. */
export const SCHEMES: Readonly<Record<string, SchemeLoader>> = {
  memory: async ({ url }) => {
    // A name to share it by would need a table that all code of this process shares.
    if (!/^memory:(\/\/)?$/i.test(url)) {
      throw new InvalidArgument(
        "Cannot use this memory: URL: it takes no name, for each is a backend of its own. To share " +
          "one, give schemes: { memory: () => backend }",
      );
    }
    return (await import("./memory.ts")).memory();
  },
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
  neon: (address) => neon(address),
  // As vendors hand it out. Another server's is not reached by HTTPS, but by its own client.
  postgres,
  postgresql: postgres,
  planetscale: (address) => planetscale(address),
  "planetscale+http": (address) => planetscale(address),
  mysql,
};

async function upstash({ url, token }: Address): Promise<Driver> {
  const { protocol, username, password, host, pathname, hash } = parsed(url) ?? {};
  // The rest of a token that has one of these in it would be taken for all of these.
  if (!host || (pathname !== "" && pathname !== "/") || hash) {
    throw new InvalidArgument(
      "Cannot use this upstash: URL: it must be upstash://:TOKEN@host, and /, ?, # and % of the " +
        "token must be percent-encoded; or leave the token out and give it as the option token",
    );
  }
  const driver = await import("./redis/upstash.ts");
  const web = protocol === "upstash+http:" ? "http" : "https";
  return driver.upstash({
    url: `${web}://${host}`,
    token: token ?? decoded(password || username || ""),
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new InvalidArgument("Cannot use the token of this URL: its percent-encoding is broken");
  }
}

async function postgres(address: Address): Promise<Driver> {
  // Neon's client also speaks to PlanetScale Postgres.
  if (isHostOf(address, /\.(neon\.(tech|build)|psdb\.cloud)$/)) return await neon(address);
  const query = queryOf(address, "postgresql:", "the pg package's") as PostgresQuery;
  return (await import("./postgres/postgres.ts")).postgres(query);
}

async function mysql(address: Address): Promise<Driver> {
  if (isHostOf(address, /\.psdb\.cloud$/)) return await planetscale(address);
  const query = queryOf(address, "mysql:", "mysql2's") as MysqlQuery;
  return (await import("./mysql/mysql.ts")).mysql(query);
}

async function neon({ url, parameters, token }: Address): Promise<Driver> {
  const text = withPassword(url, "postgresql:", token);
  const driver = await import("./postgres/neon.ts");
  return driver.neon({ url: parameters ? `${text}?${parameters}` : text });
}

async function planetscale({ url, token }: Address): Promise<Driver> {
  const web = /^planetscale\+http:/i.test(url) ? "http:" : "mysql:";
  const driver = await import("./mysql/planetscale.ts");
  return driver.planetscale({ url: withPassword(url, web, token) });
}

/** `URL.parse()`, which Node has from 22.1 on. */
function parsed(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function isHostOf({ url, query }: Address, vendor: RegExp): boolean {
  return query === undefined && vendor.test(parsed(url)?.hostname ?? "");
}

function queryOf({ query }: Address, scheme: string, example: string): unknown {
  if (query) return query;
  throw new InvalidArgument(
    `Cannot use this ${scheme} URL: its host is none that Baton reaches by HTTPS. Give the option ` +
      `query, a function that sends a statement through ${example} client`,
  );
}

/** The URL under another scheme, with the password that was given beside it. */
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

/**
 * The transport for Neon, and for PlanetScale Postgres, over `@neondatabase/serverless`: one HTTPS
 * request per `apply`, sent once.
 *
 * A commit is acknowledged once a majority of Neon's safekeepers have it, so a lease survives the
 * loss of a machine. What it does **not** promise: anything on a read replica (it refuses to work on
 * one), and the first request after the compute has slept takes some hundred milliseconds longer.
 *
 * Its price: any request within five minutes keeps the compute awake. A lease renewed all the time
 * costs 0.25 CU × 730 h a month, about $19 on the Launch plan in 2026; a cron slot an hour costs
 * five minutes of compute each. README.md says how to choose a ttl that lets it sleep.
 *
 * @module
 */

import { neon as connect } from "@neondatabase/serverless";
import { checkFunction, refuse } from "../kit/check.ts";
import { checkOptions } from "../kit/options.ts";
import { checkGiven } from "../kit/slips.ts";
import { noStore } from "../kit/no_store.ts";
import type { Driver, Guarantees } from "../driver.ts";
import { postgres, type PostgresOptions } from "./postgres.ts";
import type { PostgresQuery } from "./send.ts";

/** Where the database is, and who we are to it. */
export interface NeonOptions extends PostgresOptions {
  /** The connection string, `postgresql://user:password@….neon.tech/db` (`DATABASE_URL`). */
  url: string;
}

/** The part of an existing `neon()` client that {@link neonClient} needs. */
export interface NeonClient {
  /** Sends one statement; what it answers is sent once for each time it is awaited. */
  query(
    text: string,
    params: unknown[],
    options: { arrayMode: false; fullResults: false; fetchOptions: Record<string, unknown> },
  ): PromiseLike<Record<string, unknown>[]>;
}

/**
 * Makes the driver from a connection string. Each `apply` is one request, sent once.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { neon } from "@baton/baton/drivers/neon";
 *
 * declare const env: { DATABASE_URL: string };
 * const baton = new Coordinator(neon({ url: env.DATABASE_URL }));
 * ```
 * @throws {InvalidArgument} when the URL cannot be right; it is not repeated.
 */
export function neon(options: NeonOptions): Driver {
  checkOptions(options, "url name schema");
  const { url, ...rest } = options;
  return driver(neonQuery(url), rest);
}

/**
 * Makes the driver over a `neon()` client that you already have.
 *
 * @example
 * ```ts ignore
 * const driver = neonClient(neon(env.DATABASE_URL));
 * ```
 * @throws {InvalidArgument} when it is no such client; one of before version 1.0 is not.
 */
export function neonClient(client: NeonClient, options: PostgresOptions = {}): Driver {
  checkFunction(
    "neon client's query",
    client?.query,
    "; it takes @neondatabase/serverless 1.0 or later",
  );
  return driver(queryOf(client, []), options);
}

/**
 * What sends a statement to Neon, for `migrate()`.
 *
 * @throws {InvalidArgument} when the URL cannot be right; it is not repeated.
 */
export function neonQuery(url: string): PostgresQuery {
  checkGiven("connection string", url, "DATABASE_URL");
  // The client checks it only when it sends, and then repeats it, password and all.
  const { protocol, username, password, hostname, pathname }: Partial<URL> = URL.canParse(url)
    ? new URL(url)
    : {};
  if (
    !/^postgres(ql)?:/.test(protocol ?? "") || !username || !hostname || !/\/./.test(pathname!)
  ) {
    refuse("connection string", "it must be postgresql://user:password@host/database");
  }
  const client = connect(url, { disableWarningInBrowsers: true });
  return queryOf(client, secretsOf(url, username, password ?? ""));
}

function driver(query: PostgresQuery, { name = "neon", ...rest }: PostgresOptions): Driver {
  const driver = postgres(query, { name, ...rest });
  const guarantees: Guarantees = {
    ...driver.guarantees,
    consistency: "linearizable",
    durability: "replicas",
  };
  return { ...driver, guarantees };
}

function queryOf(client: NeonClient, secrets: readonly string[]): PostgresQuery {
  return async (text, params, signal) => {
    try {
      // Awaited here and never handed on: the client sends once more for every `then`.
      return await client.query(text, params, {
        arrayMode: false,
        fullResults: false,
        // The connection string is a header, and fetch would take it along to another origin.
        fetchOptions: { redirect: "manual", ...noStore(), ...(signal && { signal }) },
      });
    } catch (error) {
      throw withoutSecrets(error, secrets);
    }
  };
}

/** What no error may repeat: the connection string, and user and password in every form. */
function secretsOf(url: string, user: string, password: string): string[] {
  const forms = (text: string) => [text, decoded(text), encodeURIComponent(decoded(text))];
  // A user's name is taken for one only where it is quoted, for it may be a common word.
  const users = forms(user).flatMap((name) => [`"${name}"`, `'${name}'`]);
  return [url, ...forms(`${user}:${password}`), ...forms(password), ...users].filter(Boolean);
}

/** An error that does not repeat a secret, whatever a server or proxy put into it. */
function withoutSecrets(error: unknown, secrets: readonly string[]): unknown {
  const { message, code, sourceError } = error as { code?: unknown; sourceError?: unknown } & Error;
  const text = error instanceof SyntaxError
    ? "it is not JSON"
    // What is not the database's own answer may be our request sent back, in any encoding.
    : String(message).replace(/(HTTP status \d+\)).*/s, "$1").replace(
      /postgres(ql)?:\/\/\S+/g,
      "…",
    );
  // Neon's proxy refuses a password by itself, before the database, and with no SQLSTATE.
  const refused = /^password authentication failed for user /.test(text);
  return Object.assign(
    new Error(secrets.reduce((text, each) => text.replaceAll(each, "…"), text)),
    {
      code: code ?? (refused ? "28P01" : undefined),
      sourceError,
    },
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Leases in Turso and in any libSQL server, over HTTPS by plain `fetch`: one request and one transaction for
 * each `apply`. It needs no package. `./libsql.ts` takes a client that you already have.
 *
 * The server's clock decides when a lease ends. An acknowledged lease is on disk; Turso Cloud says that it
 * is in its object storage by then. What it does **not** promise: anything on an embedded replica, or in a
 * group whose primary has moved, where leases acknowledged last can be forgotten. An answer of more than 32
 * MiB is not read.
 *
 * The tables come from `./migration.ts`: run `npx baton-schema sqlite --apply` once, or
 * `migrate(tursoQuery({ url, authToken }))`.
 *
 * @module
 */

import type { Driver } from "../driver.ts";
import { refuse } from "../kit/check.ts";
import { checkOptions } from "../kit/options.ts";
import { checkGiven } from "../kit/slips.ts";
import { checkToken, secureUrl } from "../kit/urls.ts";
import { batchDriver } from "./batch.ts";
import { LIBSQL } from "./guarantees.ts";
import { hranaSender } from "./hrana.ts";
import type { SqliteBatch } from "./send.ts";

export type { SqliteAnswer, SqliteBatch, SqliteRows, SqliteStatement } from "./send.ts";

/** Where the database is, and the token for it. */
export interface TursoOptions {
  /** The driver's name in messages and traces. Default: `"turso"`. */
  name?: string | undefined;
  /**
   * The URL, `libsql://….turso.io` (`TURSO_DATABASE_URL`), or one with `https:`; `http:` only for
   * loopback.
   */
  url: string;
  /** The token (`TURSO_AUTH_TOKEN`). Default: none, for a server that asks for none. */
  authToken?: string | undefined;
}

/**
 * Makes the driver from a URL and a token. Each `apply` is one request, sent once.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { turso } from "@baton/baton/drivers/turso";
 *
 * declare const env: { TURSO_DATABASE_URL: string; TURSO_AUTH_TOKEN: string };
 * const driver = turso({ url: env.TURSO_DATABASE_URL, authToken: env.TURSO_AUTH_TOKEN });
 * const baton = new Coordinator(driver);
 * ```
 * @throws {InvalidArgument} when the URL or the token cannot be right.
 */
export function turso(options: TursoOptions): Driver {
  const send = tursoQuery(options);
  return batchDriver({ name: options.name ?? NAME, guarantees: LIBSQL, counts: "batch", send });
}

/**
 * What sends statements to Turso, for `migrate()` and `migrateSqliteFences()`.
 *
 * @throws {InvalidArgument} when the URL or the token cannot be right.
 */
export function tursoQuery(options: TursoOptions): SqliteBatch {
  checkOptions(options, "url authToken name");
  const { url, authToken: token, name = NAME } = options;
  checkGiven("URL", url, "TURSO_DATABASE_URL");
  if (token !== undefined) checkToken(token);
  return hranaSender({ name, url: checkedUrl(url), token });
}

const NAME = "turso";

/** The URL for `fetch`, without a path. No message repeats it, for it may hold a token. */
function checkedUrl(text: string): string {
  const url = secureUrl(String(text).replace(/^(libsql|turso):/i, "https:"));
  if (url?.pathname !== "/") {
    refuse(
      "URL",
      "it must be libsql://HOST alone, as TURSO_DATABASE_URL is, and the token be given as authToken; " +
        "http: is for this machine only",
    );
  }
  return url.origin;
}

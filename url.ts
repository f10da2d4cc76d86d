/**
 * Makes a coordinator from a URL, as Tooz does. The scheme names the driver, which is loaded on
 * demand.
 *
 * | URL                             | backend                                                        |
 * | ------------------------------- | -------------------------------------------------------------- |
 * | `memory:`                       | a new one in this process's memory, for this coordinator alone |
 * | `zake:`                         | this process's memory, which all share that use it, for tests  |
 * | `file:./baton.db`, `file:///…`  | a SQLite file, which `stop()` closes                           |
 * | `ipc:NAME`, `ipc://`            | all processes of this user on this host that use that name     |
 * | `browser:NAME`                  | the tabs and workers of this origin that use that name         |
 * | `upstash://:TOKEN@host`         | Upstash at `https://host`                                      |
 * | `upstash+http://:TOKEN@host`    | the same at `http://host`, which must be this machine          |
 * | `neon://user:PASSWORD@host/db`  | Neon; so is `postgresql://…neon.tech/…`, pasted as it comes    |
 * | `planetscale://user:PASSWORD@…` | PlanetScale; so is `mysql://…psdb.cloud/…`, pasted as it comes |
 * | `redis://user:PASSWORD@host/0`  | any Redis, over ioredis; `rediss:` with TLS                    |
 * | `postgresql:`, `postgres:`      | any other PostgreSQL, over pg                                  |
 * | `mysql://user:PASSWORD@host/db` | any other MySQL or MariaDB, over mysql2                        |
 * | `etcd://host:2379,host:2379`    | etcd, at these members; `etcd+https:` with TLS                 |
 * | `libsql://host?authToken=TOKEN` | Turso or libSQL at `https://host`; also `turso:`               |
 * | `s3://ID:SECRET@BUCKET/KEY`     | an object of S3; `?region=R`, `?endpoint=https://HOST`         |
 * | `kubernetes://:TOKEN@HOST/NS/N` | the Lease object `N` of Kubernetes' namespace `NS`             |
 * | `memcached://host:11211/KEY`    | the item `KEY` of a memcached; `user:PASSWORD@` before it      |
 * | `deno-kv:./leases.db`           | Deno KV in a file; `deno-kv:` in memory                        |
 * | `consul://:TOKEN@host:8500`     | Consul at `http://host:8500`; `consul+https:` for TLS          |
 * | `zookeeper://host:2181,host/x`  | ZooKeeper at these servers, below the node `/x`; also `kazoo:` |
 *
 * Options follow a `?`. Those of Tooz are in **seconds**: `timeout` (how long every lease lives,
 * default: 30), `membership_timeout`, `lock_timeout` and `leader_timeout`. Our own are in
 * **milliseconds**: `ttl`, `membershipTtl`, `lockTtl` and `leaderTtl`, which mean the same; and
 * `heartbeatInterval` and `requestTimeout`. `namespace` is a name.
 *
 * `redis:`, `postgresql:` and `mysql:` open connections, through a client that npm installs only if
 * you ask for it: `npm install ioredis`, `pg` or `mysql2`. It is loaded when a URL needs it, and
 * `stop()` closes what it has opened. Their URLs take the options of Tooz, and of the vendors: see
 * `docs/coordinators.md`.
 *
 * A URL with a token is a secret. No error of this module repeats any part of one.
 *
 * @module
 */

import { type Characteristic, requireCharacteristics } from "./drivers/characteristics.ts";
import { Coordinator } from "./coordination/coordinator.ts";
import { internalsOf } from "./coordination/internals.ts";
import type { CoordinatorOptions } from "./coordination/options.ts";
import { checkOptions, nearest } from "./drivers/kit/options.ts";
import { reopening } from "./drivers/kit/reopening.ts";
import { checkGiven } from "./drivers/kit/slips.ts";
import { InvalidArgument } from "./errors.ts";
import type { Driver } from "./drivers/driver.ts";
import { type SchemeLoader, SCHEMES, type SqlQuery, vendorOptions } from "./drivers/schemes.ts";

export type { Address, SchemeLoader, SqlQuery } from "./drivers/schemes.ts";
export type { UrlParts } from "./drivers/kit/urls.ts";

/**
 * Options of {@link getCoordinator}. They take precedence over those in the URL. Durations are in
 * ms.
 */
export interface UrlOptions extends Omit<CoordinatorOptions, "memberId"> {
  /** The token or password, if it should not be in the URL: `upstash://host` and this. */
  token?: string | undefined;
  /** What the driver must promise. It is checked before anything is connected. */
  characteristics?: Iterable<Characteristic> | undefined;
  /**
   * A function that sends statements to the database of a `postgresql:` or `mysql:` URL, such as
   * `(text, params) => pool.query(text, params)` with a pool of `pg` or of mysql2; see `postgres()`
   * and `mysql()`. Baton itself does not use such a URL or its password then. Default: Baton opens a
   * pool of its own.
   */
  query?: SqlQuery | undefined;
  /** More schemes, or replacements of ours. Names are in lower case, without `:`. */
  schemes?: Readonly<Record<string, SchemeLoader>> | undefined;
}

/** What each option in a URL sets, and how many ms its unit has; 0 for a text. */
const OPTIONS: Readonly<Record<string, readonly [keyof CoordinatorOptions, number]>> = {
  timeout: ["ttl", 1_000],
  membership_timeout: ["membershipTtl", 1_000],
  lock_timeout: ["lockTtl", 1_000],
  leader_timeout: ["leaderTtl", 1_000],
  namespace: ["namespace", 0],
  ttl: ["ttl", 1],
  membershipTtl: ["membershipTtl", 1],
  lockTtl: ["lockTtl", 1],
  leaderTtl: ["leaderTtl", 1],
  heartbeatInterval: ["heartbeatInterval", 1],
  requestTimeout: ["timeout", 1],
};

/** For those that paste a URL that a vendor or a server shows. */
const WAYS_OUT: Readonly<Record<string, string>> = {
  https:
    "Write an Upstash REST URL with upstash: instead of https:, and give its token as the option token",
  http:
    "Write an Upstash REST URL of this machine with upstash+http: instead of http:, and give its token " +
    "as the option token",
  sqlite: "Write a SQLite file as file:./baton.db",
};

/**
 * Makes a coordinator from a URL. It makes no request; `start()` or the first call does.
 *
 * The options in the URL are those listed above. If one is there twice, the last counts. Those in
 * `options` take precedence.
 *
 * @example
 * ```ts
 * import { getCoordinator } from "@baton/baton/url";
 *
 * const baton = await getCoordinator("memory:?lock_timeout=10", "fra-1");
 * await using lease = await baton.getLock("account:42").hold();
 * ```
 * @example From the variables that Upstash shows:
 * ```ts ignore
 * const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = env;
 * const baton = await getCoordinator(url.replace("https:", "upstash:"), "fra-1", { token });
 * ```
 * @throws {InvalidArgument} when the scheme or an option is unknown, or cannot work.
 * @throws {NotSupported} when the client that the URL needs is not installed.
 * @throws {DriverChosenPoorly} when the driver lacks a characteristic.
 */
export async function getCoordinator(
  url: string | URL,
  memberId?: string,
  options: UrlOptions = {},
): Promise<Coordinator> {
  checkOptions(
    options,
    "token query characteristics schemes namespace ttl lockTtl leaderTtl membershipTtl heartbeatInterval timeout subrequests clocks on runtime",
  );
  const { token, query, characteristics = [], schemes, ...rest } = options;
  checkGiven("URL", url, "its variable of the environment");
  const [address = "", search] = splitOnce(String(url), "?");
  const known = { ...SCHEMES, ...schemes };
  const [name, place] = splitOnce(address, ":");
  const scheme = place === undefined ? "" : name.toLowerCase();
  // Only its own properties: every object has a "constructor".
  const load = Object.hasOwn(known, scheme) ? known[scheme] : undefined;
  if (!load) {
    const names = Object.keys(known);
    const way = Object.hasOwn(WAYS_OUT, scheme)
      ? `. ${WAYS_OUT[scheme]}`
      : place?.startsWith("//")
      ? `. Did you mean ${nearest(scheme, names)}:?`
      : "";
    throw new InvalidArgument(
      `Cannot use this URL: it must begin with one of ${
        names.map((each) => `${each}:`).join(", ")
      }${way}`,
    );
  }
  const { settings, parameters } = optionsIn(search, vendorOptions(scheme));
  const driver = await load({ url: address, ...given({ parameters, token, query }) });
  // Nobody else could close what is opened here.
  const owned = driver[Symbol.asyncDispose] && reopening(driver as Driver & AsyncDisposable);
  try {
    requireCharacteristics(driver, characteristics);
    const baton = new Coordinator(owned ?? driver, {
      ...settings,
      ...given(rest),
      ...given({ memberId }),
    });
    internalsOf(baton).owned = owned;
    return baton;
  } catch (error) {
    // Some drivers open a file when they are made. The caller is told why there is no coordinator, whatever
    // becomes of that.
    await owned?.[Symbol.asyncDispose]().catch(() => {});
    throw error;
  }
}

/**
 * The settings that a URL's options make, and the options of its backend's own. It refuses all others.
 * (Tooz ignores them, even typos.)
 */
function optionsIn(
  search: string | undefined,
  vendors: ReadonlySet<string>,
): { settings: CoordinatorOptions; parameters: string | undefined } {
  const settings: Record<string, string | number> = {};
  const parameters = new URLSearchParams();
  let position = 0;
  for (const [name, value] of new URLSearchParams(search)) {
    position++;
    if (vendors.has(name)) {
      parameters.append(name, value);
      continue;
    }
    const [target, unit] = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] ?? [] : [];
    if (!target || unit === undefined) {
      // Not by its name: if a token has a "?" in it, the name is a part of the token.
      throw new InvalidArgument(
        `Cannot use option ${position} of this URL: it is not one of ${
          Object.keys(OPTIONS).join(", ")
        }`,
      );
    }
    if (unit > 0 && !/^\d+(\.\d+)?$/.test(value)) {
      throw new InvalidArgument(
        `Cannot use ${name} of this URL: it must be a number of ${
          unit === 1 ? "milliseconds" : "seconds"
        }`,
      );
    }
    settings[target] = unit > 0 ? Math.round(Number(value) * unit) : value;
  }
  return { settings, parameters: parameters.size > 0 ? `${parameters}` : undefined };
}

function splitOnce(text: string, separator: string): [before: string, after?: string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** The options without those that are `undefined`. */
function given<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as { [K in keyof T]: Exclude<T[K], undefined> };
}

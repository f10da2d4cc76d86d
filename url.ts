/**
 * A coordinator from a URL, as in Tooz: the scheme names the driver, which is loaded on demand.
 *
 * | URL                             | backend                                                        |
 * | ------------------------------- | -------------------------------------------------------------- |
 * | `memory:`                       | a new one in this process's memory, for this coordinator alone |
 * | `file:./baton.db`, `file:///…`  | a SQLite file, which stays open until the process ends         |
 * | `upstash://:TOKEN@host`         | Upstash at `https://host`                                      |
 * | `upstash+http://:TOKEN@host`    | the same at `http://host`, which must be this machine          |
 *
 * Options follow a `?`. Tooz's are in **seconds**: `timeout` (of every lease, 30 unless given),
 * `membership_timeout`, `lock_timeout`, `leader_timeout`; so is `namespace`, a name. Our own are in
 * **milliseconds** and say the same: `ttl`, `membershipTtl`, `lockTtl`, `leaderTtl`; and
 * `heartbeatInterval`, `requestTimeout`.
 *
 * A URL with a token is a secret. No error of this module repeats any part of one.
 *
 * @module
 */

import { type Characteristic, requireCharacteristics } from "./coordination/characteristics.ts";
import { Coordinator } from "./coordination/coordinator.ts";
import type { CoordinatorOptions } from "./coordination/core.ts";
import { CoordinationError, InvalidArgument } from "./coordination/errors.ts";
import type { Driver } from "./drivers/driver.ts";

/** A URL without its options. */
export interface Address {
  /** All before the `?`, as it was given. It may hold a credential: no error should repeat it. */
  readonly url: string;
  /** The credential that was given beside the URL; it goes before one in the URL. */
  readonly token?: string;
}

/** Makes the driver of a scheme. It should not connect: the first request does. */
export type SchemeLoader = (address: Address) => Driver | Promise<Driver>;

/** Options of {@link getCoordinator}: they go before those in the URL. Durations are in ms. */
export interface UrlOptions extends Omit<CoordinatorOptions, "memberId"> {
  /** The credential, where it should not be in the URL: `upstash://host` and this. */
  token?: string;
  /** What the driver must have, as far as it can be told; checked before anything is connected. */
  characteristics?: Iterable<Characteristic>;
  /** More schemes, or others in the place of ours; names are in lower case, without `:`. */
  schemes?: Readonly<Record<string, SchemeLoader>>;
}

/** What each option in a URL sets, and how many ms one of its units is; 0 for text. */
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

const SCHEMES: Readonly<Record<string, SchemeLoader>> = {
  memory: async ({ url }) => {
    // A name to share it by would need a table that all code of this process shares.
    if (!/^memory:(\/\/)?$/i.test(url)) {
      throw new InvalidArgument(
        "Cannot use this memory: URL: it takes no name, for each is a backend of its own. To share " +
          "one, give schemes: { memory: () => backend }",
      );
    }
    return (await import("./drivers/memory.ts")).memory();
  },
  file: async ({ url }) => {
    const { sqlite } = await import("./drivers/sqlite.ts");
    try {
      return sqlite(url.replace(/^file:/i, "file:"));
    } catch (error) {
      if (error instanceof CoordinationError) throw error;
      // The URL parser's own error repeats what it has parsed.
      throw new InvalidArgument("Cannot use this file: URL: it does not name a file of this host");
    }
  },
  upstash,
  "upstash+http": upstash,
};

/**
 * Makes a coordinator from a URL. No request: `start()`, or whatever comes first, makes that.
 *
 * The options in the URL are those listed above; of one that is there twice, the last counts. Those
 * in `options` go before them.
 *
 * @example
 * ```ts
 * import { getCoordinator } from "@baton/baton/url";
 *
 * const baton = await getCoordinator("memory:?lock_timeout=10", "fra-1");
 * await using lease = await baton.getLock("account:42").hold();
 * ```
 * @example From the variables that Upstash gives:
 * ```ts ignore
 * const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = env;
 * const baton = await getCoordinator(url.replace("https:", "upstash:"), "fra-1", { token });
 * ```
 * @throws {InvalidArgument} when the scheme or an option is not known, or cannot work.
 * @throws {DriverChosenPoorly} when the driver lacks a characteristic.
 */
export async function getCoordinator(
  url: string | URL,
  memberId?: string,
  options: UrlOptions = {},
): Promise<Coordinator> {
  const { token, characteristics = [], schemes, ...rest } = options;
  const [address = "", query] = splitOnce(String(url), "?");
  const settings = { ...settingsIn(query), ...given(rest), ...given({ memberId }) };
  const known = { ...SCHEMES, ...schemes };
  const scheme = address.slice(0, Math.max(0, address.indexOf(":"))).toLowerCase();
  // Own ones only: every object has a "constructor".
  const load = Object.hasOwn(known, scheme) ? known[scheme] : undefined;
  if (!load) {
    throw new InvalidArgument(
      `Cannot use this URL: it must begin with one of ${
        Object.keys(known).map((each) => `${each}:`).join(", ")
      }`,
    );
  }
  const driver = await load({ url: address, ...given({ token }) });
  requireCharacteristics(driver, characteristics);
  return new Coordinator(driver, settings);
}

/** What the options in a URL set. Unknown ones are refused: Tooz ignores them, typos and all. */
function settingsIn(query: string | undefined): CoordinatorOptions {
  const settings: Record<string, string | number> = {};
  let position = 0;
  for (const [name, value] of new URLSearchParams(query)) {
    position++;
    const [target, unit] = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] ?? [] : [];
    if (!target || unit === undefined) {
      // Not by its name: where a token has a "?" in it, that is a part of the token.
      throw new InvalidArgument(
        `Cannot use option ${position} of this URL: it is none of ${
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
  return settings;
}

async function upstash({ url, token }: Address): Promise<Driver> {
  const { protocol, username, password, host, pathname, hash } = URL.parse(url) ?? {};
  // The rest of a token that has one of these in it would be taken for all of these.
  if (!host || (pathname !== "" && pathname !== "/") || hash) {
    throw new InvalidArgument(
      "Cannot use this upstash: URL: it must be upstash://:TOKEN@host, and /, ?, # and % of the " +
        "token must be percent-encoded; or leave the token out and give it as the option token",
    );
  }
  const driver = await import("./drivers/upstash.ts");
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

function splitOnce(text: string, separator: string): [before: string, after?: string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** Only what was given: `undefined` says nothing. */
function given<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as { [K in keyof T]: Exclude<T[K], undefined> };
}

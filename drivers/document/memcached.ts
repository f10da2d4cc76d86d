/**
 * Leases in a memcached of your own that was started with `-M`. Without `-M` a full memory evicts what was
 * not asked for in a while, and that can be all leases at once.
 *
 * What it does **not** promise, beyond what `./document.ts` says. Memcached keeps all leases in memory
 * alone, in one item. A restart, `flush_all` and an eviction forget all of them. From then on others are
 * granted what somebody still counts as held, until that holder renews, which is refused, or its deadline
 * comes. Tokens grow all the same, so a resource that checks them is safe. With `-M` a full memory refuses
 * each change instead, and then leases end because nobody can renew them. Do not go through a proxy or a
 * pool of servers.
 *
 * The clock is memcached's, in whole seconds: a ttl is at least a second, and a lease that is not renewed
 * ends up to four seconds late, never early. An item holds 1 MiB, which is about 7,000 leases without
 * values.
 *
 * @module
 */

import type { Driver } from "../driver.ts";
import { checkFunction, checkText, refuse } from "../kit/check.ts";
import { checkOptions } from "../kit/options.ts";
import { type Connect, connect, socketsLast } from "../kit/sockets.ts";
import { hasLogin, hostAndPort } from "../kit/urls.ts";
import { document, type DocumentOptions } from "./document.ts";
import { Way } from "./memcached_connection.ts";
import { NAME } from "./memcached_errors.ts";
import { ItemStore } from "./memcached_item.ts";

/** How the memcached driver is made. */
export interface MemcachedOptions {
  /** Where it is, as `HOST:PORT`. Default of the port: 11211. */
  server: string;
  /**
   * The key of the item. A second item, whose key has `.clock` after that, shows the time. Default:
   * `"baton"`.
   */
  key?: string | undefined;
  /** The user, where the server has a file of users (`-Y`). It has no other login over text. */
  user?: string | undefined;
  /** The user's password. */
  password?: string | undefined;
  /**
   * Whether to speak TLS; an object may have `ca`, certificates as PEM. Default: `false`. A password goes
   * unencrypted to this machine alone, or where `false` is given.
   */
  tls?: boolean | { readonly ca?: string | undefined } | undefined;
  /** Opens sockets, through a proxy or with a client certificate for example. Default: the runtime's own. */
  connect?: Connect | undefined;
  /**
   * The sender's wall clock in ms. New tokens begin at it, but not far from the server's clock, and it never
   * decides who holds a lease. Default: `Date.now`.
   */
  now?: (() => number) | undefined;
}

const PROMISED: DocumentOptions = {
  name: NAME,
  guarantees: {
    consistency: "until-failover",
    clock: "server",
    durability: "process",
    minTtl: 1_000,
    overrun: 5,
  },
  // With its key and what memcached adds, it has to fit into 1 MiB.
  most: 1_048_000,
  // Memcached looks at its clock once a second and counts whole seconds of it, so what it shows can be almost
  // two seconds old.
  unit: 2_000,
};

/**
 * Makes the driver. Each operation is two round trips, or one if it changes nothing. It opens nothing before
 * the first `apply`. Dispose of it to close its connection.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { memcached } from "@baton/baton/drivers/memcached";
 *
 * const driver = memcached({ server: "10.0.0.1:11211" }); // memcached -M
 * const baton = new Coordinator(driver, { memberId: "api-1", ttl: 30_000 });
 * ```
 * @throws {InvalidArgument} when an option cannot be right.
 */
export function memcached(options: MemcachedOptions): Driver {
  checkOptions(options, "server key user password tls connect now");
  const { key = "baton", user, password, tls, now = Date.now } = options;
  const address = { ...hostAndPort("server", options.server, 11_211), tls };
  checkText("key", key, 1, 200);
  if (!/^[!-~]+$/.test(key)) refuse("key", "it must be of printable ASCII characters");
  checkFunction("now", now);
  const login = hasLogin(options, [address.host]);
  if (login && !/^[!-9;-~]{1,200} [!-~]{1,200}$/.test(`${user} ${password}`)) {
    refuse("user", "it and the password must be of printable ASCII characters without spaces");
  }
  const open = options.connect ?? ((address) => connect(NAME, address));
  const account = login ? loginOf(key, `${user} ${password}`) : undefined;
  const begin = () => {
    const way = new Way(open, address, account);
    return { way, driver: document(new ItemStore(way, key, now), PROMISED) };
  };
  const { way, driver } = begin();
  return {
    ...driver,
    async apply(ops, options) {
      if (socketsLast()) return await driver.apply(ops, options);
      // What one request of a Worker has opened must not be used in another.
      const own = begin();
      try {
        return await own.driver.apply(ops, options);
      } finally {
        own.way.end();
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(way.end()),
  };
}

/**
 * The command that logs in. Where nobody has to, it sets an item: it ends at once, so that nobody can read
 * the password in it.
 */
function loginOf(key: string, account: string): string {
  return `set ${key}.login 0 -1 ${account.length}\r\n${account}\r\n`;
}

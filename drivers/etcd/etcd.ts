/**
 * Leases in etcd, over the JSON gateway of its version 3, by plain `fetch`: for long-lived services
 * that want the strongest answers there are. All operations of a batch are one transaction. A ttl is
 * at least two seconds. A lease that is not renewed ends late, at the latest after two and a half
 * times its ttl (`guarantees.overrun`).
 *
 * @module
 */

import type { Driver, Guarantees } from "../driver.ts";
import { checkOps, checkText, refuse } from "../kit/check.ts";
import { checkOptions } from "../kit/options.ts";
import { isLoopback } from "../kit/urls.ts";
import { Gateway } from "./gateway.ts";
import { Keys } from "./keys.ts";
import { Leases } from "./leases.ts";

/** Where etcd is, and how the driver is made. */
export interface EtcdOptions {
  /** The URL of the client port, or those of several members, which are tried in this order. */
  url: string | readonly string[];
  /** The user, if authentication is on. */
  user?: string | undefined;
  /** The user's password. */
  password?: string | undefined;
  /** The version in the gateway's paths: `"v3"` from etcd 3.4 on, `"v3beta"` for 3.3. Default: `"v3"`. */
  apiVersion?: "v3" | "v3beta" | undefined;
  /** What all keys begin with. Default: `"baton/"`. */
  keyPrefix?: string | undefined;
  /** Sends requests, with a client certificate for example. Default: the runtime's own. */
  fetch?: typeof fetch | undefined;
  /** The wall clock in ms that is added to tokens once, at the first grant. Default: `Date.now`. */
  now?: (() => number) | undefined;
}

const GUARANTEES: Guarantees = {
  consistency: "linearizable",
  clock: "server",
  durability: "replicas",
  push: true,
  fair: true,
  // etcd keeps none for less.
  minTtl: 2_000,
  // 2 s become 3 s, and etcd may look half a second later. A new leader begins the 3 s again, and adds
  // its election timeout, 1 s by default.
  overrun: 2.5,
};

/**
 * Makes the driver. It sends nothing before the first `apply`.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { etcd } from "@baton/baton/drivers/etcd";
 *
 * const members = ["http://10.0.0.1:2379", "http://10.0.0.2:2379", "http://10.0.0.3:2379"];
 * const baton = new Coordinator(etcd({ url: members }), { memberId: "api-1" });
 * ```
 * @throws {InvalidArgument} when an option cannot be right.
 */
export function etcd(options: EtcdOptions): Driver {
  checkOptions(options, "url user password apiVersion keyPrefix fetch now");
  const { url, user, password, apiVersion = "v3", keyPrefix = "baton/", now = Date.now } = options;
  if (apiVersion !== "v3" && apiVersion !== "v3beta") {
    refuse("apiVersion", "it is neither v3 (etcd 3.4 and newer) nor v3beta (etcd 3.3)");
  }
  const urls = [url].flat();
  if (urls.length === 0) refuse("url", "give at least one");
  const secret = user !== undefined || password !== undefined;
  if (secret && !(user && password)) refuse("user", "give a user and a password, or neither");
  checkText("keyPrefix", keyPrefix, 0, 256);
  const gateway = new Gateway({
    endpoints: urls.map((each) => `${checkedUrl(each, secret)}/${apiVersion}`),
    user: user && password ? { name: user, password } : undefined,
    fetch: options.fetch,
  });
  const leases = new Leases(gateway, new Keys(keyPrefix), now);
  return {
    name: "etcd",
    guarantees: GUARANTEES,
    async apply(ops, options = {}) {
      checkOps(ops, GUARANTEES.minTtl);
      options.signal?.throwIfAborted();
      return await leases.apply(ops, options);
    },
  };
}

/** The origin of an endpoint. No message repeats it, because it may have a password in it. */
function checkedUrl(text: string, secret: boolean): string {
  const { protocol, host, origin, href } = URL.canParse(text) ? new URL(text) : new URL("none:");
  const alone = protocol.startsWith("http") && href === `${origin}/`;
  if (!alone) refuse("url", "it must be http://HOST:PORT or https://HOST:PORT alone");
  if (secret && protocol === "http:" && !isLoopback(host)) {
    refuse("url", "a password needs https: (in a URL etcd+https:); http: is for this machine only");
  }
  return origin;
}

/**
 * Leases in etcd, over the JSON gateway of its version 3, by plain `fetch`: for long-lived services
 * that want the strongest answers there are. All operations of a batch are one transaction.
 *
 * @module
 */

import type { Driver, Guarantees } from "../driver.ts";
import { checkOps } from "../kit/check.ts";
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
  minTtl: 2_000,
};

/**
 * Makes the driver. It sends nothing before the first `apply`.
 */
export function etcd(options: EtcdOptions): Driver {
  const { url, user, password, apiVersion = "v3" } = options;
  const endpoints = [url].flat().map((each) => `${each.replace(/\/$/, "")}/${apiVersion}`);
  const gateway = new Gateway({
    endpoints,
    user: user === undefined ? undefined : { name: user, password: password ?? "" },
    fetch: options.fetch,
  });
  const { keyPrefix = "baton/", now = Date.now } = options;
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

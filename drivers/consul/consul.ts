/**
 * Leases in Consul's KV store, over its HTTP API, by `fetch` alone.
 *
 * What it does **not** promise. Consul ends a session late: a lease that is not renewed ends between
 * its ttl and two and a quarter times its ttl (`guarantees.overrun`). So after a crash others wait
 * longer than on other backends. A ttl is at least ten seconds, unless the servers' `session_ttl_min`
 * says otherwise. A lease of more than 24 hours cannot have a session. It ends by the clock of the
 * agent that is asked, so for such leases the agents' clocks must agree to within a hundredth of the
 * ttl.
 *
 * LockDelay is 0, because a holder stops counting on its lease before it ends. A namespace or an admin
 * partition of the enterprise edition is not supported.
 *
 * @module
 */

import type { Driver, Guarantees } from "../driver.ts";
import { checkOps, checkText, checkWhole, refuse } from "../kit/check.ts";
import { Lines } from "../kit/lines.ts";
import { nonces } from "../kit/nonce.ts";
import { checkOptions } from "../kit/options.ts";
import { checkToken, isLoopback } from "../kit/urls.ts";
import { Batch } from "./batch.ts";
import { Requests, type Server } from "./client.ts";
import { escape, keysUnder } from "./keys.ts";
import { Recent } from "../kit/recent.ts";
import type { Refusal } from "./refusals.ts";
import { Sessions } from "./sessions.ts";

/** How the Consul driver is made. */
export interface ConsulOptions {
  /**
   * Where an agent or a server is: `http://127.0.0.1:8500`, or `https://…` with the path of a proxy if
   * there is one. A token goes unencrypted only to this machine.
   */
  url: string;
  /**
   * The ACL token. It needs `key:write` and `key:read` under the prefix, and `session:write` on the
   * agent's node. Default: none.
   */
  token?: string | undefined;
  /** The datacenter whose servers keep the leases. Default: the agent's. */
  dc?: string | undefined;
  /**
   * How reads are answered. `"consistent"`: after the leader has asked a majority whether it still is
   * the leader. `"default"`: without that, so that for moments after a fail-over a read can show what
   * was true before. Who gets a lease is decided by a majority in both. Default: `"consistent"`.
   */
  consistency?: "consistent" | "default" | undefined;
  /** What all keys begin with. Default: `"baton"`. */
  keyPrefix?: string | undefined;
  /**
   * The shortest ttl, in ms: what the servers' `session_ttl_min` is. Default: 10,000, as theirs.
   */
  minTtl?: number | undefined;
}

/** When Consul ends a lease, in multiples of its ttl: twice a session's ttl, which is an eighth longer. */
const OVERRUN = 2.25;

/**
 * Makes the driver. It makes no request; the first operation does.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { consul } from "@baton/baton/drivers/consul";
 *
 * const baton = new Coordinator(consul({ url: "http://127.0.0.1:8500" }), { ttl: 30_000 });
 * ```
 * @throws {InvalidArgument} when an option cannot be right.
 */
export function consul(options: ConsulOptions): Driver {
  checkOptions(options, "url token dc consistency keyPrefix minTtl");
  const { minTtl = 10_000, keyPrefix = "baton", consistency = "consistent" } = options;
  checkWhole("minTtl", minTtl);
  const guarantees: Guarantees = {
    consistency: consistency === "consistent" ? "linearizable" : "until-failover",
    clock: "server",
    durability: "disk",
    push: true,
    fair: false,
    minTtl,
    overrun: OVERRUN,
  };
  const server = serverOf(options, consistency);
  const keys = keysUnder(checkedPrefix(keyPrefix));
  const memory = {
    sessions: new Sessions(),
    refusals: new Recent<Refusal>(),
    empty: new Recent<number>(),
    lines: new Lines(),
  };
  return {
    name: "consul",
    guarantees,
    async apply(ops, options = {}) {
      checkOps(ops, guarantees.minTtl);
      options.signal?.throwIfAborted();
      const requests = new Requests(server, options);
      return await new Batch(keys, memory, requests, options.signal).apply(ops);
    },
  };
}

function checkedPrefix(prefix: string): string {
  checkText("keyPrefix", prefix, 1, 128);
  return prefix.split("/").map(escape).join("/");
}

/** Where requests go. No message repeats the URL, because people paste tokens into it. */
function serverOf({ url, token, dc }: ConsulOptions, consistency: string): Server {
  const href = URL.canParse(url) ? new URL(url).href : "";
  const [, base, secure, host = ""] = /^(http(s?):\/\/([\w.:[\]-]+)(?:\/[^?#]*)?)$/.exec(href) ??
    [];
  if (!base) {
    refuse("URL", "it must be http://HOST:PORT or https://HOST:PORT, without a token, ? and #");
  }
  if (token !== undefined) {
    checkToken(token);
    if (secure === "" && !isLoopback(host)) {
      refuse(
        "token",
        "it would go unencrypted to another machine; use https (consul+https: in a URL)",
      );
    }
  }
  if (!["consistent", "default"].includes(consistency)) {
    refuse("consistency", 'it must be "consistent" or "default"');
  }
  if (dc !== undefined && !/^[\w-]{1,64}$/.test(dc)) refuse("dc", "it is not a datacenter's name");
  return {
    base: base.replace(/\/+$/, ""),
    query: dc === undefined ? "" : `&dc=${dc}`,
    reading: consistency === "consistent" ? "&consistent" : "",
    headers: token === undefined ? {} : { "x-consul-token": token },
    nonce: nonces(),
  };
}

/**
 * Every driver that speaks to a vendor, with secrets in all it is given, pointed at a server of ours.
 *
 * @module
 */

import { neonConfig } from "@neondatabase/serverless";
import { Redis } from "@upstash/redis";
import type { Acquire, Driver, Op } from "../../drivers/driver.ts";
import { migrate as migrateMysql } from "../../drivers/mysql/schema.ts";
import { neon, neonQuery } from "../../drivers/postgres/neon.ts";
import { planetscale, planetscaleQuery } from "../../drivers/mysql/planetscale.ts";
import { migrate as migratePostgres } from "../../drivers/postgres/schema.ts";
import { upstash, upstashClient } from "../../drivers/redis/upstash.ts";
import { getCoordinator } from "../../url.ts";
import type { Coordinator, CoordinatorOptions } from "../../mod.ts";
import { systemRuntime } from "../../mod.ts";
import { SECRETS } from "./secrets.ts";

const { token, user, password, id, plainId, value, plainValue } = SECRETS;
const account = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;

/** One way to speak to a vendor. */
export interface Suspect {
  readonly name: string;
  /** The driver, over plain HTTP, or over TLS where the server speaks none. */
  driver(host: string, protocol?: "http" | "https"): Driver;
  /** The URL for `getCoordinator`; a plain one, if the scheme has any. */
  url(host: string): string | undefined;
  /** What else speaks to the backend. */
  migrate?(host: string): Promise<void>;
}

/** All of them. */
export const SUSPECTS: readonly Suspect[] = [
  {
    name: "upstash",
    driver: (host, protocol = "http") => upstash({ url: `${protocol}://${host}`, token }),
    url: (host) => `upstash+http://:${encodeURIComponent(token)}@${host}`,
  },
  {
    name: "upstash over a client of the user's",
    driver: (host, protocol = "http") =>
      upstashClient(new Redis({ url: `${protocol}://${host}`, token, retry: { retries: 0 } })),
    url: () => undefined,
  },
  {
    name: "neon",
    driver: (host, protocol = "http") => {
      pointNeonHere(protocol);
      return neon({ url: `postgresql://${account}@${host}/db` });
    },
    url: (host) => {
      pointNeonHere("http");
      return `neon://${account}@${host}/db`;
    },
    migrate: (host) => migratePostgres(neonQuery(`postgresql://${account}@${host}/db`)),
  },
  {
    name: "planetscale",
    driver: (host, protocol = "http") => planetscale({ url: `${protocol}://${account}@${host}` }),
    url: (host) => `planetscale+http://${account}@${host}`,
    migrate: (host) => migrateMysql(planetscaleQuery({ url: `http://${account}@${host}` })),
  },
];

const vendorsEndpoint = neonConfig.fetchEndpoint;

/** The vendor has no such setting for one client alone. */
export function pointNeonHere(protocol: "http" | "https"): void {
  neonConfig.fetchEndpoint = (host, port, options) => {
    if (host === "127.0.0.1") return `${protocol}://127.0.0.1:${port}/sql`;
    return typeof vendorsEndpoint === "string"
      ? vendorsEndpoint
      : vendorsEndpoint(host, port, options);
  };
}

/** An acquisition full of secrets. */
export const ACQUIRE: Acquire = {
  op: "acquire",
  resource: "lock:x",
  seat: "",
  id,
  ttl: 60_000,
  value,
};

/** The requests that hold an id or a value. */
export const BATCHES: readonly (readonly Op[])[] = [
  [ACQUIRE],
  [{ ...ACQUIRE, id: plainId, value: plainValue }],
  [{ op: "renew", resource: "lock:x", seat: "", id, ttl: 60_000, value }],
  [{ op: "release", resource: "lock:x", seat: "", id: plainId }],
];

/** A coordinator by URL, whose leases have the secret ids, and what it does in the background. */
export async function coordinatorAt(
  suspect: Suspect,
  host: string,
  more: CoordinatorOptions = {},
): Promise<{ baton: Coordinator; settled(): Promise<unknown> } | undefined> {
  const url = suspect.url(host);
  if (url === undefined) return undefined;
  const works: Promise<void>[] = [];
  let count = 0;
  const runtime = {
    ...systemRuntime({ waitUntil: (work) => void works.push(work) }),
    // Distinct, for an id is never given twice; and all secret.
    id: () => `${id}${count++}`,
    random: () => 0,
  };
  const baton = await getCoordinator(url, "fra-1", { runtime, timeout: 2_000, ...more });
  return { baton, settled: () => Promise.all(works) };
}

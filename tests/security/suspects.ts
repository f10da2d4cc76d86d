/**
 * Every driver that speaks to a vendor, with secrets in all it is given, pointed at a server of ours.
 *
 * @module
 */

import type { Acquire, Driver, Op } from "../../drivers/driver.ts";
import { getCoordinator } from "../../url.ts";
import { type Coordinator, type CoordinatorOptions, systemRuntime } from "../../mod.ts";
import { BACKENDS, type Vendor } from "../backends/mod.ts";
import { SECRETS } from "./secrets.ts";

const { id, plainId, value, plainValue } = SECRETS;

/** A way to speak to a vendor, with all secrets. */
export interface Suspect extends Pick<Vendor, "name" | "usersClient" | "followsRedirects"> {
  /** The driver, over plain HTTP, or over TLS where the server speaks none. */
  driver(host: string, protocol?: "http" | "https"): Driver;
  /** Every way to make the driver from a URL, or from a piece of one. */
  pasted(url: string): readonly (() => Driver)[];
  /** The URL for `getCoordinator()`, if there is one. */
  readonly url?: (host: string) => string;
  /** What else speaks to the backend. */
  readonly migrate?: (host: string) => Promise<void>;
}

function suspectOf(vendor: Vendor): Suspect {
  const { url, migrate } = vendor;
  return {
    ...vendor,
    driver: (host, protocol = "http") => vendor.driver(host, SECRETS, protocol),
    pasted: (text) => vendor.pasted?.(text, SECRETS) ?? [],
    url: url && ((host) => url(host, SECRETS)),
    migrate: migrate && ((host) => migrate(host, SECRETS)),
  } as Suspect;
}

/** Every vendor of the registry; two backends may have the same. */
export const SUSPECTS: readonly Suspect[] = [
  ...new Set(BACKENDS.flatMap(({ vendors = [] }) => vendors)),
].map(suspectOf);

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
  const url = suspect.url?.(host);
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

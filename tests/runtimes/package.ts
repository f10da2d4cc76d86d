/**
 * What is bundled into one file that imports nothing, and runs in every runtime: all of Baton but its
 * command, the published suite, and the short script. Two questions can be asked of it.
 *
 * @module
 */

import { neonConfig } from "@neondatabase/serverless";
import { memory } from "../../drivers/memory.ts";
import { neon } from "../../drivers/postgres/neon.ts";
import { planetscale } from "../../drivers/mysql/planetscale.ts";
import { upstash } from "../../drivers/redis/upstash.ts";
import type { Driver } from "../../drivers/driver.ts";
import type { Coordinator } from "../../mod.ts";
import { getCoordinator } from "../../url.ts";
import { type Backend, driverCases } from "../conformance/mod.ts";
import { smokeCases } from "./smoke.ts";
import { waitingTimers } from "./timers.ts";

export { cronJob, slotOf } from "../../coordination/cron/mod.ts";
export { HashRing } from "../../coordination/partition/hash_ring.ts";
export * as fencing from "../../fencing/mod.ts";
export * as hono from "../../http/hono.ts";
export * as http from "../../http/mod.ts";
export { Coordinator, type CoordinatorEvent, type Lease, systemRuntime } from "../../mod.ts";
export { getCoordinator, memory, neon, planetscale, upstash };

/** Where a backend's front end is. */
export interface Address {
  readonly vendor: "upstash" | "neon" | "planetscale";
  readonly url: string;
  readonly token?: string;
}

/** One case to run. */
export interface Job {
  readonly suite: "smoke" | "conformance";
  readonly name: string;
  readonly address: Address;
}

/** How it went; without an error it went well. */
export interface Result {
  readonly error?: string;
  /** How many timers were waiting when it was over, those of cases beside it included. */
  readonly timers: number;
}

/** A driver as a user makes it. */
export function open({ vendor, url, token = "" }: Address): Driver {
  switch (vendor) {
    case "upstash":
      return upstash({ url, token });
    case "neon":
      // The vendor's own rule leads to https://api.…, and there is no such setting for one client.
      neonConfig.fetchEndpoint = (_host, port) => `http://127.0.0.1:${port}/sql`;
      return neon({ url });
    case "planetscale":
      return planetscale({ url });
  }
}

/** A coordinator as a user makes it who has but a URL. */
async function openUrl(address: Address, memberId: string): Promise<Coordinator> {
  open(address); // Neon's client must be told where its servers are.
  const { vendor, url, token } = address;
  const scheme =
    { upstash: "upstash+http:", neon: "neon:", planetscale: "planetscale+http:" }[vendor];
  return await getCoordinator(
    url.replace(/^\w+:/, scheme),
    memberId,
    token === undefined ? {} : { token },
  );
}

/** Runs one case. It never rejects. */
export async function run({ suite, name, address }: Job): Promise<Result> {
  try {
    if (suite === "smoke") {
      await byName(smokeCases, name).run(() => open(address), (id) => openUrl(address, id));
    } else await byName(driverCases, name).run(backendAt(address));
    return { timers: await waitingTimers() };
  } catch (error) {
    const text = error instanceof Error ? error.stack ?? String(error) : String(error);
    // Not every runtime has the message in the stack.
    return { error: `${error}\n${text}`, timers: await waitingTimers() };
  }
}

function byName<T extends { readonly name: string }>(cases: readonly T[], name: string): T {
  const found = cases.find((each) => each.name === name);
  if (!found) throw new Error(`there is no case "${name}"`);
  return found;
}

function backendAt(address: Address): Backend {
  const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  // Long, for all runtimes share this machine; time that passes costs nothing while others work.
  return { connect: () => open(address), pass, tick: 1_000 };
}

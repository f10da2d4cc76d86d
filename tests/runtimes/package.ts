/**
 * What is bundled into one file that imports nothing, and runs in every runtime: all of Baton but its
 * command, the published suite, and the short script. Two questions can be asked of it.
 *
 * @module
 */

import { memory } from "../../drivers/memory.ts";
import type { Driver } from "../../drivers/driver.ts";
import { getCoordinator } from "../../url.ts";
import { open } from "../backends/address.ts";
import { d1, type D1Database, d1Query } from "../../drivers/sqlite/d1.ts";
import { migrate } from "../../drivers/sqlite/migration.ts";
import { type Backend, driverCases } from "../conformance/mod.ts";
import { smokeCases } from "./smoke.ts";
import { waitingTimers } from "./timers.ts";

export { cronJob, slotOf } from "../../coordination/cron/mod.ts";
export { HashRing } from "../../coordination/partition/hash_ring.ts";
export * as fencing from "../../fencing/mod.ts";
export * as hono from "../../http/hono.ts";
export * as http from "../../http/mod.ts";
export { Coordinator, type CoordinatorEvent, type Lease, systemRuntime } from "../../mod.ts";
export { type D1Database, getCoordinator, memory, open };

/** One case to run. */
export interface Job {
  readonly suite: "smoke" | "conformance";
  readonly name: string;
  /** Where the backend is, as `getCoordinator()` takes it. */
  readonly url: string;
}

/** How it went; without an error it went well. */
export interface Result {
  readonly error?: string;
  /** How many timers were waiting when it was over, those of cases beside it included. */
  readonly timers: number;
}

/** Runs one case of the suite on a Worker's own D1. It never rejects. */
export async function runOnD1(name: string, database: D1Database): Promise<Result> {
  return await runs(() => byName(driverCases, name).run(backendOf(() => d1(database))));
}

/** Makes its tables. */
export async function migrateD1(database: D1Database): Promise<void> {
  await migrate(d1Query(database));
}

/** Runs one case. It never rejects. */
export async function run({ suite, name, url }: Job): Promise<Result> {
  return await runs(async () => {
    if (suite === "smoke") {
      const handles = await handlesOf(url);
      await byName(smokeCases, name).run(handles, (id) => getCoordinator(url, id));
    } else await byName(driverCases, name).run(backendOf(() => open(url)));
  });
}

async function runs(work: () => Promise<void>): Promise<Result> {
  try {
    await work();
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

/** Fresh handles. Drivers load on demand, and a case does not wait, so they are made before it begins. */
async function handlesOf(url: string): Promise<() => Driver> {
  const handles = await Promise.all(Array.from({ length: MOST }, () => open(url)));
  return () => handles.pop() ?? fail();
}

/** More handles than any case of the short script takes. */
const MOST = 16;

function fail(): never {
  throw new Error(`a case takes more than ${MOST} handles`);
}

/** Of each race. Who wins is decided by the backend, on which `laws/` has many more. */
const ROUNDS = 20;

function backendOf(connect: Backend["connect"]): Backend {
  const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  // Long, for all runtimes share this machine; time that passes costs nothing while others work.
  return { connect, pass, tick: 400, rounds: ROUNDS };
}

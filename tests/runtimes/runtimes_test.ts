/**
 * The same file of code, built once, in Deno, Node, Bun and workerd, over all three vendors' HTTP.
 *
 * @module
 */

import assert from "node:assert/strict";
import { upstash } from "../../drivers/upstash.ts";
import { Coordinator } from "../../mod.ts";
import { removeFolder, temporaryFolder } from "../servers/process.ts";
import { build, stopBundler } from "./bundle.ts";
import { chosenCases } from "./chosen.ts";
import { type Installation, requireRuntimes } from "./install.ts";
import { type Database, type Place, startDatabases } from "./places.ts";
import {
  asked,
  type Running,
  type Runtime,
  runtimesOf,
  startWorkers,
  WORKERS,
} from "./runtimes.ts";
import { smokeCases } from "./smoke.ts";
import type { Look } from "./worker.ts";

/** How many untimed cases of the suite one runtime runs at once on one database. */
const LANES = 4;

Deno.test("one built file does in every runtime what it promises", async (test) => {
  const installed = await requireRuntimes();
  await withBuilt(installed, async (folder, databases) => {
    const steps: Promise<boolean>[] = [];
    // At the same time, for most of their time they wait.
    const step = (name: string, fn: () => Promise<void>): void => {
      const overlap = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };
      steps.push(test.step({ name, fn, ...overlap }));
    };
    for (const runtime of runtimesOf(installed, folder)) {
      step(runtime.name, () => tryOut(runtime, databases));
    }
    step(
      "workerd: isolates of every age that get one scheduled event run its slot once",
      () => scheduledOnce(installed, folder, databases),
    );
    step(
      "workerd: what is kept from one request to the next works, and never lies",
      () => keptOver(installed, folder, databases),
    );
    await Promise.all(steps);
  });
});

async function withBuilt(
  { modules }: Installation,
  work: (folder: string, databases: readonly Database[]) => Promise<void>,
): Promise<void> {
  const folder = await temporaryFolder("baton-runtimes-");
  try {
    await build(folder, modules).finally(stopBundler);
    const databases = await startDatabases();
    try {
      await work(folder, databases);
    } finally {
      await Promise.all(databases.map((each) => each.stop()));
    }
  } finally {
    await removeFolder(folder);
  }
}

async function tryOut(runtime: Runtime, databases: readonly Database[]): Promise<void> {
  const running = await runtime.start();
  try {
    const failures: string[] = [];
    const places = await Promise.all(databases.map((each) => each.front()));
    for (const [i, place] of places.entries()) {
      failures.push(...labelled(databases[i], await smoke(runtime, running, place)));
    }
    await Promise.all(places.map(async (place, i) => {
      failures.push(...labelled(databases[i], await conform(runtime, running, place)));
      await place.stop();
    }));
    assert.deepEqual(failures, []);
  } finally {
    await running.stop();
  }
}

function labelled(database: Database | undefined, failures: readonly string[]): string[] {
  return failures.map((each) => `${database?.name}: ${each}`);
}

/** The short script, one case after the other, each with the faults that it asks for. */
async function smoke(
  { name: runtime }: Runtime,
  running: Running,
  { address, faults }: Place,
): Promise<string[]> {
  const failures: string[] = [];
  for (const { name, faults: met = [] } of smokeCases) {
    faults.clear();
    faults.next(...met);
    const { error, timers } = await running.run({ suite: "smoke", name, address });
    if (error !== undefined) failures.push(`${name}: ${error}`);
    // Only there a timer that is left is our own: elsewhere `fetch` uses timers, too.
    if (/^workerd/.test(runtime) && timers > 0) failures.push(`${name}: ${timers} timers are left`);
  }
  faults.clear();
  return failures;
}

async function conform(
  { only }: Runtime,
  running: Running,
  { address }: Place,
): Promise<string[]> {
  const failures: string[] = [];
  const { timed, others } = chosenCases(only);
  const run = async (name: string): Promise<void> => {
    const { error } = await running.run({ suite: "conformance", name, address });
    if (error !== undefined) failures.push(`${name}: ${error}`);
  };
  await Promise.all(timed.map(run));
  const waiting = [...others];
  const lane = async (): Promise<void> => {
    for (let name = waiting.shift(); name; name = waiting.shift()) await run(name);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return failures;
}

async function scheduledOnce(
  installed: Installation,
  folder: string,
  databases: readonly Database[],
): Promise<void> {
  const workers = startWorkers(installed, folder);
  try {
    for (const database of databases) {
      const { address, stop } = await database.front();
      const names = WORKERS.map((date) => `${address.vendor} ${date ?? "now"}`);
      await Promise.all(WORKERS.map((date, i) =>
        workers.start(names[i] ?? "", {
          bindings: { CRON: address },
          ...(date !== undefined && { date }),
        })
      ));
      const slots = [0, 1, 2].map((i) => Math.floor(Date.now() / 60_000 - i) * 60_000);
      for (const slot of slots) {
        const outcomes = await Promise.all(names.map((name) => workers.scheduled(name, slot)));
        assert.ok(outcomes.every(({ outcome }) => outcome === "ok"));
      }
      const ran = await Promise.all(
        names.map((name) => asked<number[]>(workers, name, { ran: true })),
      );
      assert.deepEqual(ran.flat().sort(), slots.toSorted());
      await Promise.all(names.map((name) => workers.end(name)));
      await stop();
    }
  } finally {
    await workers.stop();
  }
}

async function keptOver(
  installed: Installation,
  folder: string,
  databases: readonly Database[],
): Promise<void> {
  const [redis] = databases;
  assert.ok(redis);
  const { address, stop } = await redis.front();
  const { url, token = "" } = address;
  const other = new Coordinator(upstash({ url, token }));
  const workers = startWorkers(installed, folder);
  try {
    await workers.start("keeper");
    const ask = <T>(kept: "look" | "confirm" | "renew" | "release") =>
      asked<T>(workers, "keeper", { kept });

    await asked(workers, "keeper", { hold: "kept", ttl: 60_000, address });
    assert.deepEqual(await ask<Look>("look"), { held: true, aborted: false, told: 0 });
    assert.equal(await ask("renew"), true);
    assert.equal(await ask("confirm"), "confirmed");
    assert.equal(await ask("release"), true);
    assert.equal((await ask<Look>("look")).aborted, true);

    await asked(workers, "keeper", { hold: "lost", ttl: 600, address });
    const next = await other.getLock("lost").hold();
    // The timer of its deadline ended with the request, so nothing told of it; a look does.
    assert.deepEqual(await ask<Look>("look"), { held: false, aborted: true, told: 0 });
    assert.equal(await ask("confirm"), "LeaseLost");
    assert.equal(await ask("release"), false);
    await next.confirm();
    await next.release();
  } finally {
    await workers.stop();
    await stop();
  }
}

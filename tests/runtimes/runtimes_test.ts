/**
 * The same file of code, built once, in Deno, Node, Bun and workerd, over every vendor's HTTP.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Coordinator } from "../../mod.ts";
import { open } from "../backends/address.ts";
import type { Wire } from "../backends/mod.ts";
import type { Fault } from "../servers/faults.ts";
import { removeFolder, temporaryFolder } from "../servers/folders.ts";
import { SIZES } from "../tools/size_of_proofs.ts";
import { build } from "./bundle.ts";
import { otherCases, timedCases } from "./chosen.ts";
import { type Installation, requireRuntimes } from "./install.ts";
import type { Job, Result } from "./package.ts";
import { type Database, startDatabases } from "./places.ts";
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
const LANES = 2;

Deno.test("one built file does in every runtime what it promises", async (test) => {
  const installed = await requireRuntimes();
  await withBuilt(installed, async (folder, databases) => {
    const step = (name: string, fn: () => Promise<void>): Promise<boolean> =>
      test.step({ name, fn, ...OVERLAPPING });
    const runtimes = runtimesOf(installed, folder);
    const running = await Promise.all(runtimes.map((each) => each.start()));
    // All at the same time, for most of their time they wait.
    const phases = async (): Promise<void> => {
      for (const [what, phase] of PHASES) {
        await Promise.all(runtimes.map((runtime, i) => {
          const work = phase(runtime, running[i] as Running, databases, i);
          return work && step(`${runtime.name} ${what}`, work);
        }));
      }
    };
    try {
      await Promise.all([
        phases(),
        step(
          "Workers of every age that get one scheduled event run its slot once",
          () => scheduledOnce(installed, folder, databases),
        ),
        step(
          "in workerd the driver of D1 keeps its contract over the Worker's own binding",
          () => onItsD1(installed, folder),
        ),
        step(
          "what a Worker keeps from one request to the next works, and never lies",
          () => keptOver(installed, folder, databases),
        ),
      ]);
    } finally {
      await Promise.all(running.map((each) => each.stop()));
    }
  });
});

/** Steps that overlap cannot tell whose timer is whose; the test around them can. */
const OVERLAPPING = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };

/** What is to be done, if anything is. */
type Phase = (
  runtime: Runtime,
  running: Running,
  databases: readonly Database[],
  nth: number,
) => false | (() => Promise<void>);

/** One after the other, so that nothing that takes its time is disturbed by what is busy. */
const PHASES: readonly (readonly [what: string, phase: Phase])[] = [
  ["does what the short script asks for", (runtime, running, databases) => async () => {
    const [first, ...others] = databases;
    // Alone, so that a timer that is left over is seen.
    await on([first], (place) => smoke(running, place, /^workerd/.test(runtime.name)));
    await on(others, (place) => smoke(running, place, false));
  }],
  ["keeps the laws of time", ({ part }, running, databases) => {
    return part === "all" &&
      (() => on(databases.slice(0, 1), (place) => conform(running, place, timedCases, Infinity)));
  }],
  ["keeps the driver's contract", ({ part }, running, databases, nth) => {
    // Each runtime begins with another one, so that none is left out.
    const some = Array.from(
      { length: SIZES.databasesOfRuntime },
      (_, i) => databases[(nth + i) % databases.length],
    );
    return part !== "short" &&
      (() => on(some, (place) => conform(running, place, otherCases, LANES)));
  }],
];

async function withBuilt(
  { modules }: Installation,
  work: (folder: string, databases: readonly Database[]) => Promise<void>,
): Promise<void> {
  const folder = await temporaryFolder("baton-runtimes-");
  try {
    await build(folder, modules);
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

/** Does the work on those databases, each through a front end of its own; it answers what failed. */
async function on(
  databases: readonly (Database | undefined)[],
  work: (place: Wire) => Promise<string[]>,
): Promise<void> {
  const failures = await Promise.all(databases.map(async (database) => {
    assert.ok(database);
    const place = await database.front();
    try {
      return (await work(place)).map((each) => `${database.name}: ${each}`);
    } finally {
      await place.stop();
    }
  }));
  assert.deepEqual(failures.flat(), []);
}

/** The short script, one case after the other, each with the faults that it asks for. */
async function smoke(
  running: Running,
  { url, faults, looks = 0 }: Wire,
  countTimers: boolean,
): Promise<string[]> {
  const failures: string[] = [];
  for (const { name, faults: met = [] } of smokeCases) {
    faults.clear();
    if (met.length > 0) faults.next(...Array<Fault>(looks).fill("pass"), ...met);
    const { error, timers } = await running.run({ suite: "smoke", name, url });
    if (error !== undefined) failures.push(`${name}: ${error}`);
    else if (countTimers && timers > 0) failures.push(`${name}: ${timers} timers are left`);
  }
  return failures;
}

/** Cases of the suite, so many at once. */
async function conform(
  running: Running,
  { url, apart = () => url }: Pick<Wire, "url" | "apart">,
  names: readonly string[],
  lanes: number,
): Promise<string[]> {
  const failures: string[] = [];
  const waiting = [...names];
  const lane = async (): Promise<void> => {
    for (let name = waiting.shift(); name; name = waiting.shift()) {
      const { error } = await running.run({ suite: "conformance", name, url: apart() });
      if (error !== undefined) failures.push(`${name}: ${error}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, names.length) }, lane));
  return failures;
}

/**
 * Whatever the binding does that the tests' own does not. Time is D1's and the same for both, so what takes
 * time is left out.
 */
async function onItsD1(installed: Installation, folder: string): Promise<void> {
  const workers = startWorkers(installed, folder);
  try {
    await workers.start("d1", { d1: ["DB"] });
    await asked(workers, "d1", { d1: null });
    const run = ({ name }: Job) => asked<Result>(workers, "d1", { d1: name });
    assert.deepEqual(
      await conform({ run, stop: workers.stop }, { url: "" }, otherCases, LANES),
      [],
    );
  } finally {
    await workers.stop();
  }
}

async function scheduledOnce(
  installed: Installation,
  folder: string,
  databases: readonly Database[],
): Promise<void> {
  const places = await Promise.all(databases.map((each) => each.front()));
  const bindings = Object.fromEntries(places.map(({ url }, i) => [`database ${i}`, url]));
  const workers = startWorkers(installed, folder);
  try {
    const names = WORKERS.map((date) => date ?? "now");
    await Promise.all(
      WORKERS.map((date, i) =>
        workers.start(names[i] ?? "", { bindings, ...(date !== undefined && { date }) })
      ),
    );
    const minute = Math.floor(Date.now() / 60_000);
    // Each slot on another database.
    const slots = places.map((_, i) => [`database ${i}`, (minute - i) * 60_000] as const);
    for (const [cron, slot] of slots) {
      const outcomes = await Promise.all(names.map((name) => workers.scheduled(name, slot, cron)));
      assert.ok(outcomes.every(({ outcome }) => outcome === "ok"));
    }
    const ran = await Promise.all(
      names.map((name) => asked<number[]>(workers, name, { ran: true })),
    );
    assert.deepEqual(ran.flat().sort(), slots.map(([, slot]) => slot).sort());
  } finally {
    await workers.stop();
    await Promise.all(places.map((each) => each.stop()));
  }
}

async function keptOver(
  installed: Installation,
  folder: string,
  databases: readonly Database[],
): Promise<void> {
  const [redis] = databases;
  assert.ok(redis);
  const { url, stop } = await redis.front();
  const other = new Coordinator(await open(url));
  const workers = startWorkers(installed, folder);
  try {
    await workers.start("keeper");
    const ask = <T>(kept: "look" | "confirm" | "renew" | "release") =>
      asked<T>(workers, "keeper", { kept });

    await asked(workers, "keeper", { hold: "kept", ttl: 60_000, url });
    assert.deepEqual(await ask<Look>("look"), { held: true, told: [0, 0] });
    assert.equal(await ask("renew"), true);
    assert.equal(await ask("confirm"), "confirmed");
    assert.equal(await ask("release"), true);
    assert.deepEqual(await ask<Look>("look"), { held: false, told: [0, 0] });

    await asked(workers, "keeper", { hold: "lost", ttl: 2_000, url });
    const next = await other.getLock("lost").hold();
    // The timer of its deadline ended with the request, so nothing told of it; a look does.
    assert.deepEqual(await ask<Look>("look"), { held: false, told: [0, 1] });
    assert.equal(await ask("confirm"), "LeaseLost");
    assert.equal(await ask("release"), false);
    await next.confirm();
    await next.release();
  } finally {
    await workers.stop();
    await stop();
  }
}

/**
 * The example that needs nothing but Cloudflare: three Workers that stand for three regions, each in a
 * process of its own, and one more process that has the object, which is killed again and again.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { inFolder } from "../servers/folders.ts";
import { until } from "../servers/process.ts";
import { SIZES } from "../tools/size_of_proofs.ts";
import { build, buildExample } from "./bundle.ts";
import { type Crew, dateOf, startCrew } from "./crew.ts";
import { requireRuntimes } from "./install.ts";
import { startWorkers } from "./runtimes.ts";
import { type Ledger, startLedger } from "./work_ledger.ts";

const EXAMPLE = "worker-cron-durable-object";
const SLOTS = SIZES.objectSlots;
/** Once in so many slots the object's process is killed. */
const STRETCH = 20;
const MINUTE = 60_000;
/** What the example may weigh, gzipped, with the class and the driver. */
const BUDGET = 17_900;
/** The isolate that has the object. */
const HOST = "host";
const CLASS = "BatonObject";

interface Scene {
  readonly crew: Crew;
  readonly ledger: Ledger;
  /** As many minutes, the last of which is now. */
  readonly slots: readonly number[];
  /** Kills the object's process, and starts another one. */
  kill(): Promise<void>;
}

Deno.test({
  name: "the example's Worker, which has its own object, stays small",
  // The bundler's process ends a little after it says so.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const { modules } = await requireRuntimes();
    await inFolder("baton-worker-", async (folder) => {
      const bytes = await buildExample(folder, modules, EXAMPLE);
      assert.ok(bytes > 1_000 && bytes <= BUDGET, `${bytes} bytes, minified and gzipped`);
    });
  },
});

Deno.test(`on an object each of ${SLOTS} slots runs at most once, whatever is killed`, async () => {
  await withScene("once", async (scene) => {
    const { crew, ledger, slots } = scene;
    const answered = await runAll(scene);
    // Everything once more, as a platform may.
    for (const slot of slots.filter((_, i) => i % 10 === 0)) await crew.triggerAll(slot);
    const runs = Map.groupBy(ledger.entries, ({ slot }) => slot);
    const twice = [...runs].filter(([, { length }]) => length > 1);
    assert.deepEqual(twice, [], "slots that ran more than once");
    const missed = answered.filter((slot) => !runs.has(slot));
    assert.deepEqual(missed, [], "slots that did not run although every claim was answered");
    // Each kill takes the answers of a slot or two, and of more where the next object is slow to start.
    assert.ok(answered.length > SLOTS / 2, `only ${answered.length} had an answer`);
    const [name = ""] = crew.names;
    const shown = (await crew.history(name)).map(({ slot }) => slot);
    assert.deepEqual(shown, [...runs.keys()].sort((a, b) => b - a).slice(0, 20));
  });
});

Deno.test(`on an object each of ${SLOTS} slots completes in retry, each run with a larger token`, async () => {
  await withScene("retry", async (scene) => {
    const { crew, ledger, slots } = scene;
    // A target that fails lets the next run have a larger token.
    const failing = slots.filter((_, i) => i % STRETCH === 5);
    for (const slot of failing) ledger.refuse(slot);
    await runAll(scene);
    const unfinished = () => {
      const done = new Set(ledger.entries.filter((each) => each.finished).map(({ slot }) => slot));
      return slots.filter((slot) => !done.has(slot));
    };
    await until("every slot is done", async () => {
      for (const slot of unfinished()) await crew.triggerAll(slot);
      return unfinished().length === 0;
    });
    const runs = Map.groupBy(ledger.entries, ({ slot }) => slot);
    for (const [slot, all] of runs) {
      const tokens = all.map(({ token }) => token);
      const growing = tokens.every((token, i) => i === 0 || token > (tokens[i - 1] ?? 0));
      assert.ok(growing, `slot ${slot} ran with tokens ${tokens}`);
    }
    for (const slot of failing) assert.ok((runs.get(slot)?.length ?? 0) > 1, `${slot} ran once`);
    const before = ledger.entries.length;
    await crew.triggerAll(slots.at(-1) ?? 0);
    assert.equal(ledger.entries.length, before, "a slot that is done does not run again");
  });
});

/** Triggers every slot in all Workers; answers the slots in which none of them failed. */
async function runAll({ crew, ledger, slots, kill }: Scene): Promise<number[]> {
  const answered: number[] = [];
  let kills = 0;
  for (const [i, slot] of slots.entries()) {
    let over = false;
    const outcomes = crew.triggerAll(slot).finally(() => over = true);
    if (i % STRETCH === 10) {
      // In turns: while they claim the slot, and while one of them is at work.
      const atWork = () => over || ledger.entries.some((entry) => entry.slot === slot);
      if (kills % 2 === 1) await until("it runs", atWork);
      await kill();
      kills++;
    }
    if ((await outcomes).every((outcome) => outcome === "ok")) answered.push(slot);
  }
  assert.equal(kills, SLOTS / STRETCH);
  return answered;
}

async function withScene(mode: string, work: (scene: Scene) => Promise<void>): Promise<void> {
  const installed = await requireRuntimes();
  await inFolder("baton-worker-", async (folder) => {
    const built = buildExample(folder, installed.modules, EXAMPLE);
    await built.then(() => build(folder, installed.modules));
    const date = await dateOf(EXAMPLE);
    const bindings = { JOB: "job", MODE: mode, TTL: 5_000 };
    const hosts = startWorkers(installed, folder);
    const start = () =>
      hosts.start(HOST, {
        date,
        modules: [join(folder, "example.mjs")],
        bindings,
        objects: { bindings: { BATON: { className: CLASS } }, folder },
      });
    const ledger = await startLedger();
    try {
      await start();
      const objects = { bindings: { BATON: { className: CLASS, scriptName: HOST } }, folder };
      const crew = await startCrew(
        installed,
        folder,
        { example: EXAMPLE, bindings, objects },
        ledger,
      );
      try {
        const now = Math.floor(Date.now() / MINUTE);
        const slots = Array.from({ length: SLOTS }, (_, i) => (now - SLOTS + 1 + i) * MINUTE);
        const kill = async (): Promise<void> => {
          await hosts.kill(HOST);
          await start();
        };
        await work({ crew, ledger, slots, kill });
      } finally {
        await crew.stop();
      }
    } finally {
      await hosts.stop();
      await ledger.stop();
    }
  });
}

/**
 * The example's Worker in three isolates that get every event thrice: one reply in ten is lost, and at
 * each twentieth slot the isolate that runs it is killed at work.
 *
 * @module
 */

import assert from "node:assert/strict";
import { chance, seedOfRun } from "../tools/chance.ts";
import { inFolder } from "../servers/folders.ts";
import { until } from "../servers/process.ts";
import { SIZES } from "../tools/size_of_proofs.ts";
import { type UpstashFixture, withUpstash } from "../servers/with_upstash.ts";
import { build, buildExample } from "./bundle.ts";
import { type Crew, startCrew } from "./crew.ts";
import { requireRuntimes } from "./install.ts";
import { type Ledger, startLedger } from "./work_ledger.ts";

const SLOTS = SIZES.workerSlots;
/** Of each twenty slots one has its isolate killed at work. */
const KILLS = Math.floor((SLOTS - 20) / 20);
const MINUTE = 60_000;
/** In ms. An answer that takes a third of it is given up, and what is sent again would be counted, too. */
const TTL = 15_000;
/** What the example may weigh, gzipped; it needs no package of a vendor. */
const BUDGET = 18_000;

interface Scene {
  readonly crew: Crew;
  readonly ledger: Ledger;
  readonly fixture: UpstashFixture;
  /** As many minutes, the last of which is now. */
  readonly slots: readonly number[];
}

Deno.test({
  name: "the example's Worker stays small",
  // The bundler's process ends a little after it says so.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const { modules } = await requireRuntimes();
    await inFolder("baton-worker-", async (folder) => {
      const bytes = await buildExample(folder, modules);
      assert.ok(bytes > 1_000 && bytes <= BUDGET, `${bytes} bytes, minified and gzipped`);
    });
  },
});

Deno.test(`in once each of ${SLOTS} slots runs at most once, whoever dies and whatever is lost`, async () => {
  await withScene("once", async ({ crew, ledger, fixture, slots }) => {
    const [calm, rough] = await begin(crew, slots);
    for (const slot of calm) assert.deepEqual(await requestsOf(crew, fixture, slot), [1, 1, 1]);
    loseReplies(fixture);
    const answered: number[] = [];
    for (const [i, slot] of rough.entries()) {
      const outcomes = i % 20 === 10
        ? await killAtWork(crew, ledger, slot)
        : await crew.triggerAll(slot);
      if (outcomes.every((outcome) => outcome !== "exception")) answered.push(slot);
    }
    assert.ok(fixture.server.faults.count("drop-reply") > SLOTS / 10);
    // Everything once more, as a platform may.
    for (const slot of slots.filter((_, i) => i % 10 === 0)) await crew.triggerAll(slot);

    const runs = Map.groupBy(ledger.entries, ({ slot }) => slot);
    const twice = [...runs].filter(([, { length }]) => length > 1);
    assert.deepEqual(twice, [], "slots that ran more than once");
    const missed = [...calm, ...answered].filter((slot) => !runs.has(slot));
    assert.deepEqual(missed, [], "slots that did not run although every claim was answered");
    assert.ok(answered.length > rough.length * 0.9, `only ${answered.length} had an answer`);
    assert.ok(crew.replaced >= KILLS, `${crew.replaced} isolates were killed at work`);

    fixture.server.faults.clear();
    const [name = ""] = crew.names;
    const shown = (await crew.history(name)).map(({ slot }) => slot);
    assert.deepEqual(shown, [...runs.keys()].sort((a, b) => b - a).slice(0, 20));
  });
});

Deno.test(`in retry each of ${SLOTS} slots completes, each run with a larger token`, async () => {
  await withScene("retry", async ({ crew, ledger, fixture, slots }) => {
    const [calm, rough] = await begin(crew, slots);
    // The winner tells that it is done; the others ask once, as before.
    for (const slot of calm) assert.deepEqual(await requestsOf(crew, fixture, slot), [2, 1, 1]);
    loseReplies(fixture);
    for (const [i, slot] of rough.entries()) {
      if (i % 20 === 10) await killAtWork(crew, ledger, slot);
      else {
        if (i % 20 === 5) ledger.refuse(slot);
        await crew.triggerAll(slot);
      }
    }
    assert.ok(crew.replaced >= KILLS, `${crew.replaced} isolates were killed at work`);
    const unfinished = () => {
      const done = new Set(ledger.entries.filter((each) => each.finished).map(({ slot }) => slot));
      return slots.filter((slot) => !done.has(slot));
    };
    await until("every slot is done", async () => {
      for (const slot of unfinished()) await crew.triggerAll(slot);
      return unfinished().length === 0;
    });

    for (const [slot, runs] of Map.groupBy(ledger.entries, ({ slot }) => slot)) {
      const tokens = runs.map(({ token }) => token);
      const growing = tokens.every((token, i) => i === 0 || token > (tokens[i - 1] ?? 0));
      assert.ok(growing, `slot ${slot} ran with tokens ${tokens}`);
    }
    const again = ledger.entries.length - slots.length;
    assert.ok(
      again >= 2 * KILLS,
      `${again} runs were repeated; of twenty slots the first died or failed`,
    );
    const before = ledger.entries.length;
    await crew.triggerAll(slots.at(-1) ?? 0);
    assert.equal(ledger.entries.length, before, "a slot that is done does not run again");
  });
});

async function withScene(mode: string, work: (scene: Scene) => Promise<void>): Promise<void> {
  const installed = await requireRuntimes();
  await inFolder("baton-worker-", async (folder) => {
    const built = buildExample(folder, installed.modules);
    await built.then(() => build(folder, installed.modules));
    await withUpstash(async (fixture) => {
      const { url, token } = fixture.server;
      const address = { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token };
      const ledger = await startLedger();
      try {
        const bindings = { ...address, JOB: "job", MODE: mode, TTL };
        const crew = await startCrew(installed, folder, { bindings }, ledger);
        try {
          const now = Math.floor(Date.now() / MINUTE);
          const slots = Array.from({ length: SLOTS }, (_, i) => (now - SLOTS + 1 + i) * MINUTE);
          await work({ crew, ledger, fixture, slots });
        } finally {
          await crew.stop();
        }
      } finally {
        await ledger.stop();
      }
    });
  });
}

/** Runs the first slot, whose claim teaches a fresh Redis the script; some more are for counting. */
async function begin(crew: Crew, slots: readonly number[]): Promise<[number[], number[]]> {
  await crew.triggerAll(slots[0] ?? 0);
  return [slots.slice(1, 10), slots.slice(10)];
}

/** How many requests each isolate sends for the slot, one after the other: the first one wins. */
async function requestsOf(crew: Crew, { server }: UpstashFixture, slot: number): Promise<number[]> {
  const counts: number[] = [];
  for (const name of crew.names) {
    const before = server.requests;
    assert.equal(await crew.trigger(name, slot), "ok");
    counts.push(server.requests - before);
  }
  return counts;
}

function loseReplies({ server }: UpstashFixture): void {
  const random = chance(seedOfRun());
  server.faults.always(() => random() < 0.1 ? "drop-reply" : "pass");
}

/** Sends the event to all, and kills the isolate that runs it as soon as the run has begun. */
async function killAtWork(crew: Crew, ledger: Ledger, slot: number): Promise<string[]> {
  const arrived = ledger.hold(slot);
  const outcomes = crew.triggerAll(slot);
  const entry = await Promise.race([arrived, outcomes.then(() => undefined)]);
  // It may be that nobody's claim had an answer.
  if (entry) await crew.replace(entry.who);
  return await outcomes;
}

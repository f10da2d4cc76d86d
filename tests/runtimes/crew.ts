/**
 * Three isolates of the example's Worker, all of which get every event. One that is killed at work is
 * replaced at once by another that was started beforehand.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Installation } from "./install.ts";
import type { Objects } from "./miniflare_main.ts";
import { startWorkers } from "./runtimes.ts";
import type { Ledger } from "./work_ledger.ts";

/** What they run. */
export interface CrewOptions {
  /** The example's folder. */
  readonly example?: string;
  readonly bindings: Readonly<Record<string, unknown>>;
  readonly objects?: Objects;
}

/** What each of them ended with: `"ok"`, `"exception"`, or `"killed"`. */
export type Outcome = string;

/** The isolates. */
export interface Crew {
  /** The names of those at work. */
  readonly names: readonly string[];
  /** How many were killed and replaced. */
  readonly replaced: number;
  /** Sends the event to one. */
  trigger(name: string, slot: number): Promise<Outcome>;
  /** Sends the event to all. */
  triggerAll(slot: number): Promise<Outcome[]>;
  /** What one shows of the last runs. */
  history(name: string): Promise<readonly { readonly slot: number }[]>;
  /** Ends one, whatever it is doing, and puts another in its place. */
  replace(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** The compatibility date of an example. */
export async function dateOf(example: string): Promise<string> {
  const folder = new URL(`../../examples/${example}/`, import.meta.url);
  const settings = await readFile(new URL("wrangler.jsonc", folder), "utf8");
  const date = /"compatibility_date": "([^"]+)"/.exec(settings)?.[1];
  if (date === undefined) throw new Error("wrangler.jsonc gives no compatibility date");
  return date;
}

/** Starts them, and the next one. */
export async function startCrew(
  installed: Installation,
  folder: string,
  { example = "worker-cron-upstash", bindings, objects }: CrewOptions,
  ledger: Ledger,
): Promise<Crew> {
  const date = await dateOf(example);
  const workers = startWorkers(installed, folder);
  const killed = new Map<string, (outcome: Outcome) => void>();
  let made = 0;
  const start = async (): Promise<string> => {
    const name = `isolate-${++made}`;
    await workers.start(name, {
      date,
      modules: [join(folder, "example.mjs")],
      bindings: { ...bindings, TARGET_URL: ledger.url(name) },
      ...objects && { objects },
    });
    return name;
  };
  const names = await Promise.all([start(), start(), start()]);
  let spare = start();

  const trigger = async (name: string, slot: number): Promise<Outcome> => {
    // Whose isolate is gone may never hear of its event again.
    const end = new Promise<Outcome>((resolve) => killed.set(name, resolve));
    const outcome = workers.scheduled(name, slot).then(
      ({ outcome }) => outcome,
      () => "killed",
    );
    return await Promise.race([outcome, end]);
  };
  let replaced = 0;
  return {
    names,
    get replaced() {
      return replaced;
    },
    trigger,
    triggerAll: (slot) => Promise.all(names.map((name) => trigger(name, slot))),
    history: (name) => workers.fetch(name),
    async replace(name) {
      const ended = workers.end(name);
      names[names.indexOf(name)] = await spare;
      spare = start();
      await ended;
      replaced++;
      killed.get(name)?.("killed");
    },
    async stop() {
      await spare;
      await workers.stop();
    },
  };
}

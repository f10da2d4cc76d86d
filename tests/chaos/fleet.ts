/**
 * All clients: who they are, what they run in, and what they have written and counted.
 *
 * @module
 */

import { join } from "node:path";
import type { Installation } from "../runtimes/install.ts";
import type { Settings } from "./client.ts";
import { type Client, type Runtime, startClient } from "./client_process.ts";
import { type FakedClock, fakedClock } from "../servers/faked_clock.ts";
import type { Entry, TallyEntry } from "./history.ts";

/** What a fleet is made of. */
export interface FleetOptions {
  readonly folder: string;
  readonly installed: Installation;
  readonly runtimes: readonly Runtime[];
  readonly settings: Omit<Settings, "client" | "life" | "seed">;
  readonly seed: number;
  /** For clients whose clock is stepped. */
  readonly library?: string | undefined;
}

/** All counts of all lives of all clients. */
export type Sum = Omit<TallyEntry, "kind" | "by">;

/** The clients. */
export interface Fleet {
  readonly entries: readonly Entry[];
  readonly size: number;
  readonly sum: Sum;
  /** Those that are frozen now. */
  readonly paused: number;
  /** Whether it is one of those that live now, by its name in this life. */
  lives(who: string): boolean;
  /** Freezes one that is not frozen, if there is one, and wakes it later. */
  pause(dice: number, ms: number): void;
  /** Kills one and starts it anew. */
  replace(dice: number): Promise<void>;
  /** Steps the clock of each that has one of its own. */
  stepClocks(ms: number): void;
  /** Those that ended by themselves, or not well; there should be none. */
  readonly deserters: readonly string[];
  /** Wakes and ends them all. */
  stop(): Promise<void>;
}

/** Starts them. */
export function startFleet(options: FleetOptions): Fleet {
  const { folder, installed, runtimes, settings, seed } = options;
  const entries: Entry[] = [];
  /** The last of each life. */
  const tallies = new Map<string, TallyEntry>();
  const naps = new Set<ReturnType<typeof setTimeout>>();
  const lives = runtimes.map(() => 0);
  /** Of those in their present life, and only once they have taken the right time. */
  const clocks = new Map<string, FakedClock>();
  const deserters: string[] = [];

  const start = (place: number): Client => {
    const runtime = runtimes[place]!;
    const client = `${runtime}-${place}`;
    const life = ++lives[place]!;
    const own: Settings = { ...settings, client, life, seed: seed + 1_000 * place + life };
    const file = (name: string) => join(folder, name);
    const json = JSON.stringify(own);
    const commands: Record<Runtime, readonly [string, ...string[]]> = {
      node: [installed.node, file("process_main.mjs"), json],
      deno: [
        Deno.execPath(),
        "run",
        "-A",
        "--quiet",
        "--no-config",
        file("process_main.mjs"),
        json,
      ],
      stepped: [installed.node, file("process_main.mjs"), json],
      workerd: [
        installed.node,
        file("miniflare_main.mjs"),
        ...[json, installed.modules, file("worker.mjs")],
      ],
    };
    const [program, ...args] = commands[runtime];
    const who = `${client}.${life}`;
    const clock = runtime === "stepped" && options.library !== undefined
      ? fakedClock(options.library, file(`${who}.clock`))
      : undefined;
    return startClient({
      program,
      args,
      folder,
      who,
      ...(clock && { environment: clock.environment }),
      note: (entry) => {
        if (clock) clocks.set(client, clock);
        if (entry.kind !== "tally") return void entries.push(entry);
        tallies.set(entry.by, entry);
      },
    });
  };

  const clients = runtimes.map((_, place) => start(place));

  return {
    entries,
    size: clients.length,
    deserters,
    get sum() {
      return sumOf(tallies.values());
    },
    get paused() {
      return clients.filter(({ paused }) => paused).length;
    },
    lives: (who) =>
      runtimes.some((runtime, place) => who === `${runtime}-${place}.${lives[place]}`),
    pause(dice, ms) {
      const awake = clients.filter(({ paused, running }) => running && !paused);
      const client = awake[Math.floor(dice * awake.length)];
      if (!client) return;
      client.pause();
      const nap = setTimeout(() => {
        naps.delete(nap);
        client.resume();
      }, ms);
      naps.add(nap);
    },
    stepClocks(ms) {
      for (const clock of clocks.values()) clock.set(ms);
    },
    async replace(dice) {
      const place = Math.floor(dice * clients.length);
      await clients[place]!.kill();
      clocks.delete(`${runtimes[place]}-${place}`);
      clients[place] = start(place);
    },
    async stop() {
      for (const nap of naps) clearTimeout(nap);
      for (const [place, { running }] of clients.entries()) {
        if (!running) deserters.push(runtimes[place]!);
      }
      const complaints = await Promise.all(clients.map((client) => client.stop()));
      for (const said of complaints) if (said !== "") deserters.push(said);
    },
  };
}

function sumOf(tallies: Iterable<TallyEntry>): Sum {
  const sum = {
    ...{ operations: 0, unanswered: 0, turnedAway: 0, requests: 0 },
    ...{ granted: 0, refused: 0, lost: 0 },
  };
  const errors: Record<string, number> = {};
  for (const tally of tallies) {
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += tally[key];
    for (const [code, count] of Object.entries(tally.errors)) {
      errors[code] = (errors[code] ?? 0) + count;
    }
  }
  return { ...sum, errors };
}

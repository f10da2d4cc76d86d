/**
 * How much goes wrong, and whether a run gets on: acts are spread evenly over its operations, all drawn
 * from one seed.
 *
 * @module
 */

import { onClients, onClocks, onServer, reached, type Stage } from "./acts.ts";
import type { RefusalTime } from "./history.ts";
import { pause } from "./tools.ts";

/** How much is to go wrong. */
export interface Plan {
  readonly operations: number;
  readonly kills: number;
  readonly pauses: number;
  /** How often the server definitely refuses for a while. */
  readonly refusals: number;
  /** For how long at most, in ms, unless clients are slow to notice. */
  readonly refusalMs: number;
  readonly seed: number;
  /** Told now and then how far it has got. */
  readonly progress?: (said: string) => void;
}

/** What has gone wrong so far. */
export interface Damage {
  /** When the server was killed. */
  readonly kills: number[];
  /** How long it was down each time, in ms, from the kill to its first answer. */
  readonly down: number[];
  clientPauses: number;
  clientKills: number;
  serverPauses: number;
  /** When the server refused. */
  readonly refusals: RefusalTime[];
  /** When the server's clock was stepped. */
  readonly steps: number[];
  /** How often any clock was. */
  clockSteps: number;
  /** Why it stopped before it had done all; absent when it had. */
  trouble?: string;
}

/** A run in which nothing moves for so many ms has come to an end. */
const STALLED = 90_000;
/** How often it is told how far a run has got, in ms. */
const TELL = 15_000;

/** What a run must have met before it may end. */
export interface Wanted {
  /** What it has not met yet. `mark` is how many notes there were when all acts were done. */
  missing(mark: number): readonly string[];
  /** What nobody was seen to hold since then. */
  unheld(since: number): readonly string[];
}

/** Does it, until all is done and nothing is missing, or nothing moves any more. */
export async function rage(
  stage: Omit<Stage, "damage" | "over" | "unheld">,
  { missing, unheld }: Wanted,
  application: (over: AbortSignal) => Promise<void> = () => Promise.resolve(),
): Promise<Damage> {
  const damage: Damage = {
    ...{ kills: [], down: [], clientPauses: 0, clientKills: 0, serverPauses: 0 },
    ...{ refusals: [], steps: [], clockSteps: 0 },
  };
  const over = new AbortController();
  const give = (trouble: string) => {
    damage.trouble ??= trouble;
    over.abort();
  };
  const { fleet } = stage;
  const all: Stage = { ...stage, damage, over: over.signal, unheld };
  let mark = 0;
  const lacks = () => missing(mark);
  const watch = watchman(all, lacks, give);
  const beside = [onClocks(all), application(over.signal)];
  const acts = [onServer, onClients].map((act) => act(all).catch((error) => give(String(error))));
  await Promise.all(acts);
  await reached(all, 1);
  mark = fleet.entries.length;
  while (lacks().length > 0 && !over.signal.aborted) await pause(100);
  over.abort();
  await Promise.all([watch, ...beside]);
  return damage;
}

/** Ends a run that does not get on. */
async function watchman(
  { plan, damage, fleet, over, unheld }: Stage,
  missing: () => readonly string[],
  give: (trouble: string) => void,
): Promise<void> {
  let seen = "";
  let told = performance.now();
  let since = performance.now();
  while (!over.aborted) {
    const { operations } = fleet.sum;
    const done = Math.min(operations, plan.operations);
    const refusal = damage.refusals.at(-1);
    const again = refusal && refusal.to < Infinity ? unheld(refusal.to) : [];
    const lacks = [...new Set([...again, ...missing()])].map((what) => `, nothing ${what}`).join(
      "",
    );
    const now =
      `${done} operations, ${damage.kills.length} kills, ${damage.clientPauses} pauses, ` +
      `${damage.refusals.length} refusals${lacks}`;
    const still = refusal?.to === Infinity && Date.now() < refusal.from + plan.refusalMs;
    if (now !== seen || still) [seen, since] = [now, performance.now()];
    if (performance.now() - told > TELL) {
      told = performance.now();
      plan.progress?.(now);
    }
    if (performance.now() - since > STALLED) give(`nothing moved for ${STALLED} ms after ${now}`);
    await pause(500);
  }
}

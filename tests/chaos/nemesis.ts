/**
 * What goes wrong, and when: kills and pauses of the server and of clients, spread evenly over the
 * operations of the run, all drawn from one seed.
 *
 * @module
 */

import { chance } from "../tools/chance.ts";
import type { Server } from "../backends/mod.ts";
import type { FakedClock } from "../servers/faked_clock.ts";
import type { Fleet } from "./fleet.ts";
import { pause } from "./tools.ts";

/** How much is to go wrong. */
export interface Plan {
  readonly operations: number;
  readonly kills: number;
  readonly pauses: number;
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
  /** When the server's clock was stepped. */
  readonly steps: number[];
  /** How often any clock was. */
  clockSteps: number;
  /** Why it stopped before it had done all; absent when it had. */
  trouble?: string;
}

/** The longest pause of a client, in ms: about three of its ttls. */
const LONGEST_NAP = 4_500;
/** The longest pause of a server, in ms. */
const LONGEST_FREEZE = 2_000;
/** What a server is given to work between two blows, in ms. */
const BREATH = 400;
/** For every so many pauses of clients one is killed, and for so many kills of the server it is paused. */
const [PAUSES_PER_KILL, KILLS_PER_PAUSE] = [10, 2];
/** A run in which nothing moves for so many ms has come to an end. */
const STALLED = 90_000;
/** How often it is told how far a run has got, in ms. */
const TELL = 15_000;

/** How far the server's clock is stepped at a time, in ms. */
const STEP = 450;
/** From one step to the next, in ms: longer than any ttl, so that no lease sees two. */
const STEPS_APART = 9_000;
/** How far a client's clock is stepped, in ms, and more often than a lease ends. */
const CLIENT_STEP = 30_000;
const CLIENT_STEPS_APART = 1_500;

/**
 * Does it, until all is done and `missing` names nothing, or nothing moves any more. `clock` is the
 * server's, to be stepped.
 */
export async function rage(
  plan: Plan,
  server: Server,
  fleet: Fleet,
  missing: () => readonly string[],
  clock?: FakedClock,
): Promise<Damage> {
  const damage: Damage = {
    kills: [],
    down: [],
    clientPauses: 0,
    clientKills: 0,
    serverPauses: 0,
    steps: [],
    clockSteps: 0,
  };
  const over = new AbortController();
  const give = (trouble: string) => {
    damage.trouble ??= trouble;
    over.abort();
  };
  const watch = watchman(plan, damage, fleet, missing, over.signal, give);
  const stepping = clock && onClocks(plan, clock, fleet, damage, over.signal);
  const acts = [onServer, onClients].map((act) =>
    act(plan, server, fleet, damage, over.signal).catch((error) => give(String(error)))
  );
  await Promise.all(acts);
  await reached(plan, fleet, 1, over.signal);
  while (missing().length > 0 && !over.signal.aborted) await pause(100);
  over.abort();
  await Promise.all([watch, stepping]);
  return damage;
}

/** Waits until this part of all operations is done. */
async function reached(plan: Plan, fleet: Fleet, part: number, over: AbortSignal): Promise<void> {
  while (fleet.sum.operations < plan.operations * part && !over.aborted) await pause(20);
}

async function onServer(
  plan: Plan,
  server: Server,
  fleet: Fleet,
  damage: Damage,
  over: AbortSignal,
): Promise<void> {
  const random = chance(plan.seed + 1);
  for (let i = 0; i < plan.kills && !over.aborted; i++) {
    if (i % KILLS_PER_PAUSE === 0) {
      await reached(plan, fleet, i / plan.kills, over);
      server.pause();
      damage.serverPauses++;
      await pause(LONGEST_FREEZE * random() ** 2);
      server.resume();
      await pause(BREATH);
    }
    await reached(plan, fleet, (i + random()) / plan.kills, over);
    if (over.aborted) return;
    const start = performance.now();
    damage.kills.push(Date.now());
    await server.kill(random());
    await server.restart();
    damage.down.push(performance.now() - start);
    await pause(BREATH);
  }
}

async function onClients(
  plan: Plan,
  _server: Server,
  fleet: Fleet,
  damage: Damage,
  over: AbortSignal,
): Promise<void> {
  const random = chance(plan.seed + 2);
  for (let i = 1; i <= plan.pauses && !over.aborted; i++) {
    await reached(plan, fleet, (i - random()) / plan.pauses, over);
    // Others must go on, or nobody would take what the frozen ones hold.
    while (fleet.paused >= fleet.size / 2 && !over.aborted) await pause(10);
    if (over.aborted) return;
    fleet.pause(random(), LONGEST_NAP * random() ** 2);
    damage.clientPauses++;
    if (i % PAUSES_PER_KILL > 0) continue;
    await fleet.replace(random());
    damage.clientKills++;
  }
}

/** Steps the server's clock as far as clients were told that it may be, and those of clients further. */
async function onClocks(
  plan: Plan,
  clock: FakedClock,
  fleet: Fleet,
  damage: Damage,
  over: AbortSignal,
): Promise<void> {
  const random = chance(plan.seed + 3);
  let ahead = 0;
  let next = STEPS_APART;
  for (let passed = 0; !over.aborted; passed += CLIENT_STEPS_APART) {
    await pause(CLIENT_STEPS_APART);
    fleet.stepClocks(CLIENT_STEP * (2 * random() - 1));
    damage.clockSteps++;
    if (passed < next) continue;
    next = passed + STEPS_APART;
    damage.steps.push(Date.now());
    clock.set(ahead += STEP * (2 * random() - 1));
    damage.clockSteps++;
  }
}

/** Ends a run that does not get on. */
async function watchman(
  plan: Plan,
  damage: Damage,
  fleet: Fleet,
  missing: () => readonly string[],
  over: AbortSignal,
  give: (trouble: string) => void,
): Promise<void> {
  let seen = "";
  let told = performance.now();
  let since = performance.now();
  while (!over.aborted) {
    const { operations } = fleet.sum;
    const done = Math.min(operations, plan.operations);
    const lacks = missing().map((what) => `, nothing ${what}`).join("");
    const now =
      `${done} operations, ${damage.kills.length} kills, ${damage.clientPauses} pauses${lacks}`;
    if (now !== seen) [seen, since] = [now, performance.now()];
    if (performance.now() - told > TELL) {
      told = performance.now();
      plan.progress?.(now);
    }
    if (performance.now() - since > STALLED) give(`nothing moved for ${STALLED} ms after ${now}`);
    await pause(500);
  }
}

/**
 * What can be done to a run: the server is killed, frozen and made to refuse, clients are frozen and
 * killed, and clocks are stepped.
 *
 * @module
 */

import type { Server } from "../backends/mod.ts";
import type { FakedClock } from "../servers/faked_clock.ts";
import { chance } from "../tools/chance.ts";
import type { Fleet } from "./fleet.ts";
import type { Damage, Plan } from "./nemesis.ts";
import { pause } from "./tools.ts";

/** What there is to act on. */
export interface Stage {
  readonly plan: Plan;
  readonly server: Server;
  readonly fleet: Fleet;
  readonly damage: Damage;
  /** The server's clock, to be stepped. */
  readonly clock?: FakedClock | undefined;
  /** Aborts when the run is over. */
  readonly over: AbortSignal;
  /** What nobody was seen to hold since then. */
  readonly unheld: (since: number) => readonly string[];
}

/** The longest pause of a client, in ms: about three of its ttls. */
const LONGEST_NAP = 4_500;
/** The longest pause of a server, in ms. */
const LONGEST_FREEZE = 2_000;
/** What a server is given to work between two blows, in ms. */
const BREATH = 400;
/** For every so many pauses of clients one is killed, and for so many kills of the server it is paused. */
const [PAUSES_PER_KILL, KILLS_PER_PAUSE] = [10, 2];

/** How far the server's clock is stepped at a time, in ms. */
const STEP = 450;
/** From one step to the next, in ms: longer than any ttl, so that no lease sees two. */
const STEPS_APART = 9_000;
/** How far a client's clock is stepped, in ms, and more often than a lease ends. */
const CLIENT_STEP = 30_000;
const CLIENT_STEPS_APART = 1_500;

/** Waits until this part of all operations is done. */
export async function reached({ plan, fleet, over }: Stage, part: number): Promise<void> {
  while (fleet.sum.operations < plan.operations * part && !over.aborted) await pause(20);
}

/** Kills, freezes and refusals of the server, one at a time. */
export async function onServer(stage: Stage): Promise<void> {
  let last: Promise<unknown> = Promise.resolve();
  const alone: Alone = (act) => {
    const mine = last.then(act);
    last = mine.catch(() => {});
    return mine;
  };
  await Promise.all([kill(stage, alone), refuse(stage, alone)]);
}

/** Does something to the server once nobody else does. */
type Alone = (act: () => Promise<void>) => Promise<void>;

async function kill(stage: Stage, alone: Alone): Promise<void> {
  const { plan, server, damage, over } = stage;
  const random = chance(plan.seed + 1);
  for (let i = 0; i < plan.kills && !over.aborted; i++) {
    if (i % KILLS_PER_PAUSE === 0) {
      await reached(stage, i / plan.kills);
      await alone(async () => {
        server.pause();
        damage.serverPauses++;
        await pause(LONGEST_FREEZE * random() ** 2);
        server.resume();
        await pause(BREATH);
      });
    }
    await reached(stage, (i + random()) / plan.kills);
    if (over.aborted) return;
    await alone(async () => {
      const start = performance.now();
      damage.kills.push(Date.now());
      await server.kill(random());
      await server.restart();
      damage.down.push(performance.now() - start);
      await pause(BREATH);
    });
  }
}

/** Each refusal lasts for its time, and until each client was turned away; then all must get on again. */
async function refuse(stage: Stage, alone: Alone): Promise<void> {
  const { plan, server, fleet, damage, over, unheld } = stage;
  const { refusals, refusalMs, seed } = plan;
  const random = chance(seed + 4);
  for (let i = 0; i < refusals && !over.aborted; i++) {
    await reached(stage, (i + random()) / refusals);
    if (over.aborted) return;
    await alone(async () => {
      // Clients meet it before we know that it has begun.
      const from = Date.now();
      // Spread over all that there are.
      const { why, unauthorized, end } = await server.refuse((i + random()) / refusals);
      const time = { why, unauthorized, from, to: Infinity };
      damage.refusals.push(time);
      const [before, until] = [fleet.sum.turnedAway, time.from + refusalMs * (0.5 + random() / 2)];
      const isOver = () => Date.now() >= until && fleet.sum.turnedAway >= before + fleet.size;
      while (!isOver() && !over.aborted) await pause(100);
      await end();
      time.to = Date.now();
      await pause(BREATH);
    });
    const since = Date.now();
    while (unheld(since).length > 0 && !over.aborted) await pause(100);
  }
}

/** Clients are frozen and killed. */
export async function onClients(stage: Stage): Promise<void> {
  const { plan, fleet, damage, over } = stage;
  const random = chance(plan.seed + 2);
  for (let i = 1; i <= plan.pauses && !over.aborted; i++) {
    await reached(stage, (i - random()) / plan.pauses);
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
export async function onClocks({ plan, clock, fleet, damage, over }: Stage): Promise<void> {
  if (!clock) return;
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

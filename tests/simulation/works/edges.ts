/**
 * Cron jobs whose slots are triggered as early and as late as `retain` allows, each by its own wall
 * clock.
 *
 * @module
 */

import { codeOf } from "../../../errors.ts";
import { BEGIN } from "../clock.ts";
import { between } from "../dice.ts";
import type { Laws } from "../laws.ts";
import type { Member, Work } from "../member.ts";
import type { Runs } from "./slots.ts";

/** For how long slots are remembered, in ms: so long that 1 % of it, early and late, is a ttl. */
const RETAIN = 30_000;
/** The first slot and the last, in ms from the beginning: clocks half a minute fast or slow see both edges. */
const [FIRST, LAST] = [61_000, 66_000];
/** From one slot to the next, in ms. */
const APART = 5_000;
/** From one trigger of a slot to the next, in ms, and how long before and after an edge they come. */
const [PAUSE, AROUND] = [30, 200];

/** Triggers each slot at both edges. */
export function edges(jobs: readonly Runs[], laws: Laws): Work {
  return async (member) => {
    const triggers: Promise<void>[] = [];
    for (let at = FIRST; at <= LAST; at += APART) {
      const runs = jobs[(at / APART | 0) % jobs.length] as Runs;
      for (const edge of [-RETAIN, RETAIN]) {
        triggers.push(around(member, runs, BEGIN + at, edge, laws));
      }
    }
    await Promise.all(triggers);
  };
}

/** Triggers a slot again and again around one edge. */
async function around(
  member: Member,
  runs: Runs,
  slot: number,
  edge: number,
  laws: Laws,
): Promise<void> {
  const { host, random } = member;
  const wait = slot + edge - AROUND - host.wall();
  // A later life has missed it.
  if (wait < 0) return;
  await member.sleep(wait + random() * PAUSE);
  while (!member.stopped.aborted && host.wall() < slot + edge + AROUND) {
    await member.tolerate(() => trigger(member, runs, slot, laws));
    await member.sleep(PAUSE);
  }
}

async function trigger(member: Member, runs: Runs, slot: number, laws: Laws): Promise<void> {
  const { host, random, coordinator } = member;
  const { job, mode } = runs;
  try {
    const { outcome } = await coordinator.cron(job).run(
      { slot, mode, retain: RETAIN },
      async ({ token }) => {
        runs.begin(slot, token, host.name);
        await member.sleep(between(random, 0, 100));
        runs.end(slot, token);
      },
    );
    if (outcome === "skipped") laws.saw("a trigger at an edge was refused its slot");
  } catch (error) {
    if (codeOf(error) !== "invalid-argument") throw error;
    laws.saw(`a trigger came too ${host.wall() < slot ? "early" : "late"} for retain`);
  }
}

/**
 * Leaders: everybody campaigns for every group, and whoever wins leads for a while.
 *
 * @module
 */

import type { Leadership } from "../../coordination/election/leader_loop.ts";
import {
  believeFor,
  coordinatorOf,
  pause,
  readAndWrite,
  repeat,
  type Tools,
  ttlOf,
} from "./tools.ts";

/** The groups that want a leader. */
export const LED: readonly string[] = ["x", "y"];

/** Campaigns, leads, stands down, and again. */
export async function lead(tools: Tools, group: string): Promise<void> {
  const { random, diary, stop } = tools;
  const baton = coordinatorOf(tools, `lead-${group}`);
  await repeat(tools, async () => {
    const ttl = ttlOf(tools, random());
    const what = `leader:${group}`;
    const sent = diary.now();
    let own: unknown;
    const work = async ({ term, signal, confirm }: Leadership) => {
      const held = diary.hold({ what, mode: "leader", token: term, ttl, sent });
      const stay = () => believeFor(tools, held, () => !signal.aborted, ttl * random() ** 2);
      await readAndWrite(tools, what, term, stay);
      if (random() < 0.3) await confirm();
      await stay();
      held.end();
    };
    const noted = (leadership: Leadership) =>
      work(leadership).catch((error) => {
        own = error;
        throw error;
      });
    await baton.lead(group, noted, { ttl, signal: stop }).catch((error) => {
      // Whatever the backend does, a candidate goes on until it is told to stop.
      if (error !== own && !stop.aborted) diary.odd(`lead() ended by itself: ${error}`);
      throw error;
    });
    await pause(200 * random());
  });
}

/**
 * Leaders: everybody campaigns for every group, and whoever wins leads for a while.
 *
 * @module
 */

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
    await baton.lead(group, async ({ term, signal, confirm }) => {
      const held = diary.hold({ what, mode: "leader", token: term, ttl, sent });
      const stay = () => believeFor(tools, held, () => !signal.aborted, ttl * random() ** 2);
      await readAndWrite(tools, what, term, stay);
      if (random() < 0.3) await confirm();
      await stay();
      held.end();
    }, { ttl, signal: stop });
    await pause(200 * random());
  });
}

/**
 * Cron: every client triggers every slot, some late, some twice; some runs throw.
 *
 * @module
 */

import type { Run } from "../../coordination/cron/types.ts";
import {
  believeFor,
  coordinatorOf,
  oneOf,
  pause,
  readAndWrite,
  repeat,
  type Tools,
  ttlOf,
} from "./tools.ts";

const JOBS = ["j", "k", "l"];
/** How far apart slots are, in ms. */
const EVERY = { once: 500, retry: 2_000 };
/** For how long a slot is remembered, in ms; nobody is later than that. */
const RETAIN = 120_000;

/** What a run throws that wants another to try. */
class Unlucky extends Error {}

/** Triggers slots of now and of a little before. */
export async function runSlots(tools: Tools, mode: "once" | "retry"): Promise<void> {
  const { random, diary } = tools;
  const baton = coordinatorOf(tools, mode);
  await repeat(tools, async () => {
    await pause(EVERY[mode] * random() / 2);
    const name = `${mode}-${oneOf(JOBS, random)}`;
    const late = random() < 0.3 ? Math.floor(4 * random()) : 0;
    const slot = (Math.floor(Date.now() / EVERY[mode]) - late) * EVERY[mode];
    const ttl = ttlOf(tools, random());
    const sent = diary.now();
    const work = (run: Run) => {
      diary.tell({ kind: "begin", job: name, slot, mode, token: run.token, sent, at: diary.now() });
      return mode === "once" ? pause(100 * random()) : retried(tools, name, run, ttl, sent);
    };
    try {
      await baton.cron(name).run({ slot, mode, ttl, retain: RETAIN }, work);
    } catch (error) {
      if (!(error instanceof Unlucky)) throw error;
    }
  });
}

/** A run that another may have to take over. */
async function retried(
  tools: Tools,
  job: string,
  { slot, token, signal }: Run,
  ttl: number,
  sent: number,
): Promise<void> {
  const { random, diary } = tools;
  const what = `cron:${job}/${slot}`;
  const held = diary.hold({ what, mode: "run", token, ttl, sent });
  const stay = () => believeFor(tools, held, () => !signal.aborted, ttl * random() ** 2);
  await readAndWrite(tools, what, token, stay);
  await stay();
  held.end();
  if (random() < 0.3) throw new Unlucky();
}

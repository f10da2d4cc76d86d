/**
 * A client: every workload at once, over one driver, until it is told to stop.
 *
 * @module
 */

import { chance } from "../tools/chance.ts";
import { open } from "../backends/address.ts";
import { Diary, type Tell } from "./diary.ts";
import { observed } from "./observed.ts";
import { pause, type Tools } from "./tools.ts";
import { beMember } from "./work_groups.ts";
import { lead, LED } from "./work_leaders.ts";
import { workUnderLocks, workUnderPermits } from "./work_locks.ts";
import { runSlots } from "./work_slots.ts";
import { beStopped } from "./work_stops.ts";
import { work } from "./work_volume.ts";

/** What a client is told on its command line. */
export interface Settings extends Pick<Tools, "registerUrl" | "step" | "volume"> {
  readonly client: string;
  /** Which of its lives this is. */
  readonly life: number;
  readonly seed: number;
  /** Where the backend is, as `getCoordinator()` takes it. */
  readonly url: string;
}

/** How long it may take to end, in ms, before it ends anyhow. */
const PATIENCE = 4_000;
/** How often it sums up, in ms. */
const SUM = 250;

/** Runs until the signal aborts. `now` is a clock that is the same for all clients. */
export async function runClient(
  settings: Settings,
  stop: AbortSignal,
  tell: Tell,
  now: () => number,
): Promise<void> {
  const who = `${settings.client}.${settings.life}`;
  const diary = new Diary(who, now, tell);
  const tools: Tools = {
    ...settings,
    who,
    driver: observed(await open(settings.url), diary),
    diary,
    random: chance(settings.seed),
    stop,
  };
  const works = [
    workUnderLocks(tools, 1),
    workUnderLocks(tools, 2),
    workUnderPermits(tools),
    ...LED.map((group) => lead(tools, group)),
    runSlots(tools, "once"),
    runSlots(tools, "retry"),
    beMember(tools),
    beStopped(tools),
    work(tools),
  ].map((each) => each.catch((error) => diary.failed(error)));
  const sums = setInterval(() => diary.sum(), SUM);
  const ended = Promise.all(works);
  await new Promise<void>((resolve) => {
    if (stop.aborted) resolve();
    else stop.addEventListener("abort", () => resolve(), { once: true });
  });
  await Promise.race([ended, pause(PATIENCE)]);
  clearInterval(sums);
  diary.sum();
}

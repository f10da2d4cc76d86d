/**
 * What happens to the leader: it is killed, frozen past its ttl, killed again. Each blow falls between two
 * slots, so that slots only run late. (A worker that is killed between its claim and its run leaves
 * that slot unrun, and nobody runs it later: that is what "at most once" means.)
 */

import type { Crew } from "./crew.ts";
import { SECOND } from "./messages.ts";
import type { Story } from "./story.ts";
import { pause } from "./pause.ts";

/** One blow. */
interface Blow {
  readonly what: "SIGKILL" | "SIGSTOP";
  /** When it is due, as a fraction of the demo. */
  readonly part: number;
}

const BLOWS: readonly Blow[] = [
  { what: "SIGKILL", part: 0.2 },
  { what: "SIGSTOP", part: 0.45 },
  { what: "SIGKILL", part: 0.7 },
];

/** How long after the whole second a blow falls, in ms. */
const AFTER_SLOT = 350;
/** How long after a kill another worker is started, in ms. */
const REPLACE_AFTER = 700;
/** How long an election may take beyond the ttl, in ms. */
const ELECTION = 200;

/** What chaos works with. */
export interface Stage {
  readonly crew: Crew;
  readonly story: Story;
  readonly seconds: number;
  readonly leaderTtl: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** How long a leader is frozen, in ms: longer than its ttl, so that another leads when it wakes. */
export function pauseLength(leaderTtl: number): number {
  return Math.min(leaderTtl + 1_000, leaderTtl * 1.75);
}

/** Deals all blows that fit, and notes which do not. Rejects when the signal aborts. */
export async function chaos(stage: Stage): Promise<void> {
  const { story, seconds, leaderTtl, now, signal } = stage;
  const aftermath: Promise<void>[] = [];
  for (const { what, part } of BLOWS) {
    const due = Math.floor(part * seconds) * SECOND + AFTER_SLOT;
    await pause(due - now(), signal);
    const needed = (what === "SIGKILL" ? leaderTtl : pauseLength(leaderTtl)) + ELECTION;
    const leader = await leaderBefore(seconds * SECOND - needed, stage);
    if (leader === undefined) {
      story.note(now(), `no ${what} this time: the demo ends too soon for it`);
      continue;
    }
    const ends = (what === "SIGKILL" ? kill : freeze)(leader, stage);
    // Awaited only below: until then a Ctrl-C that ends it must not be an unhandled rejection.
    ends.catch(() => {});
    aftermath.push(ends);
  }
  await Promise.all(aftermath);
}

/** The leader, once it has had time to catch up; `undefined` if nobody leads before `time`. */
async function leaderBefore(
  time: number,
  { story, now, signal }: Stage,
): Promise<string | undefined> {
  while (now() <= time) {
    const leader = story.workers.get(story.leader ?? "");
    if (leader && now() - leader.since >= AFTER_SLOT) return leader.name;
    await pause(20, signal);
  }
  return undefined;
}

async function kill(leader: string, { crew, signal }: Stage): Promise<void> {
  crew.kill(leader);
  await pause(REPLACE_AFTER, signal);
  crew.start(leader);
}

async function freeze(leader: string, { crew, leaderTtl, signal }: Stage): Promise<void> {
  crew.pause(leader);
  await pause(pauseLength(leaderTtl), signal);
  await crew.resume(leader);
}

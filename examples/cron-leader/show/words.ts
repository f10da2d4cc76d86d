/** Events in words, one line each. */

import type { Happening } from "./messages.ts";
import type { Story } from "./story.ts";

/** `1.42 s`. */
export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}

/** The time of an event, padded to a column. */
export function clock(at: number): string {
  return (at < 0 ? "start" : seconds(at)).padStart(9);
}

/** Whether it belongs in the board's log: all but the runs, which the strip shows. */
export function isRare({ type }: Happening): boolean {
  return type !== "ran" && type !== "skipped" && type !== "ready" && type !== "stood-down";
}

/** The event in words; `undefined` for events that need none. Call it right after the event was added. */
export function inWords(happening: Happening, story: Story): string | undefined {
  if (happening.type === "note") return happening.text;
  const { worker } = happening;
  switch (happening.type) {
    case "started":
      return happening.replaces === undefined
        ? `${worker} starts (pid ${happening.pid})`
        : `${worker} starts (pid ${happening.pid}) to replace ${happening.replaces}`;
    case "ready":
      return undefined;
    case "elected":
      return elected(worker, happening.term, story);
    case "leadership-lost":
      return lost(worker, happening.at, happening.term, story);
    case "stood-down":
      return `${worker} stands down (term ${happening.term})`;
    case "ran":
      return `slot ${story.index(happening.slot)} ran on ${worker}, token ${happening.token}`;
    case "skipped":
      return `${worker} skips slot ${
        story.index(happening.slot)
      }: ${happening.holder} had claimed it`;
    case "killed":
      return `SIGKILL: the leader, ${worker}, is killed`;
    case "paused":
      return `SIGSTOP: the leader, ${worker}, is frozen for longer than its lease`;
    case "resumed":
      return `SIGCONT: ${worker} wakes up`;
    case "ended":
      if (story.workers.get(worker)?.state === "killed") return undefined;
      return `${worker} ended unexpectedly${happening.message && `: ${happening.message}`}`;
    case "trouble":
      return `${worker}: ${happening.message}`;
  }
}

function elected(worker: string, term: number, story: Story): string {
  const takeover = story.takeovers.at(-1);
  if (takeover?.term !== term) return `${worker} leads, term ${term}`;
  const after = takeover.took === undefined
    ? ""
    : ` after ${seconds(takeover.took)} without a leader`;
  return `${worker} leads${after}, term ${term}`;
}

function lost(worker: string, at: number, term: number, story: Story): string {
  const awakening = story.awakenings.at(-1);
  const happening = story.happenings.at(-1);
  const woken = awakening?.worker === worker && happening?.at === at;
  return woken
    ? `${worker} knows that it lost term ${term}, ${Math.ceil(awakening.took)} ms after it woke`
    : `${worker} lost term ${term}`;
}

/** What happened, in words; one line each. */

import type { Happening } from "./messages.ts";
import type { Story } from "./story.ts";

/** `1.42 s`. */
export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}

/** When, in a column of its own. */
export function clock(at: number): string {
  return (at < 0 ? "start" : seconds(at)).padStart(9);
}

/** Whether it belongs in a short log: everything but the runs, which have a picture of their own. */
export function isRare({ type }: Happening): boolean {
  return type !== "ran" && type !== "skipped" && type !== "ready" && type !== "stood-down";
}

/** What happened; `undefined` for what is worth no words. Ask right after it was added. */
export function inWords(happening: Happening, story: Story): string | undefined {
  if (happening.type === "note") return happening.text;
  const { worker } = happening;
  switch (happening.type) {
    case "started":
      return happening.replaces === undefined
        ? `${worker} starts (pid ${happening.pid})`
        : `${worker} starts (pid ${happening.pid}), in place of ${happening.replaces}`;
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
      return `${worker} skips slot ${story.index(happening.slot)}: ${happening.holder} has it`;
    case "killed":
      return `SIGKILL ${worker}, the leader`;
    case "paused":
      return `SIGSTOP ${worker}, the leader: frozen past its ttl`;
    case "resumed":
      return `SIGCONT ${worker}`;
    case "ended":
      if (story.workers.get(worker)?.state === "killed") return undefined;
      return `${worker} ended by itself${happening.message && `: ${happening.message}`}`;
    case "trouble":
      return `${worker}: ${happening.message}`;
  }
}

function elected(worker: string, term: number, story: Story): string {
  const takeover = story.takeovers.at(-1);
  if (takeover?.term !== term) return `${worker} leads, term ${term}`;
  const later = takeover.took === undefined ? "" : `${seconds(takeover.took)} later `;
  return `${later}${worker} leads, term ${term}`;
}

function lost(worker: string, at: number, term: number, story: Story): string {
  const awakening = story.awakenings.at(-1);
  const happening = story.happenings.at(-1);
  const woken = awakening?.worker === worker && happening?.at === at;
  return woken
    ? `${worker}, awake for ${Math.ceil(awakening.took)} ms, knows that it lost term ${term}`
    : `${worker} lost term ${term}`;
}

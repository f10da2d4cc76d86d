/**
 * Slots of cron jobs.
 *
 * @module
 */

import type { Finding } from "./checks.ts";
import type { BeginEntry, Entry, History } from "./history.ts";

type Begin = BeginEntry & Entry;

function runsOf({ entries }: History, mode: BeginEntry["mode"]): Map<string, Begin[]> {
  const begun = entries.filter((entry): entry is Begin =>
    entry.kind === "begin" && entry.mode === mode
  );
  const slots = Map.groupBy(begun, ({ job, slot }) => `${job} ${slot}`);
  for (const runs of slots.values()) runs.sort((a, b) => a.at - b.at);
  return slots;
}

export function* onceIsOnce(history: History): Iterable<Finding> {
  for (const [slot, [first, ...others]] of runsOf(history, "once")) {
    for (const again of others) {
      yield {
        message: `${slot} began twice`,
        entries: [first!, again],
        unlessForgotten: [first!.sent, again.at],
      };
    }
  }
}

/** That runs do not overlap is for their windows to show. */
export function* retriesAreOrdered(history: History): Iterable<Finding> {
  for (const [slot, runs] of runsOf(history, "retry")) {
    for (const [i, run] of runs.entries()) {
      const before = runs.slice(0, i).find(({ token, at }) =>
        token === run.token || (token > run.token && at < run.sent)
      );
      if (!before) continue;
      const message = `${slot}: a run with token ${run.token} came after one with ${before.token}`;
      yield { message, entries: [before, run] };
    }
  }
}

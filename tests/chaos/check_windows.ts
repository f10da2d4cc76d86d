/**
 * Who certainly believed when: from the grant until the last instant at which the client, asked, said
 * that it holds.
 *
 * @module
 */

import type { Finding } from "./checks.ts";
import type { Entry, History, HoldEntry } from "./history.ts";

/** A stretch of belief. */
export interface Window {
  readonly hold: HoldEntry & { readonly who: string };
  readonly from: number;
  /** The last sample. */
  to: number;
  /** Its samples and its end. */
  readonly entries: Entry[];
  ended: boolean;
}

/** All stretches, those without a single sample included. */
export function windowsOf(entries: readonly Entry[]): Window[] {
  const windows = new Map<string, Window>();
  for (const entry of entries) {
    if (entry.kind === "hold") {
      windows.set(entry.handle, {
        hold: entry,
        from: entry.at,
        to: entry.at,
        entries: [entry],
        ended: false,
      });
    } else if (entry.kind === "seen" || entry.kind === "end") {
      const window = windows.get(entry.handle);
      if (!window) continue;
      window.entries.push(entry);
      if (entry.kind === "seen" && !window.ended) window.to = Math.max(window.to, entry.at);
      if (entry.kind === "end") window.ended = true;
    }
  }
  return [...windows.values()];
}

/** The windows of each thing that is held, by when they begin. */
function byThing(history: History): Map<string, Window[]> {
  const windows = windowsOf(history.entries).filter(({ from, to }) => to > from);
  return Map.groupBy(windows.sort((a, b) => a.from - b.from), ({ hold }) => hold.what);
}

/** What shows a window in a report: how it began, and the last of it. */
function evidence({ entries }: Window): Entry[] {
  return entries.length > 3 ? [...entries.slice(0, 1), ...entries.slice(-2)] : entries;
}

export function* windowsAreDisjoint(history: History): Iterable<Finding> {
  for (const [what, windows] of byThing(history)) {
    let open: Window[] = [];
    for (const window of windows) {
      open = open.filter(({ to }) => to > window.from);
      const { mode, most = 1 } = window.hold;
      const others = open.filter(({ hold }) => mode !== "shared" || hold.mode !== "shared");
      open.push(window);
      if (others.length < most) continue;
      const ttl = Math.max(...[window, ...others].map(({ hold }) => hold.ttl));
      yield {
        message: `${what}: ${others.length + 1} believe at ${window.from}, ${most} may`,
        entries: [...others, window].flatMap(evidence),
        // Whoever believes was acknowledged within its ttl.
        unlessForgotten: [window.from - ttl, window.from],
      };
    }
  }
}

export function* beliefEndsOnce(history: History): Iterable<Finding> {
  for (const { hold, entries } of windowsOf(history.entries)) {
    const end = entries.findIndex(({ kind }) => kind === "end");
    const later = end < 0 ? undefined : entries.slice(end + 1).find(({ kind }) => kind === "seen");
    if (!later) continue;
    const told = [hold, ...entries.slice(end, end + 1), later];
    yield { message: `${hold.what}: held again after it had ended`, entries: told };
  }
}

export function* termsAreUnique(history: History): Iterable<Finding> {
  const leaders = windowsOf(history.entries).filter(({ hold }) => hold.mode === "leader");
  for (const [what, windows] of Map.groupBy(leaders, ({ hold }) => hold.what)) {
    const terms = new Map<number, Window>();
    let before: Window | undefined;
    for (const window of windows.sort((a, b) => a.from - b.from)) {
      const { hold, from } = window;
      const other = terms.get(hold.token);
      const both = (first: Window) => [...evidence(first), ...evidence(window)];
      if (other) yield { message: `${what}: two lead in term ${hold.token}`, entries: both(other) };
      terms.set(hold.token, window);
      if (before && before.to < from && before.hold.token > hold.token) {
        yield {
          message: `${what}: term ${hold.token} comes after ${before.hold.token}`,
          entries: both(before),
          unlessForgotten: [before.hold.sent, from],
        };
      }
      before = window;
    }
  }
}

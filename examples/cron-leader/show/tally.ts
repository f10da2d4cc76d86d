/**
 * What the ledger and the events add up to. Pure functions, so that the verdict can be tested without
 * running the demo.
 */

import type { LedgerEntry } from "./ledger.ts";
import type { Happening } from "./messages.ts";

/** The last line of `--json`, key by key. */
export interface Tally {
  /** How many slots there were. */
  readonly slots: number;
  /** How many of them are in the ledger. */
  readonly ran: number;
  /** How many of them are in the ledger more than once. */
  readonly duplicates: number;
  /** How often leadership passed from one worker to another. */
  readonly takeovers: number;
  /** The longest time between two consecutive runs, in ms. */
  readonly longest_gap_ms: number;
}

/** Leadership passing from one worker to another. */
export interface Takeover {
  /** Who led before. */
  readonly from: string;
  /** Who leads now. */
  readonly to: string;
  /** The new leader's term. */
  readonly term: number;
  /** When the new leader was elected. */
  readonly at: number;
  /** What happened to the old leader; `"unknown"` if no event says. */
  readonly cause: "killed" | "paused" | "leadership-lost" | "stood-down" | "ended" | "unknown";
  /** From that to the new leader's election, in ms; `undefined` if no event says when it ended. */
  readonly took: number | undefined;
}

/** Adds it all up. */
export function tally(
  slots: number,
  ledger: readonly LedgerEntry[],
  happenings: readonly Happening[],
): Tally {
  const runs = Map.groupBy(ledger, (entry) => entry.slot);
  return {
    slots,
    ran: runs.size,
    duplicates: [...runs.values()].filter((entries) => entries.length > 1).length,
    takeovers: takeovers(happenings).length,
    longest_gap_ms: longestGap(ledger),
  };
}

/** The demo's verdict: 1 if any slot ran twice. */
export function exitStatus({ duplicates }: Tally): 0 | 1 {
  return duplicates > 0 ? 1 : 0;
}

/** Every takeover, in order. A worker that loses and wins again did not take over. */
export function takeovers(happenings: readonly Happening[]): Takeover[] {
  const found: Takeover[] = [];
  let leader: string | undefined;
  let down: { at: number; cause: Takeover["cause"] } | undefined;
  for (const happening of happenings) {
    switch (happening.type) {
      case "elected": {
        const { at, term, worker: to } = happening;
        if (leader !== undefined && leader !== to) {
          const took = down && at - down.at;
          found.push({ from: leader, to, term, at, cause: down?.cause ?? "unknown", took });
        }
        [leader, down] = [to, undefined];
        break;
      }
      case "killed":
      case "paused":
      case "leadership-lost":
      case "stood-down":
      case "ended":
        // The first event counts: a frozen leader learns of its loss only when it wakes.
        if (happening.worker === leader) down ??= { at: happening.at, cause: happening.type };
    }
  }
  return found;
}

/**
 * Runs of a worker whose term was over: in the ledger they stand after a run of a later leader. A
 * resource that checks fencing tokens would refuse them. The ledger does not check, so it shows them.
 */
export function staleRuns(ledger: readonly LedgerEntry[]): LedgerEntry[] {
  let highest = 0;
  return ledger.filter(({ term }) => {
    const stale = term < highest;
    highest = Math.max(highest, term);
    return stale;
  });
}

function longestGap(ledger: readonly LedgerEntry[]): number {
  const times = ledger.map((entry) => entry.at).sort((a, b) => a - b);
  return Math.max(0, ...times.slice(1).map((at, i) => at - (times[i] ?? at)));
}

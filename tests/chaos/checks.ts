/**
 * The judge: takes a history and says which laws were broken. It knows nothing of the library, only
 * what its clients saw.
 *
 * @module
 */

import { lateMembers, watchesFold } from "./check_groups.ts";
import { registerIsSafe } from "./check_register.ts";
import { onceIsOnce, retriesAreOrdered } from "./check_slots.ts";
import { nothingWithin, stopsAreFinal } from "./check_stops.ts";
import { noneLost, tokensGrow } from "./check_tokens.ts";
import { beliefEndsOnce, termsAreUnique, windowsAreDisjoint } from "./check_windows.ts";
import type { History, Violation } from "./history.ts";

/** Something that contradicts a law. */
export interface Finding extends Omit<Violation, "law"> {
  /**
   * From when to when the backend would have had to forget something for this to be no one's fault
   * but its own; absent where not even that is an excuse.
   */
  readonly unlessForgotten?: readonly [from: number, to: number];
}

/** A law, and how to find what contradicts it. */
export interface Check {
  readonly law: string;
  readonly find: (history: History) => Iterable<Finding>;
}

/** All of them. */
export const checks: readonly Check[] = [
  { law: "no two believe at once, and of a semaphore at most N", find: windowsAreDisjoint },
  { law: "a belief that has ended does not come back", find: beliefEndsOnce },
  { law: "tokens of a seat are unique and grow", find: tokensGrow },
  { law: "no lease is lost that was acknowledged", find: noneLost },
  { law: "the fenced register never goes back and loses no update", find: registerIsSafe },
  { law: "a term has one leader, and terms grow", find: termsAreUnique },
  { law: "a slot in once begins at most once", find: onceIsOnce },
  { law: "runs of a slot in retry have growing tokens", find: retriesAreOrdered },
  { law: "a member that believes is listed", find: lateMembers },
  { law: "the events of a watch add up to the list", find: watchesFold },
  { law: "what was stopped acquires nothing, and holds nothing", find: stopsAreFinal },
  { law: "nothing is answered within an application's open transaction", find: nothingWithin },
  { law: "no error but those that faults explain", find: oddities },
];

/** The verdict. */
export interface Verdict {
  readonly violations: readonly Violation[];
  /** What a backend that may forget has in fact forgotten, by law. */
  readonly forgotten: ReadonlyMap<string, number>;
}

/** Judges a history. */
export function judge(history: History): Verdict {
  const violations: Violation[] = [];
  const forgotten = new Map<string, number>();
  for (const { law, find } of checks) {
    for (const { unlessForgotten, ...found } of find(history)) {
      if (!history.durable && unlessForgotten && killedWithin(history, unlessForgotten)) {
        forgotten.set(law, (forgotten.get(law) ?? 0) + 1);
      } else violations.push({ law, ...found });
    }
  }
  return { violations, forgotten };
}

function killedWithin({ kills }: History, [from, to]: readonly [number, number]): boolean {
  return kills.some((at) => at >= from && at <= to);
}

function* oddities({ entries, refusals, kills }: History): Iterable<Finding> {
  // An answer may have been long on its way, so there is no end to that.
  const strangers = Math.min(...refusals.map((each) => each.unauthorized ? each.from : Infinity));
  const killed = Math.min(...kills);
  for (const entry of entries) {
    if (entry.kind !== "odd") continue;
    // Consul keeps tokens where it keeps all else: it knows none before it has read its log again.
    const from = /: ACL not found\)/.test(entry.message) ? Math.min(strangers, killed) : strangers;
    const explained = entry.code === "unauthorized" && entry.at >= from;
    if (!explained) yield { message: entry.message, entries: [entry] };
  }
}

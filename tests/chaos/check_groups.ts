/**
 * Groups: who believes to be a member is listed, and what a watch tells adds up to the list.
 *
 * @module
 */

import { windowsOf } from "./check_windows.ts";
import type { Finding } from "./checks.ts";
import type { Entry, History, WatchEntry, WatchEvent } from "./history.ts";

/** How much later than its answer a request may still arrive; the longest that faults hold one. */
export const LONGEST_HOLD = 4_000;

/** A member that believed from before the list was asked for until after it was answered is in it. */
export function* lateMembers(history: History): Iterable<Finding> {
  const windows = windowsOf(history.entries).filter(({ hold }) => hold.mode === "member");
  const byGroup = Map.groupBy(windows, ({ hold }) => groupOf(hold.what));
  for (const entry of history.entries) {
    if (entry.kind !== "list") continue;
    const { group, members, sent, at } = entry;
    for (const { hold, from, to } of byGroup.get(group) ?? []) {
      const member = hold.what.slice(`group:${group}/`.length);
      if (from > sent || to < at || members.includes(member)) continue;
      yield {
        message: `${member} is not in the list of group ${group}`,
        entries: [hold, entry],
        unlessForgotten: [at - hold.ttl, at],
      };
    }
  }
}

function groupOf(what: string): string {
  return what.slice("group:".length, what.indexOf("/"));
}

type Watch = WatchEntry & Entry;

/** Each chain of events, begun by a `resync`, is contiguous; and gives what the lists around it do. */
export function* watchesFold(history: History): Iterable<Finding> {
  const watches = history.entries.filter((entry): entry is Watch => entry.kind === "watch");
  const joins = joinsOf(history.entries);
  for (const chain of Map.groupBy(watches, ({ chain }) => chain).values()) {
    const folded = new Set<string>();
    let known = false;
    let previous: Watch | undefined;
    for (const watch of chain) {
      for (const event of watch.events) {
        const wrong = known || event.type === "resync"
          ? fold(folded, event)
          : `${event.type} comes before everybody was told`;
        known ||= event.type === "resync";
        if (wrong) yield { message: wrong, entries: previous ? [previous, watch] : [watch] };
      }
      // A clock that is set back lets those live again, for as long, whose time was over.
      const steady = !history.steps.some((at) => at >= watch.sent && at <= watch.at);
      if (steady) yield* compare(watch, folded, joins);
      previous = watch;
    }
  }
}

/** Takes an event in; says what is wrong with it. */
function fold(folded: Set<string>, { type, member = "", members }: WatchEvent): string | undefined {
  switch (type) {
    case "resync":
      folded.clear();
      for (const each of members ?? []) folded.add(each);
      return undefined;
    case "joined":
      if (folded.has(member)) return `${member} joined, and was there already`;
      folded.add(member);
      return undefined;
    case "left":
      return folded.delete(member) ? undefined : `${member} left, and was not there`;
    case "restarted":
    case "capabilities":
      return folded.has(member) ? undefined : `${member}: ${type}, and was not there`;
    case "group-deleted":
      return folded.size === 0 ? undefined : "the group was deleted with members in it";
    default:
      return undefined;
  }
}

/** Whether a member may have joined between two instants. */
type Joins = (group: string, member: string, from: number, to: number) => boolean;

/** All attempts of one member to join. */
interface Attempts {
  readonly who: string;
  readonly spans: { readonly sent: number; end: number }[];
}

function joinsOf(entries: readonly Entry[]): Joins {
  const members = new Map<string, Attempts>();
  /** Of whom something is known until when: what a client wrote last dies with it. */
  const heard = new Map<string, number>();
  for (const entry of entries) {
    if ("at" in entry) heard.set(entry.who, entry.at);
    if (entry.kind !== "joining" && entry.kind !== "joined") continue;
    const key = JSON.stringify([entry.group, entry.member]);
    const spans = members.get(key)?.spans ?? [];
    members.set(key, { who: entry.who, spans });
    if (entry.kind === "joining") spans.push({ sent: entry.sent, end: Infinity });
    else if (spans.length > 0) spans.at(-1)!.end = entry.at + LONGEST_HOLD;
  }
  return (group, member, from, to) => {
    const { who = "", spans = [] } = members.get(JSON.stringify([group, member])) ?? {};
    const known = (heard.get(who) ?? -Infinity) >= to;
    return !known || spans.some(({ sent, end }) => sent <= to && end >= from);
  };
}

/** Who was there before and after was there in between, unless it joined meanwhile, and vice versa. */
function* compare(watch: Watch, folded: ReadonlySet<string>, joins: Joins): Iterable<Finding> {
  const { group, before, after, sent, at } = watch;
  if (!before || !after) return;
  const settled = (member: string) => !joins(group, member, sent, at);
  const missing = before.filter((each) => after.includes(each) && !folded.has(each));
  const extra = [...folded].filter((each) => !before.includes(each) && !after.includes(each));
  for (const member of [...missing, ...extra].filter(settled)) {
    const is = folded.has(member) ? "is" : "is not";
    yield {
      message:
        `by its events ${member} ${is} in group ${group}, by the lists around them the opposite`,
      entries: [watch],
      unlessForgotten: [sent, at],
    };
  }
}

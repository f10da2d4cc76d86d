/**
 * Which callbacks watch which group, and what was last seen of the group.
 *
 * @module
 */

import type { Lease } from "../../drivers/driver.ts";
import { checkFunction } from "../../drivers/kit/check.ts";
import type { Instant } from "../runtime.ts";
import type { Candidate } from "../election/candidate.ts";
import { GroupNotCreated, WatchCallbackNotFound } from "../../errors.ts";
import type { GroupEvent, Json } from "./group_events.ts";
import { type CallOptions, checkCall } from "../leases/lease.ts";
import { checkName, resources } from "../names.ts";
import type { Part } from "../leases/request.ts";
import type { News } from "./news.ts";
import type { Session } from "../leases/session.ts";
import { capabilitiesOf, changes, type Memory, remember, type Snapshot } from "./changes.ts";

/** Called with an event. `runWatchers()` returns what it answers. */
export type WatchCallback = (event: GroupEvent) => unknown;

/** The events that a callback can wait for. */
export type Watched = "joined" | "left" | "elected";

/** Receives all members at every look, whether or not anything has changed. */
export type Listener = (members: ReadonlyMap<string, Json>) => void;

/** What one look at a group found. */
export interface Look {
  /** Which group. */
  readonly group: string;
  /** What has changed. */
  readonly events: readonly GroupEvent[];
  /** What to remember. */
  readonly memory: Memory;
  /** Its members' leases; `undefined` if the group does not exist. */
  readonly members: readonly Lease[] | undefined;
  /** When the look was sent. */
  readonly sent: Instant;
}

/** The watches of one coordinator. */
export class Watches {
  readonly #session: Session;
  readonly #candidate: (group: string) => Candidate;
  readonly #news: News;
  readonly #callbacks: Record<Watched, Map<string, WatchCallback[]>> = {
    joined: new Map(),
    left: new Map(),
    elected: new Map(),
  };
  readonly #listeners = new Map<string, Set<Listener>>();
  /** What each accepted look saw, a memory of its own. */
  readonly #memories = new Map<string, Memory>();

  /** Made by the coordinator. */
  constructor(session: Session, candidate: (group: string) => Candidate, news: News) {
    this.#session = session;
    this.#candidate = candidate;
    this.#news = news;
  }

  /**
   * Watches joins or leaves. The first watch of a group looks at it, so that members already there
   * are not reported.
   */
  async watch(
    what: Watched,
    group: string,
    callback: WatchCallback,
    options: CallOptions,
  ): Promise<void> {
    checkCall(options);
    checkName("group", group);
    if (!this.#memories.get(group)?.members) await this.#firstLook(group, options);
    this.add(what, group, callback);
  }

  /** Adds a callback. No request. */
  add(what: Watched, group: string, callback: WatchCallback): void {
    checkName("group", group);
    checkFunction("callback", callback);
    const callbacks = this.#callbacks[what].get(group) ?? [];
    this.#callbacks[what].set(group, [...callbacks, callback]);
  }

  /** Removes a callback, and forgets the group if nothing watches it any more. */
  remove(what: Watched, group: string, callback: WatchCallback): void {
    const callbacks = this.#callbacks[what].get(group) ?? [];
    const at = callbacks.indexOf(callback);
    if (at < 0) throw new WatchCallbackNotFound(group);
    if (callbacks.length > 1) this.#callbacks[what].set(group, callbacks.toSpliced(at, 1));
    else this.#callbacks[what].delete(group);
    this.#forget(group);
  }

  /**
   * Calls a listener with all members, now and at every look. The function that it returns ends
   * that.
   */
  async listen(group: string, listener: Listener, options: CallOptions): Promise<() => void> {
    const now = await this.#firstLook(group, options);
    const listeners = this.#listeners.get(group) ?? new Set();
    this.#listeners.set(group, listeners.add(listener));
    listener(capabilitiesOf(now.members ?? []));
    return () => {
      listeners.delete(listener);
      // A later listener may have a new set.
      if (listeners.size === 0 && this.#listeners.get(group) === listeners) {
        this.#listeners.delete(group);
      }
      this.#forget(group);
    };
  }

  /** The groups that somebody watches. */
  get groups(): string[] {
    const { joined, left } = this.#callbacks;
    return [...new Set([...joined.keys(), ...left.keys(), ...this.#listeners.keys()])];
  }

  /**
   * Campaigns for all groups whose election is watched and that we do not lead, as parts of a
   * request.
   */
  campaigns(): Part[] {
    const parts: Part[] = [];
    for (const group of this.#callbacks.elected.keys()) {
      const candidate = this.#candidate(group);
      if (candidate.leadership) continue;
      parts.push(candidate.attempt({}, ({ token }) => {
        const { memberId } = this.#session;
        this.#news.note({ type: "elected", group, memberId, term: token });
      }));
    }
    return parts;
  }

  /** Looks at groups, as parts of a request. Each calls `found` with what it found. */
  looks(
    groups: readonly string[],
    since: ReadonlyMap<string, Memory>,
    found: (look: Look) => void,
  ): Part[] {
    return groups.map((group) => {
      const latest = this.#memories.get(group);
      return this.#look(group, (now, sent) => {
        const { members } = now;
        const known = this.#memories.get(group);
        // Another look has been answered since this one was sent. Which of them the backend saw first, nobody
        // knows: the order in which they were sent is not the order in which they were looked up.
        const late = known !== latest;
        if (known && late && since === this.#memories) {
          return found({ group, events: [], memory: known, members, sent });
        }
        // Compared only now, because another look may have been answered meanwhile.
        const memory = remember(now);
        found({ group, events: changes(group, since.get(group), now), memory, members, sent });
        if (!known || late) return;
        this.#memories.set(group, memory);
        for (const listener of this.#listeners.get(group) ?? []) {
          listener(capabilitiesOf(now.members ?? []));
        }
      });
    });
  }

  /** What was last seen of the watched groups. */
  get memories(): ReadonlyMap<string, Memory> {
    return this.#memories;
  }

  /**
   * Calls the callbacks: joins before leaves, in the order of the events, and elections last. If
   * one throws, that is reported. It does not stop the others, and its event does not come again.
   */
  async tell(events: readonly GroupEvent[]): Promise<unknown[]> {
    const results: unknown[] = [];
    const elections = events.filter(({ type }) => type === "elected");
    for (const event of [...events.filter(({ type }) => type !== "elected"), ...elections]) {
      const callbacks = this.#callbacks[event.type as Watched]?.get(event.group) ?? [];
      for (const callback of callbacks) {
        try {
          results.push(await callback(event));
        } catch (error) {
          this.#session.report({ type: "callback-failed", error });
        }
      }
    }
    return results;
  }

  async #firstLook(group: string, options: CallOptions): Promise<Snapshot> {
    checkName("group", group);
    let now: Snapshot | undefined;
    const part = this.#look(group, (found) => now = found);
    await this.#session.send([part], options);
    if (!now?.members) throw new GroupNotCreated(group);
    if (!this.#memories.get(group)?.members) this.#memories.set(group, remember(now));
    return now;
  }

  #look(group: string, found: (now: Snapshot, sent: Instant) => void): Part {
    return {
      ops: [
        { op: "inspect", resource: resources.groups, seat: group },
        { op: "inspect", resource: resources.group(group) },
        { op: "inspect", resource: resources.left(group) },
        { op: "inspect", resource: resources.leader(group), seat: "" },
      ],
      take: ([exists, members, left, leader], sent) => {
        const there = exists?.leases.length ? members?.leases ?? [] : undefined;
        const farewells = new Set(left?.leases.map(({ seat }) => seat));
        found({ members: there, farewells, leader: leader?.leases[0] }, sent);
      },
    };
  }

  #forget(group: string): void {
    if (this.groups.includes(group)) return;
    this.#memories.delete(group);
  }
}

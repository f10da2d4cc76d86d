/**
 * Everything that a member does regularly, in one call of the driver.
 *
 * @module
 */

import { refuse } from "../../drivers/kit/check.ts";
import { checkOptions } from "../../drivers/kit/options.ts";
import type { GroupEvent } from "./group_events.ts";
import type { Groups } from "./memberships.ts";
import { RENEWALS } from "../leases/heart.ts";
import { type CallOptions, checkCall } from "../leases/lease.ts";
import { checkName } from "../names.ts";
import type { Part } from "../leases/request.ts";
import { sleep } from "../runtime.ts";
import { checkWhole } from "../leases/timings.ts";
import { isOutage } from "../../errors.ts";
import type { News } from "./news.ts";
import type { Session } from "../leases/session.ts";
import { fromCursor, type Memory, toCursor } from "./changes.ts";
import type { Watches } from "./watches.ts";

/** What a tick looks at. */
export interface TickOptions extends CallOptions {
  /** The cursor of the previous call. The events are then exactly what has changed since. */
  since?: string | undefined;
  /** Groups to look at besides those that are watched. */
  watch?: readonly string[] | undefined;
}

/** What a tick found. */
export interface Tick {
  /**
   * What has changed, by group: joins, leaves, then other changes. What happened to us comes last.
   */
  readonly events: readonly GroupEvent[];
  /**
   * Give it to the next call, as `since`, in a function that keeps no memory. It is not a secret.
   */
  readonly cursor: string;
  /**
   * In how many whole ms the next renewal is due. If nothing is held, it is how long a loop may sleep.
   */
  readonly next: number;
}

/** How to follow the events of groups. */
export interface EventsOptions extends CallOptions {
  /** Groups to look at besides those that are watched. */
  watch?: readonly string[] | undefined;
  /** How often to look, in whole ms. Default: 5,000. */
  interval?: number | undefined;
}

/** How many deleted groups a cursor remembers, in case they are created again. */
const GONE = 16;

/** Renews, campaigns and looks. */
export class Ticker {
  readonly #session: Session;
  readonly #groups: Groups;
  readonly #watches: Watches;
  readonly #news: News;

  /** Made by the coordinator. */
  constructor(session: Session, groups: Groups, watches: Watches, news: News) {
    this.#news = news;
    this.#session = session;
    this.#groups = groups;
    this.#watches = watches;
  }

  async tick(options: TickOptions): Promise<Tick> {
    checkOptions(options, "since watch signal");
    // The letters of a text would be watched, each as a group.
    if (typeof options.watch === "string") refuse("watch", "it must be a list of groups' names");
    const known = options.since === undefined ? this.#watches.memories : fromCursor(options.since);
    const named = [...known.keys(), ...options.watch ?? [], ...this.#watches.groups];
    const held = [...this.#session.leases.values()].filter((lease) => lease.held);
    const groups = [...new Set(named)];
    const renewals = held.map((lease) => lease.renewal());
    const look = async (signal?: AbortSignal) => {
      while (renewals.length > RENEWALS) {
        await this.#session.send(renewals.splice(0, RENEWALS), { signal });
      }
      const parts = [...renewals, ...this.#groups.rejoins()];
      return await this.#look(groups, known, { ...options, signal }, parts);
    };
    const { events, looked } =
      await (renewals.length > RENEWALS
        ? this.#session.asOne(options.signal, look)
        : look(options.signal));
    events.push(...this.#news.take());
    await this.#watches.tell(events);
    // A member that could not join again tries again soon.
    const next = Math.min(this.#session.heart.nextDue, this.#groups.wantsBack ? 1_000 : Infinity);
    return { events, cursor: toCursor(looked), next };
  }

  async runWatchers(options: CallOptions): Promise<unknown[]> {
    checkCall(options);
    const { groups, memories } = this.#watches;
    const { signal } = options;
    const { events } = await this.#look(groups, memories, { signal });
    // Only a tick takes everything that happened to us. This takes only our elections.
    return await this.#watches.tell([...events, ...this.#news.take("elected")]);
  }

  async runElections(options: CallOptions): Promise<string[]> {
    checkCall(options);
    const { signal } = options;
    await this.#look([], new Map(), { signal });
    const elected = this.#news.take("elected");
    await this.#watches.tell(elected);
    return elected.map(({ group }) => group);
  }

  /** Ticks again and again. It waits until an outage is over, and reports it. */
  async *events(options: EventsOptions): AsyncGenerator<GroupEvent, void, void> {
    checkOptions(options, "watch interval signal");
    const { watch = [], interval = 5_000 } = options;
    checkWhole("interval", interval);
    // `stop()` ends it like the caller's own signal.
    const running = this.#session.running(options.signal);
    const { signal } = running;
    let since: string | undefined;
    try {
      while (!signal.aborted) {
        let pause = interval;
        try {
          const tick = await this.tick({ watch, since, signal });
          since = tick.cursor;
          yield* tick.events;
          pause = Math.min(interval, tick.next);
        } catch (error) {
          if (signal.aborted) return;
          if (!isOutage(error)) throw error;
          this.#session.report({ type: "tick-failed", error });
        }
        await sleep(this.#session.runtime, pause, signal).catch(() => {});
      }
    } finally {
      running.done();
    }
  }

  /**
   * Forgets deleted groups that only the cursor names, except the latest, or the cursor would grow
   * without end.
   */
  #forget(looked: Map<string, Memory>, watch: readonly string[]): void {
    const named = new Set([...watch, ...this.#watches.groups]);
    const gone = [...looked].filter(([group, { members }]) => !members && !named.has(group));
    for (const [group] of gone.slice(0, -GONE)) looked.delete(group);
  }

  async #look(
    groups: readonly string[],
    since: ReadonlyMap<string, Memory>,
    options: TickOptions,
    parts: readonly Part[] = [],
  ): Promise<{ events: GroupEvent[]; looked: Map<string, Memory> }> {
    for (const group of groups) checkName("group", group);
    const events: GroupEvent[] = [];
    const looked = new Map<string, Memory>();
    const looks = this.#watches.looks(groups, since, (look) => {
      const { group, memory, members, sent } = look;
      // Not all at once: a call takes only so many arguments.
      for (const each of look.events) events.push(each);
      looked.set(group, memory);
      if (members) this.#groups.saw(group, members, sent);
    });
    // Campaigns go before looks, so that the looks see who has won.
    await this.#session.send([...parts, ...this.#watches.campaigns(), ...looks], options);
    this.#forget(looked, options.watch ?? []);
    return { events, looked };
  }
}

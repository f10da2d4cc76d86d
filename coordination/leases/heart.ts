/**
 * Renews leases: by hand, and while somebody works under them.
 *
 * @module
 */

import type { CoordinatorEvent } from "../events.ts";
import { least, type Runtime, sleep } from "../runtime.ts";
import type { HeldLease } from "./held_lease.ts";
import type { Part, SendOptions } from "./request.ts";
import { type ClockBounds, validity } from "./timings.ts";

/** What a heart needs of the leases it beats for. */
export interface Beating {
  /** Timers and jitter. */
  readonly runtime: Runtime;
  /** What clocks are trusted to do. */
  readonly bounds: ClockBounds;
  /** How long leases live unrenewed. */
  readonly ttls: { readonly any: number };
  /** Every lease that is held, by its id. */
  readonly leases: ReadonlyMap<string, HeldLease>;
  /** Sends parts of a request. */
  send(parts: readonly Part[], options?: SendOptions): Promise<void>;
  /** Reports a beat that failed. */
  report(event: CoordinatorEvent): void;
}

/** The shortest pause between two beats, in ms, however little time is left. */
const SHORTEST_PAUSE = 20;
/** The longest time between two renewals, in ms: a lease without end must learn that it was broken. */
const LONGEST_INTERVAL = 60_000;
/** So many renewals go out in one request: more would be refused as too large, or hold up others. */
export const RENEWALS = 1_000;
/** A reason of our own: the default one is an exception, which costs more to make than a renewal. */
const WOKEN = "woken";

/**
 * Beats from the first lease in its care until the last is removed. No timer outlives that, so a heart
 * that started within a request ends with its work.
 *
 * Leases that can wait about equally long for an answer share a request: one with little time left must
 * not make a beat of the others impatient, nor wait for theirs.
 */
export class Heart {
  /** How often leases are renewed, in ms, when that was given. */
  readonly heartbeatInterval: number | undefined;
  readonly #session: Beating;
  /** What each caller wants kept. */
  readonly #kept = new Map<symbol, HeldLease>();
  /** Whose renewal is under way. */
  readonly #beating = new Set<HeldLease>();
  /** At which age to renew a lease whose last renewal had no answer. */
  readonly #again = new WeakMap<HeldLease, number>();
  /** Whether every lease of the session is in its care, and it beats on without any. */
  #keepsAll = false;
  #run: AbortController | undefined;
  #wake = new AbortController();
  /** When the pause ends, by the monotonic clock. */
  #alarm = Infinity;

  /** A heart at rest. */
  constructor(session: Beating, heartbeatInterval: number | undefined) {
    this.#session = session;
    this.heartbeatInterval = heartbeatInterval;
  }

  /** Keeps a lease alive until the answer is called. */
  keep(lease: HeldLease): () => void {
    const caller = Symbol();
    this.#kept.set(caller, lease);
    // To wake for each of many would look at all the others each time.
    if (this.#run) this.poke(lease);
    else this.#changed();
    return () => {
      this.#kept.delete(caller);
      if (this.#kept.size === 0 && !this.#keepsAll) this.#changed();
    };
  }

  /** Keeps every lease of the session alive, or no longer. */
  keepAll(all: boolean): void {
    this.#keepsAll = all;
    this.#changed();
  }

  /** A lease has come: it may be due before the pause is over. */
  poke(lease: HeldLease): void {
    const { runtime } = this.#session;
    if (this.#run && runtime.mono() + this.due(lease) < this.#alarm) this.#wake.abort(WOKEN);
  }

  /** In how many ms a lease should be renewed. */
  due(lease: HeldLease): number {
    return (this.#again.get(lease) ?? this.#interval(lease.ttl)) - lease.age;
  }

  /** In how many whole ms the next renewal is due; when nothing is held, how long a loop may sleep. */
  get nextDue(): number {
    const { leases, ttls } = this.#session;
    if (leases.size === 0) return Math.ceil(this.#interval(ttls.any));
    return Math.ceil(Math.max(0, least(leases.values(), (lease) => this.due(lease))));
  }

  /** Renews every lease by hand, once. Answers in how many ms the next renewal is due. */
  async beat(signal?: AbortSignal): Promise<number> {
    const held = [...this.#session.leases.values()].filter((lease) => lease.held);
    for (let at = 0; at < held.length; at += RENEWALS) {
      await this.#renew(held.slice(at, at + RENEWALS), signal);
    }
    return this.nextDue;
  }

  /** How long an answer may take for leases that are renewed together, in ms. */
  patience(leases: Iterable<HeldLease>): number {
    return least(leases, (lease) => lease.left) / 2;
  }

  async #renew(leases: readonly HeldLease[], signal?: AbortSignal): Promise<void> {
    const parts = leases.map((lease) => lease.renewal());
    await this.#session.send(parts, { signal, once: this.patience(leases) });
  }

  #interval(ttl: number): number {
    const third = this.heartbeatInterval ?? validity(ttl, this.#session.bounds) / 3;
    return Math.min(third, LONGEST_INTERVAL);
  }

  #changed(): void {
    const wanted = this.#keepsAll || this.#kept.size > 0;
    if (wanted && !this.#run) {
      this.#run = new AbortController();
      void this.#beatOn(this.#run.signal); // never rejects
    } else if (!wanted && this.#run) {
      this.#run.abort(WOKEN);
      this.#run = undefined;
    }
    this.#wake.abort(WOKEN);
  }

  /** What is in its care and not under way. */
  #care(): HeldLease[] {
    const all = this.#keepsAll ? this.#session.leases.values() : [];
    const leases = new Set([...this.#kept.values(), ...all]);
    return [...leases].filter((lease) => lease.held && !this.#beating.has(lease));
  }

  async #beatOn(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      const over = await this.#pause();
      // After a change only the pause is reckoned again: or tries would follow each other at once.
      if (!over || stopped.aborted) continue;
      for (const batch of batches(this.#care())) {
        // Those that are not due go along: then all are due together.
        const due = batch.some((lease) => this.due(lease) <= this.#slack(lease));
        if (due) void this.#background(batch, stopped); // never rejects
      }
    }
  }

  /** How much too early a lease may be due, in ms, because of jitter. */
  #slack(lease: HeldLease): number {
    const pause = this.#again.has(lease) ? lease.left / 3 : this.#interval(lease.ttl);
    return Math.max(SHORTEST_PAUSE, pause / 8);
  }

  /** Renews a batch; a failure is reported, and tried again while there is time. */
  async #background(batch: readonly HeldLease[], stopped: AbortSignal): Promise<void> {
    for (const lease of batch) {
      this.#beating.add(lease);
      this.#again.delete(lease);
    }
    try {
      await this.#renew(batch, stopped);
    } catch (error) {
      if (!stopped.aborted) this.#session.report({ type: "heartbeat-failed", error });
      // The pauses shrink with the time left, so that many tries fit in it.
      for (const lease of batch) {
        this.#again.set(lease, lease.age + Math.max(SHORTEST_PAUSE, lease.left / 4));
      }
    } finally {
      for (const lease of batch) this.#beating.delete(lease);
      this.#wake.abort(WOKEN);
    }
  }

  /** Waits until the first is due, or until something has changed; answers whether it is due. */
  async #pause(): Promise<boolean> {
    const { runtime } = this.#session;
    this.#wake = new AbortController();
    const jitter = 1 - runtime.random() / 10;
    const due = least(this.#care(), (lease) => this.due(lease));
    const pause = Math.max(SHORTEST_PAUSE, due * jitter);
    this.#alarm = runtime.mono() + pause;
    return await sleep(runtime, pause, this.#wake.signal).then(() => true, () => false);
  }
}

/** Groups of leases of which each can wait for an answer about as long as the others. */
function batches(leases: readonly HeldLease[]): HeldLease[][] {
  const found: [HeldLease, ...HeldLease[]][] = [];
  for (const lease of [...leases].sort((a, b) => a.left - b.left)) {
    const batch = found.at(-1);
    if (batch && lease.left <= 4 * batch[0].left && batch.length < RENEWALS) batch.push(lease);
    else found.push([lease]);
  }
  return found;
}

/**
 * One life of one user of Baton: a coordinator in a simulated process, and what it is at.
 *
 * @module
 */

import { CoordinationError, Coordinator, type CoordinatorOptions } from "../../mod.ts";
import type { HeldLease } from "../../coordination/leases/held_lease.ts";
import { internalsOf } from "../../coordination/internals.ts";
import { sleep } from "../../coordination/runtime.ts";
import type { ClockBounds } from "../../coordination/leases/timings.ts";
import { between, type Stream } from "./dice.ts";
import type { Host } from "./host.ts";
import type { Wire } from "./wire.ts";

/** A call that has not settled. */
export interface Call {
  readonly what: string;
  /** How often the coordinator had been stopped when it was made. */
  readonly stops: number;
}

/** Something that a member does until it is told to stop. */
export type Work = (member: Member) => Promise<void>;

/** One life of one user. */
export class Member {
  readonly host: Host;
  readonly wire: Wire;
  readonly coordinator: Coordinator;
  /** Whether it is told of losses at once. */
  readonly watches: boolean;
  /** For choices of its own. */
  readonly random: Stream;
  /** Its works that have not ended. */
  readonly busy = new Set<string>();
  /** Calls that have not settled. */
  readonly calls = new Set<Call>();
  /** How often its coordinator was stopped while its works went on. */
  stops = 0;
  /** How many ids there were at the last of these stops: those were asked for before it. */
  idsBeforeStop = 0;
  /** For waits and campaigns; those without it must end by a stop alone. */
  readonly signal: AbortSignal | undefined;
  readonly #wrong: (error: unknown) => void;
  readonly #trouble: (error: CoordinationError) => void;
  readonly #beats: boolean;
  readonly #stop = new AbortController();

  constructor(
    { host, wire, random, options, beats, wrong, trouble }: {
      host: Host;
      wire: Wire;
      random: Stream;
      options: CoordinatorOptions;
      /** Whether all that it has is renewed in the background. */
      beats: boolean;
      /** Told what went wrong that should not have. */
      wrong: (error: unknown) => void;
      /** Told of each error that users must expect. */
      trouble: (error: CoordinationError) => void;
    },
  ) {
    this.host = host;
    this.wire = wire;
    this.random = random;
    this.watches = options.on !== undefined;
    this.#wrong = wrong;
    this.#trouble = trouble;
    this.coordinator = new Coordinator(wire.driver, { ...options, runtime: host });
    this.#beats = beats;
    this.signal = random() < 0.5 ? this.stopped : undefined;
    if (beats) this.begin("start", () => this.#start());
  }

  /** What it holds, so far as it has noticed, by the leases' ids. */
  get leases(): ReadonlyMap<string, HeldLease> {
    return internalsOf(this.coordinator).session.leases;
  }

  /** What it trusts clocks to do. */
  get bounds(): ClockBounds {
    return internalsOf(this.coordinator).session.bounds;
  }

  /** Aborts when it is to stop. */
  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  /** Starts the coordinator, however often that takes. */
  async #start(): Promise<void> {
    while (!this.coordinator.isStarted && !this.stopped.aborted) {
      await this.tolerate(() => this.coordinator.start({ heartbeat: true }));
      await this.sleep(100);
    }
  }

  /** Begins a work; an error that is not one of Baton's own is wrong. */
  begin(name: string, work: Work): void {
    this.busy.add(name);
    void work(this).catch(this.#wrong).finally(() => this.busy.delete(name));
  }

  /** Does something again and again, whatever trouble it meets, until it is to stop. */
  async repeat(least: number, most: number, turn: () => Promise<void>): Promise<void> {
    while (!this.stopped.aborted) {
      await this.tolerate(turn);
      await this.sleep(between(this.random, least, most));
    }
  }

  /** Does something that may meet trouble of the kinds that users are told of. */
  async tolerate(turn: () => Promise<void>): Promise<void> {
    try {
      await turn();
    } catch (error) {
      if (!isTrouble(error, this.stopped)) throw error;
      if (error instanceof CoordinationError) this.#trouble(error);
    }
  }

  /** Makes a call, and knows of it until it settles. */
  async call<T>(what: string, make: () => Promise<T>): Promise<T> {
    const call: Call = { what, stops: this.stops };
    this.calls.add(call);
    try {
      return await make();
    } finally {
      this.calls.delete(call);
    }
  }

  /** Waits, but not longer than until it is to stop. */
  async sleep(ms: number): Promise<void> {
    await sleep(this.host, ms, this.stopped).catch(() => {});
  }

  /** Stops its coordinator in the midst of all, while its works go on to use it. */
  interrupt(): void {
    this.stops++;
    this.idsBeforeStop = this.host.ids;
    this.begin(`stop ${this.stops}`, async () => {
      await this.coordinator[Symbol.asyncDispose]();
      if (this.#beats) await this.#start();
    });
  }

  /** Ends its works, and gives back what it holds. */
  stop(): void {
    this.#stop.abort(new DOMException("the run is over", "AbortError"));
    this.begin("stop", () => this.coordinator[Symbol.asyncDispose]());
  }
}

/** Whether an error is what somebody who uses Baton must expect: not misuse, and no accident. */
function isTrouble(error: unknown, stopped: AbortSignal): boolean {
  if (stopped.aborted && error === stopped.reason) return true;
  if (error instanceof CoordinationError) return error.code !== "invalid-argument";
  // The reason of a lease's own signal.
  return error instanceof DOMException && error.name === "AbortError";
}

/**
 * One coordinator's leases: how they are taken, kept alive together and given back. Every request of
 * the core goes out through {@link Session.send}.
 *
 * @module
 */

import type * as spi from "../../drivers/driver.ts";
import { CoordinationError, isUnknown, OperationTimedOut } from "../../errors.ts";
import type { CoordinatorEvent } from "../events.ts";
import { inBackground, type Instant, instant, type Runtime } from "../runtime.ts";
import { firstOf } from "./abort_signals.ts";
import { Heart } from "./heart.ts";
import { HeldLease } from "./held_lease.ts";
import type { Reports } from "./reports.ts";
import type { Attempt, Grant, Wanted } from "./attempt.ts";
import { look, type Part, type Question, type SendOptions } from "./request.ts";
import type { RepeatedOptions } from "./retrying.ts";
import { checkTimings, type ClockBounds } from "./timings.ts";

/** What a session is made of. */
export interface SessionOptions {
  /** The backend, which repeats what had no answer. */
  readonly driver: spi.Driver;
  /** The same backend, which sends once. */
  readonly single: spi.Driver;
  /** The name of this process, visible to others. */
  readonly memberId: string;
  /** How long leases live unrenewed, in ms, by what they are for. */
  readonly ttls: Readonly<Record<"any" | "lock" | "leader" | "member", number>>;
  /** Clocks, timers, ids. */
  readonly runtime: Runtime;
  /** What clocks are trusted to do. */
  readonly bounds: ClockBounds;
  /** How often leases are renewed, in ms. Default: a third of the time each counts as held. */
  readonly heartbeatInterval: number | undefined;
  /** Who hears of what happens. */
  readonly reports: Reports;
}

/** A signal for as long as a call may go on. */
export interface Running {
  /** Aborts with the caller's signal, or when the coordinator is stopped. */
  readonly signal: AbortSignal;
  /** Stops listening, once the call has ended. */
  done(): void;
}

/** So many releases go out in one request: on MySQL each is a statement, and a request has its limit. */
const RELEASES = 50;
/** From so many leases on, those that ran out are looked for whenever their number has doubled. */
const FEW = 64;

/** One coordinator's leases. */
export class Session {
  /** The name of this process, visible to others. */
  readonly memberId: string;
  /** How long leases live unrenewed, in ms, by what they are for. */
  readonly ttls: SessionOptions["ttls"];
  /** What the backend promises. */
  readonly guarantees: spi.Guarantees;
  /** Clocks, timers, ids. */
  readonly runtime: Runtime;
  /** What clocks are trusted to do. */
  readonly bounds: ClockBounds;
  /** Who hears of what happens. */
  readonly reports: Reports;
  /** Renews leases, by hand or while somebody works under them. */
  readonly heart: Heart;
  readonly #driver: spi.Driver;
  readonly #single: spi.Driver;
  readonly #leases = new Set<HeldLease>();
  /** At how many leases to look for those that ran out. */
  #many = FEW;
  /** How often everything was given back: what was asked for before that must not come after it. */
  #stops = 0;
  /** What ends calls that go on and on. */
  readonly #stoppers = new Set<(reason: unknown) => void>();

  /** Nothing is held yet. */
  constructor(options: SessionOptions) {
    this.memberId = options.memberId;
    this.ttls = options.ttls;
    this.guarantees = options.driver.guarantees;
    this.runtime = options.runtime;
    this.bounds = options.bounds;
    this.reports = options.reports;
    this.#driver = options.driver;
    this.#single = options.single;
    this.heart = new Heart(this, options.heartbeatInterval);
  }

  /** Reports an event. */
  report(event: CoordinatorEvent): void {
    this.reports.report(event);
  }

  /** Throws unless a lease with this ttl can work. */
  check(ttl: number): void {
    const { heartbeatInterval } = this.heart;
    checkTimings({ ttl, heartbeatInterval }, this.bounds, this.guarantees);
  }

  /**
   * Sends parts together, in one request, and hands each its answers. The only way out.
   *
   * @throws the signal's reason once it has aborted; then, and after an `UnknownOutcome`, what may have
   *   been granted is given back in the background.
   */
  async send(parts: readonly Part[], { signal, once }: SendOptions = {}): Promise<void> {
    const ops = parts.flatMap((part) => part.ops);
    if (ops.length === 0) return;
    const sent = instant(this.runtime);
    const stops = this.#stops;
    const acquires = parts.some((part) => part.unknown);
    const stopped = (): boolean => acquires && stops !== this.#stops;
    const onHalt = this.guarantees.push && acquires ? this.#onStop : undefined;
    const options: RepeatedOptions = { signal, answerWithin: once, halted: stopped, onHalt };
    let outcomes: readonly spi.Outcome[];
    try {
      outcomes = await (once === undefined ? this.#driver : this.#single).apply(ops, options);
    } catch (error) {
      if (isUnknown(error)) { for (const part of parts) part.unknown?.(); }
      if (signal?.aborted) throw signal.reason;
      throw stopped() ? wasStopped() : error;
    }
    if (stopped()) {
      for (const part of parts) part.unknown?.();
      throw wasStopped();
    }
    let next = 0;
    for (const part of parts) part.take(outcomes.slice(next, next += part.ops.length), sent);
  }

  readonly #onStop = (stop: (reason: unknown) => void): () => void => {
    this.#stoppers.add(stop);
    return () => this.#stoppers.delete(stop);
  };

  /** Sends a question alone, and answers it. */
  async ask<T>(question: Question<T>, options?: SendOptions): Promise<T> {
    await this.send([question], options);
    return question.answer as T;
  }

  /** The live leases of one seat, or of all. */
  async look(
    resource: string,
    seat?: string,
    options?: SendOptions,
  ): Promise<readonly spi.Lease[]> {
    return await this.ask(look(resource, seat), options);
  }

  /** Tries once, with `others` in the same request; repeated only while the outcome is unknown. */
  async acquire(wanted: Wanted, ...others: Part[]): Promise<Grant> {
    const attempt = this.attempt(wanted);
    await this.send([attempt, ...others], wanted);
    const { lease, blockers } = attempt.grant ?? { blockers: [] };
    if (!lease) return { blockers };
    if (lease.held) return { lease };
    throw new OperationTimedOut(
      `${wanted.resource} was granted, but the reply came too late to rely on (ttl ${wanted.ttl} ` +
        "ms), so it was released. Use a longer ttl",
    );
  }

  /** A try, as a part of a request; `won` is called at once with a grant that counts as held. */
  attempt(wanted: Wanted, won?: (lease: HeldLease) => void): Attempt {
    const { resource, seat = "", ttl, value, guard, patience, first = [] } = wanted;
    this.check(ttl);
    // A fresh id for each try: an earlier send of a refused one may land late and be granted to nobody,
    // for its ttl.
    const id = this.runtime.id();
    const op: spi.Acquire = {
      ...{ op: "acquire", resource, seat, id, ttl, value },
      ...(guard && { guard }),
      ...(patience && { patience }),
    };
    let grant: Grant | undefined;
    return {
      ops: [...first, op],
      get grant() {
        return grant;
      },
      take: (outcomes, sent) => {
        const outcome = outcomes.at(-1);
        const [granted] = outcome?.leases ?? [];
        grant = outcome?.ok && granted
          ? { lease: this.#granted(op, granted.token, sent, wanted) }
          : { blockers: outcome?.leases ?? [] };
        if (grant.lease?.held) won?.(grant.lease);
      },
      // It may have been granted, and nobody would know.
      unknown: () => this.#giveBack({ op: "release", resource, seat, id }),
    };
  }

  #granted(op: spi.Acquire, token: number, sent: Instant, wanted: Wanted): HeldLease {
    const { believe, own = believe !== undefined } = wanted;
    const lease = new HeldLease({
      ask: (question, options) => this.ask(question, options),
      runtime: this.runtime,
      bounds: this.bounds,
      on: (event) => this.report(event),
      watched: this.reports.heard,
      op,
      token,
      sent,
      believe,
      ended: (lease) => this.#leases.delete(lease),
    });
    if (!lease.held) this.#giveBack(lease.giveBack());
    else if (!own) this.#add(lease);
    return lease;
  }

  #add(lease: HeldLease): void {
    this.#leases.add(lease);
    if (this.#leases.size >= this.#many) {
      // Those that ran out leave the set by being looked at; without a heartbeat nobody else looks.
      for (const each of this.#leases) void each.held;
      this.#many = Math.max(FEW, 2 * this.#leases.size);
    }
    this.heart.poke(lease);
  }

  /** Every lease that `heartbeat()` renews and `stop()` releases. */
  get leases(): ReadonlySet<HeldLease> {
    return this.#leases;
  }

  /** Whether a lease that the backend has listed is one of these. */
  owns(listed: spi.Lease): boolean {
    for (const lease of this.#leases) if (lease.owns(listed)) return true;
    return false;
  }

  /** Runs `work` while the lease is kept alive, then releases it. */
  async under<T>(lease: HeldLease, work: () => T | Promise<T>): Promise<T> {
    const letGo = this.heart.keep(lease);
    try {
      return await work();
    } finally {
      letGo();
      await lease[Symbol.asyncDispose]();
    }
  }

  /** A signal that aborts with `signal`, or when the coordinator is stopped. */
  running(signal?: AbortSignal): Running {
    const stopped = new AbortController();
    const stop = (reason: unknown): void => stopped.abort(reason);
    this.#stoppers.add(stop);
    return {
      signal: firstOf(signal, stopped.signal),
      done: () => {
        this.#stoppers.delete(stop);
        // Also ends the listening to the caller's signal, which may live long.
        stopped.abort("done");
      },
    };
  }

  /** Ends every call that goes on and on, and releases every lease. */
  async stop(): Promise<void> {
    this.#stops++;
    for (const stop of this.#stoppers) stop(wasStopped());
    const parts = [...this.#leases]
      // What ran out long ago has ended in the backend, too.
      .filter((lease) => (lease.held || lease.age < 2 * lease.ttl) && lease.releasing())
      .map((lease) => lease.ending());
    const requests: Promise<void>[] = [];
    for (let at = 0; at < parts.length; at += RELEASES) {
      requests.push(this.send(parts.slice(at, at + RELEASES)));
    }
    for (const { status, ...failed } of await Promise.allSettled(requests)) {
      if (status === "rejected") {
        this.report({ type: "release-failed", error: (failed as PromiseRejectedResult).reason });
      }
    }
  }

  /** Releases in the background what nobody holds on to. */
  #giveBack(op: spi.Release): void {
    const work = this.send([{ ops: [op], take: () => {} }]).catch((error: unknown) => {
      this.report({ type: "release-failed", error });
    });
    inBackground(this.runtime, work);
  }
}

/** Why a call ended, or was not even sent. */
function wasStopped(): CoordinationError {
  return new CoordinationError(
    "The coordinator was stopped meanwhile, so nothing is held; what was granted is given back",
    "misuse",
  );
}

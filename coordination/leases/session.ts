/**
 * One coordinator's leases: how they are taken, kept alive together and given back. Every request of
 * the core goes out through {@link Session.send}.
 *
 * @module
 */

import type * as spi from "../../drivers/driver.ts";
import { CoordinationError, isUnknown, OperationTimedOut } from "../../errors.ts";
import type { CoordinatorEvent } from "../events.ts";
import type { CoordinatorOptions } from "../options.ts";
import { inBackground, instant, type Runtime } from "../runtime.ts";
import { firstOf } from "./abort_signals.ts";
import type { Attempt, Grant, Wanted } from "./attempt.ts";
import { doubling } from "./doubling.ts";
import { Heart } from "./heart.ts";
import { HeldLease } from "./held_lease.ts";
import { harmless } from "../../drivers/kit/harmless.ts";
import { warned } from "./reports.ts";
import { ask, look, type Part, type Question, type Read, type SendOptions } from "./request.ts";
import type { RepeatedOptions } from "./retrying.ts";
import { checkTimings, type ClockBounds, clockBounds } from "./timings.ts";

const REFUSED: spi.Outcome = { ok: false, leases: [] };

/** A signal for as long as a call may go on. */
export interface Running {
  /** Aborts with the caller's signal, or when the coordinator is stopped. */
  readonly signal: AbortSignal;
  /** Stops listening, once the call has ended. */
  done(): void;
}

/** So many releases go out in one request: on MySQL each is a statement, and a request has its limit. */
const RELEASES = 50;
/** How long a lease lives unrenewed by default, in ms. */
const TTL = 30_000;

/** A grant that has been given back, because its reply came too late to rely on. */
export class GrantedTooLate extends OperationTimedOut {}

/** One coordinator's leases. */
export class Session {
  /** The name of this process, visible to others. */
  readonly memberId: string;
  /** How long leases live unrenewed, in ms, by what they are for. */
  readonly ttls: Readonly<Record<"any" | "lock" | "leader" | "member", number>>;
  /** What the backend promises. */
  readonly guarantees: spi.Guarantees;
  /** Clocks, timers, ids. */
  readonly runtime: Runtime;
  /** What clocks are trusted to do. */
  readonly bounds: ClockBounds;
  /** Renews leases, by hand or while somebody works under them. */
  readonly heart: Heart;
  /** Every lease that `heartbeat()` renews and `stop()` releases, by its id. */
  readonly leases: Map<string, HeldLease> = new Map();
  /** Whether the backend has ever answered. */
  answered = false;
  readonly #driver: spi.Driver;
  readonly #on: CoordinatorOptions["on"];
  #listener = (_: CoordinatorEvent): void => {};
  #warned = false;
  /** Those that ran out leave the set by being looked at; without a heartbeat nobody else looks. */
  readonly #sweep = doubling(this.leases, () => {
    for (const lease of this.leases.values()) void lease.held;
  });
  /** How often everything was given back: what was asked for before that must not come after it. */
  #stops = 0;
  /** How many requests are under way by which something may be granted. */
  #acquiring = 0;
  /** What ends calls that go on and on. */
  readonly #running = new Set<(reason: unknown) => void>();

  /**
   * Nothing is held yet.
   *
   * @throws {InvalidArgument} when clocks or ttls cannot work.
   */
  constructor(
    driver: spi.Driver,
    options: CoordinatorOptions & { runtime: Runtime; memberId: string },
  ) {
    const { ttl = TTL, lockTtl = ttl, leaderTtl = ttl, membershipTtl = ttl } = options;
    this.memberId = options.memberId;
    this.ttls = { any: ttl, lock: lockTtl, leader: leaderTtl, member: membershipTtl };
    this.guarantees = driver.guarantees;
    this.runtime = options.runtime;
    this.bounds = clockBounds(options.clocks ?? {}, driver.guarantees);
    this.heart = new Heart(this, options.heartbeatInterval);
    this.#driver = driver;
    this.#on = options.on;
    for (const each of new Set(Object.values(this.ttls))) this.check(each);
  }

  /** Reports an event. What an observer throws, at once or later, must not cost a lease. */
  report(event: CoordinatorEvent): void {
    this.#listener(event);
    if (this.#on) harmless(() => this.#on?.(event));
    else if (!this.#warned) this.#warned = warned(event);
  }

  /** Whether a user's observer hears of events. */
  get watched(): boolean {
    return this.#on !== undefined;
  }

  /** Has one listener of ours hear of all events, before the user's does. */
  listen(listener: (event: CoordinatorEvent) => void): void {
    this.#listener = listener;
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
    const options: RepeatedOptions = { signal, once, halted: stopped, onHalt };
    let outcomes: readonly spi.Outcome[] | undefined;
    let failure: unknown;
    if (acquires) this.#acquiring++;
    try {
      outcomes = await this.#driver.apply(ops, options);
      this.answered = true;
    } catch (error) {
      failure = error;
    }
    if (acquires) this.#acquiring--;
    if (!outcomes || stopped()) {
      if (outcomes || isUnknown(failure)) { for (const part of parts) part.unknown?.(); }
      if (signal?.aborted) throw signal.reason;
      if (stopped()) throw wasStopped();
      // The driver's stack does not reach the line that waits for this call; where an engine can, this does.
      (Error as { captureStackTrace?(error: unknown): void }).captureStackTrace?.(failure);
      throw failure;
    }
    let next = 0;
    for (const part of parts) part.take(outcomes.slice(next, next += part.ops.length), sent);
  }

  readonly #onStop = (stop: (reason: unknown) => void): () => void => {
    this.#running.add(stop);
    return () => this.#running.delete(stop);
  };

  /** Sends a question alone, and answers it. */
  async ask<T>(question: Question<T>, options?: SendOptions): Promise<T> {
    await this.send([question], options);
    return question.answer as T;
  }

  /** A page of a resource's live leases. */
  async page(op: spi.Inspect, options?: SendOptions): Promise<spi.Outcome> {
    return await this.ask(ask([op], ([outcome = REFUSED]) => outcome), options);
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
    const { answer = { blockers: [] } } = attempt;
    if (!answer.lease || answer.lease.held) return answer;
    throw new GrantedTooLate(
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
      op: "acquire",
      resource,
      seat,
      id,
      ttl,
      value,
      ...(guard && { guard }),
      ...(patience && { patience }),
    };
    const read: Read<Grant> = (outcomes, sent) => {
      const { ok, leases } = outcomes.at(-1) ?? REFUSED;
      const [granted] = leases;
      if (!ok || !granted) return { blockers: leases };
      const lease = new HeldLease(this, op, granted.token, sent, wanted.heldFor);
      this.#granted(lease, wanted);
      if (lease.held) won?.(lease);
      return { lease };
    };
    // Without an answer it may have been granted, and nobody would know.
    return ask([...first, op], read, () => this.#giveBack({ op: "release", resource, seat, id }));
  }

  #granted(lease: HeldLease, { heldFor, own = heldFor !== undefined }: Wanted): void {
    if (!lease.held) return this.#giveBack(lease.giveBack());
    if (own) return;
    this.leases.set(HeldLease.idOf(lease), lease);
    this.#sweep();
    this.heart.poke(lease);
  }

  /** Whether a lease that the backend has listed is one of these. */
  owns(listed: spi.Lease): boolean {
    return this.leases.has(listed.id);
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
    const forget = this.#onStop((reason) => stopped.abort(reason));
    return {
      signal: firstOf(signal, stopped.signal),
      done: () => {
        forget();
        // Also ends the listening to the caller's signal, which may live long.
        stopped.abort("done");
      },
    };
  }

  /** Runs a call of several requests. When the coordinator is stopped, no further one goes out. */
  async asOne<T>(
    signal: AbortSignal | undefined,
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const running = this.running(signal);
    try {
      return await call(running.signal);
    } finally {
      running.done();
    }
  }

  /** Whether there is anything to stop: a call that goes on and on, a lease, or what may become one. */
  get busy(): boolean {
    return this.#running.size + this.leases.size + this.#acquiring > 0;
  }

  /** Ends every call that goes on and on, and releases every lease. */
  async stop(): Promise<void> {
    this.#stops++;
    for (const stop of this.#running) stop(wasStopped());
    const parts = [...this.leases.values()]
      // What ran out long ago has ended in the backend, too.
      .filter((lease) => (lease.held || lease.age < 2 * lease.ttl) && lease.releasing())
      .map((lease) => lease.ending());
    const requests: Promise<void>[] = [];
    for (let at = 0; at < parts.length; at += RELEASES) {
      requests.push(this.#release(parts.slice(at, at + RELEASES)));
    }
    await Promise.all(requests);
  }

  /** Sends releases; a failure is reported. */
  async #release(parts: readonly Part[]): Promise<void> {
    await this.send(parts).catch((error) => this.report({ type: "release-failed", error }));
  }

  /** Releases in the background what nobody holds on to. */
  #giveBack(op: spi.Release): void {
    inBackground(this.runtime, this.#release([ask([op], () => {})]));
  }
}

/** Why a call ended, or was not even sent. */
function wasStopped(): CoordinationError {
  return new CoordinationError(
    "The coordinator was stopped meanwhile, so nothing is held",
    "misuse",
  );
}

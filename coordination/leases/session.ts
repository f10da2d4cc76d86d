/**
 * One coordinator's leases: how they are taken, kept alive together and given back.
 *
 * @module
 */

import type * as spi from "../../drivers/driver.ts";
import { budgeted } from "../../drivers/decorators/budgeted.ts";
import { namespaced } from "../../drivers/decorators/namespaced.ts";
import { retrying } from "./retrying.ts";
import { traced } from "../../drivers/decorators/traced.ts";
import { CoordinationError, OperationTimedOut, UnknownOutcome } from "../../errors.ts";
import type { CoordinatorEvent } from "../events.ts";
import type { GroupEvent } from "../groups/group_events.ts";
import { Heart } from "./heart.ts";
import { HeldLease } from "./held_lease.ts";
import type { Attempt, Grant, Part, Wanted } from "./request.ts";
import { type Instant, instant, type Runtime } from "../runtime.ts";
import { checkTimings, type ClockBounds, clockBounds, validity } from "./timings.ts";

/** What a session is made of. */
export interface SessionOptions {
  /** The backend. */
  readonly driver: spi.Driver;
  /** Clocks, timers, ids. */
  readonly runtime: Runtime;
  /** Keeps applications apart. */
  readonly namespace?: string | undefined;
  /** What clocks are trusted to do. */
  readonly clocks?: Partial<ClockBounds> | undefined;
  /** How often leases are renewed, in ms; a third of each lease's validity unless given. */
  readonly heartbeatInterval?: number | undefined;
  /** How long one request may take, in ms. */
  readonly timeout?: number | undefined;
  /** How many requests it may send in all. */
  readonly subrequests?: number | undefined;
  /** Told what happens. */
  readonly on?: ((event: CoordinatorEvent) => void) | undefined;
}

/** One coordinator's leases. */
export class Session {
  /** Repeats what had no answer. */
  readonly driver: spi.Driver;
  /** Sends once: the heartbeat has a rhythm of its own. */
  readonly #once: spi.Driver;
  /** Clocks, timers, ids. */
  readonly runtime: Runtime;
  /** What clocks are trusted to do. */
  readonly bounds: ClockBounds;
  /** How often leases are renewed, in ms, when that was given. */
  readonly heartbeatInterval: number | undefined;
  readonly #on: ((event: CoordinatorEvent) => void) | undefined;
  readonly #leases = new Set<HeldLease>();
  /** How often everything was given back: what was asked for before that must not come after it. */
  #stops = 0;
  /** What has happened that the next tick tells; bounded, for there may never be one. */
  readonly #news: GroupEvent[] = [];
  /** Keeps leases alive while somebody works under them. */
  readonly heart: Heart = new Heart(this);

  /** Wraps the driver in what every request needs. */
  constructor(options: SessionOptions) {
    const { runtime, namespace, on, timeout, subrequests } = options;
    const driver = subrequests === undefined
      ? options.driver
      : budgeted(options.driver, subrequests);
    this.runtime = runtime;
    this.bounds = clockBounds(options.clocks ?? {}, driver.guarantees);
    this.heartbeatInterval = options.heartbeatInterval;
    this.#on = on;
    const inside = namespace === undefined ? driver : namespaced(driver, namespace);
    const seen = on ? traced(inside, (event) => this.report(event), runtime.mono) : inside;
    const patience = timeout === undefined ? { runtime } : { runtime, timeout };
    this.driver = retrying(seen, patience);
    this.#once = retrying(seen, { ...patience, retries: 0 });
  }

  /** Reports an event; an observer that throws must not cost a lease. */
  report(event: CoordinatorEvent): void {
    try {
      this.#on?.(event);
    } catch {
      // There is nobody left to tell.
    }
  }

  /** Refuses timings under which a lease could not work. */
  check(ttl: number): void {
    const { heartbeatInterval } = this;
    checkTimings({ ttl, heartbeatInterval }, this.bounds, this.driver.guarantees);
  }

  /** Tries once: one request, with `others` in it, repeated only while its outcome is unknown. */
  async acquire(wanted: Wanted, ...others: Part[]): Promise<Grant> {
    const attempt = this.attempt(wanted);
    await this.send([attempt, ...others], wanted.signal);
    const { lease, blockers } = attempt.grant ?? { blockers: [] };
    if (!lease) return { blockers };
    if (lease.held) return { lease };
    throw new OperationTimedOut(
      `${wanted.resource} was granted, but the answer took longer than its ttl of ${wanted.ttl} ms ` +
        "allows to believe; it was given back. Use a longer ttl",
    );
  }

  /** Sends parts together, in one request. */
  async send(parts: readonly Part[], signal?: AbortSignal): Promise<void> {
    const ops = parts.flatMap((part) => part.ops);
    if (ops.length === 0) return;
    const sent = instant(this.runtime);
    const stops = this.#stops;
    let outcomes: readonly spi.Outcome[];
    try {
      outcomes = await this.driver.apply(ops, { ...(signal && { signal }) });
    } catch (error) {
      if (!(error instanceof UnknownOutcome)) throw error;
      for (const part of parts) part.unknown?.();
      throw signal?.aborted ? signal.reason : error;
    }
    if (stops !== this.#stops && parts.some((part) => part.unknown)) {
      for (const part of parts) part.unknown?.();
      throw new CoordinationError(
        "The coordinator was stopped meanwhile, so what was granted is given back",
        "misuse",
      );
    }
    let next = 0;
    for (const part of parts) part.take(outcomes.slice(next, next += part.ops.length), sent);
  }

  /** What is needed to try once; `won` is told at once of a grant that can be believed. */
  attempt(wanted: Wanted, won?: (lease: HeldLease) => void): Attempt {
    const { resource, seat = "", ttl, value, guard, believe, first = [] } = wanted;
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
          ? { lease: this.#granted(op, granted.token, sent, believe) }
          : { blockers: outcome?.leases ?? [] };
        if (grant.lease?.held) won?.(grant.lease);
      },
      // It may have been granted, and nobody would know.
      unknown: () => this.#giveBack({ op: "release", resource, seat, id }),
    };
  }

  #granted(op: spi.Acquire, token: number, sent: Instant, believe?: number): HeldLease {
    const lease = new HeldLease({
      driver: this.driver,
      runtime: this.runtime,
      bounds: this.bounds,
      on: (event) => this.report(event),
      watched: this.#on !== undefined,
      op,
      token,
      sent,
      believe,
      ended: (lease) => this.#leases.delete(lease),
    });
    if (!lease.held) this.#giveBack(lease.giveBack());
    else if (believe === undefined) {
      this.#leases.add(lease);
      this.heart.poke();
    }
    return lease;
  }

  /** The live leases of one seat, or of all. One request. */
  async inspect(
    resource: string,
    seat?: string,
    signal?: AbortSignal,
  ): Promise<readonly spi.Lease[]> {
    const op: spi.Inspect = { op: "inspect", resource, ...(seat !== undefined && { seat }) };
    const [outcome] = await this.driver.apply([op], { ...(signal && { signal }) });
    return outcome?.leases ?? [];
  }

  /** Every lease held now. */
  get leases(): ReadonlySet<HeldLease> {
    return this.#leases;
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

  /** Notes what the next tick tells. */
  note(event: GroupEvent): void {
    this.#news.push(event);
    if (this.#news.length > 1_000) this.#news.shift();
  }

  /** What was noted and not yet taken, of one type or of all. */
  news(type?: GroupEvent["type"]): GroupEvent[] {
    const noted = this.#news.splice(0);
    const taken = noted.filter((event) => type === undefined || event.type === type);
    this.#news.push(...noted.filter((event) => !taken.includes(event)));
    return taken;
  }

  /** In how many ms the next renewal is due; `Infinity` when nothing is held. */
  get nextDue(): number {
    return Math.max(0, Math.min(...[...this.#leases].map((lease) => this.due(lease))));
  }

  /** In how many ms a lease should be renewed. */
  due(lease: HeldLease): number {
    return (this.heartbeatInterval ?? validity(lease.ttl, this.bounds) / 3) - lease.age;
  }

  /** Renews every lease; answers in how many ms the next beat is due. One request. */
  async heartbeat(signal?: AbortSignal): Promise<number> {
    await this.renew(this.#leases, signal);
    return this.nextDue;
  }

  /** Renews leases together: one request, sent once. */
  async renew(leases: Iterable<HeldLease>, signal?: AbortSignal): Promise<void> {
    const { ops, take } = this.renewal(leases);
    if (ops.length === 0) return;
    const sent = instant(this.runtime);
    take(await this.#once.apply(ops, { ...(signal && { signal }) }), sent);
  }

  /** The renewal of leases, as a part of a request. */
  renewal(leases: Iterable<HeldLease>): Part {
    const held = [...leases].filter((lease) => lease.held);
    return {
      ops: held.map((lease) => lease.renewal()),
      take: (outcomes, sent) =>
        held.forEach((lease, i) => void lease.renewed(outcomes[i]?.ok === true, sent)),
    };
  }

  /** Releases every lease in one request. */
  async releaseAll(): Promise<void> {
    this.#stops++;
    const leases = [...this.#leases].filter((lease) => lease.releasing());
    const parts = leases.map((lease): Part => ({
      ops: lease.ending(),
      take: ([outcome]) => void lease.released(outcome),
    }));
    await this.send(parts);
  }

  /** Releases what nobody holds on to, in the background. */
  #giveBack(op: spi.Release): void {
    const work = this.driver.apply([op]).then(
      () => {},
      (error: unknown) => this.report({ type: "release-failed", error }),
    );
    this.runtime.waitUntil(work);
  }
}

/**
 * Cron jobs of which each slot runs once, whatever the number of regions and duplicate triggers.
 *
 * @module
 */

import type * as spi from "../drivers/driver.ts";
import { InvalidArgument } from "./errors.ts";
import type { HeldLease } from "./held_lease.ts";
import type { CallOptions } from "./lease.ts";
import { resources } from "./names.ts";
import type { Session } from "./session.ts";
import { validity } from "./timings.ts";

/** Which slot to run, and how. */
export interface SlotOptions extends CallOptions {
  /**
   * The instant the platform scheduled, in ms since the epoch, such as `event.scheduledTime`: never
   * the clock at execution, or two triggers of one slot would be two slots.
   */
  slot: number;
  /**
   * `"once"`: a slot runs at most once, even if its run crashes. `"retry"`: when a run crashes or
   * throws, a later trigger of the same slot runs it again; the runs can overlap where a runner is
   * paused past its ttl, so check the token. `"once"` unless given.
   */
  mode?: "once" | "retry";
  /**
   * In ms; the coordinator's unless given. In `"once"` the time the run has: its signal aborts then.
   * In `"retry"` how long after a crash another may take over; it is renewed while the run goes on.
   */
  ttl?: number;
  /**
   * For how long a slot is remembered, in ms; 24 hours unless given. A trigger that comes later than
   * that is refused, for nobody could tell whether its slot has run.
   */
  retain?: number;
}

/** What a run works with. */
export interface Run {
  /** The slot. */
  readonly slot: number;
  /** The fencing token of this run: larger than that of every earlier run of this slot. */
  readonly token: number;
  /** Aborts when the run's time is over or its claim is lost. */
  readonly signal: AbortSignal;
}

/** What became of a trigger. */
export type SlotResult<T> =
  | {
    /** It ran here. */
    readonly outcome: "ran";
    /** The slot. */
    readonly slot: number;
    /** The run's fencing token. */
    readonly token: number;
    /** Our own member id. */
    readonly holder: string;
    /** What the function answered. */
    readonly value: T;
  }
  | {
    /** Another trigger has run it, or is running it. */
    readonly outcome: "skipped";
    /** The slot. */
    readonly slot: number;
    /** Whether that run is known to have finished; always `false` in `"once"`. */
    readonly done: boolean;
    /** The member id of the coordinator that has it. */
    readonly holder: string;
  };

/** A slot's runs are remembered for a day unless told otherwise. */
const RETAIN = 24 * 60 * 60 * 1_000;

/** A named job. */
export class Cron {
  /** The job's name. */
  readonly job: string;
  readonly #session: Session;
  readonly #memberId: string;
  readonly #ttl: number;

  /** Made by `coordinator.cron(job)`. */
  constructor(job: string, session: Session, memberId: string, ttl: number) {
    this.job = job;
    this.#session = session;
    this.#memberId = memberId;
    this.#ttl = ttl;
  }

  /**
   * Runs `work` if this slot is still free. The claim is one request, for losers too; `"retry"` adds
   * one when the run ends, and renewals.
   *
   * @example
   * ```ts ignore
   * const run = await baton.cron("invoices").run(
   *   { slot: event.scheduledTime, ttl: 60_000 },
   *   ({ token, signal }) => sendInvoices(token, signal),
   * );
   * console.log(run.outcome, run.holder); // "ran" here, or "skipped" because fra-1 has it
   * ```
   * @throws what `work` throws. In `"once"` the slot stays used, in `"retry"` it is free again.
   * @throws {UnknownOutcome} when the claim had no answer; `work` has not run. In `"once"` a claim
   *   that was granted all the same is released in the background.
   */
  async run<T>(options: SlotOptions, work: (run: Run) => T | Promise<T>): Promise<SlotResult<T>> {
    const { slot, mode = "once", ttl = this.#ttl, retain = RETAIN, signal } = options;
    this.#check(slot, ttl, retain);
    const resource = resources.cron(this.job);
    const claim = { resource, seat: `${slot}`, value: this.#memberId, signal };
    const { lease, blockers } = await this.#session.acquire(
      mode === "once"
        ? { ...claim, ttl: retain, believe: validity(ttl, this.#session.bounds) }
        : { ...claim, ttl, guard: { when: "vacant", resource, seat: doneSeat(slot) } },
    );
    if (!lease) return skipped(slot, blockers);
    const { token } = lease;
    const start = async (): Promise<T> =>
      await work({
        slot,
        token,
        get signal() {
          return lease.signal;
        },
      });
    const value = mode === "once"
      // Whatever becomes of it, the claim stays until it is no longer remembered.
      ? await start().finally(() => lease.abandon())
      : await this.#retryable(lease, slot, retain, start);
    return { outcome: "ran", slot, token, holder: this.#memberId, value };
  }

  #check(slot: number, ttl: number, retain: number): void {
    const { runtime } = this.#session;
    this.#session.check(ttl);
    this.#session.check(retain);
    if (retain < ttl) {
      throw new InvalidArgument(
        `Cannot use retain ${retain}: it must not be shorter than ttl ${ttl}`,
      );
    }
    if (!Number.isSafeInteger(slot) || Math.abs(runtime.wall() - slot) > retain) {
      throw new InvalidArgument(
        `Cannot run slot ${slot} of job "${this.job}": it must be the scheduled instant in ms since ` +
          `the epoch, within ${retain} ms (retain) of now; beyond that nobody can tell if it has run`,
      );
    }
  }

  /** Runs under a claim that is renewed, then records the end; after an error the slot is free. */
  async #retryable<T>(
    lease: HeldLease,
    slot: number,
    retain: number,
    start: () => Promise<T>,
  ): Promise<T> {
    const letGo = this.#session.heart.keep(lease);
    let value: T;
    try {
      value = await start();
    } catch (error) {
      letGo();
      await lease[Symbol.asyncDispose]();
      throw error;
    }
    letGo();
    // A claim that was lost is another's to finish.
    if (lease.held) await this.#finish(lease, slot, retain);
    return value;
  }

  /** The mark comes first and the claim goes after it, so the slot is never free in between. */
  async #finish(lease: HeldLease, slot: number, retain: number): Promise<void> {
    const mark: spi.Acquire = {
      op: "acquire",
      resource: lease.resource,
      seat: doneSeat(slot),
      id: this.#session.runtime.id(),
      ttl: retain,
      value: this.#memberId,
    };
    lease.releasing();
    try {
      const [, released] = await this.#session.driver.apply([mark, lease.giveBack]);
      lease.released(released);
    } catch (error) {
      // The work is done all the same; if nothing was written, the slot may run again.
      this.#session.report({ type: "release-failed", error });
    }
  }
}

/** Where a `"retry"` slot's successful end is kept: the claim itself is short-lived. */
function doneSeat(slot: number): string {
  return `${slot}/done`;
}

function skipped(slot: number, [blocker]: readonly spi.Lease[]): SlotResult<never> {
  const done = blocker?.seat === doneSeat(slot);
  return { outcome: "skipped", slot, done, holder: blocker?.value ?? "unknown" };
}

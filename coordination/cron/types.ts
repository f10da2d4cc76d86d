/**
 * A cron run's options, what its work receives, and its results.
 *
 * @module
 */

import type { CallOptions } from "../leases/lease.ts";

/** Which slot to run, and how. Durations are whole ms, at most 24.8 days (2^31 ms). */
export interface SlotOptions extends CallOptions {
  /**
   * The instant that the schedule names, in ms since the epoch, such as `event.scheduledTime`. It
   * is never the clock at execution, or two triggers of one slot would be two slots. See
   * `slotOf()`. It may be as long ago as `retain`, and an hour ahead, because a trigger may be
   * early.
   */
  slot: number;
  /**
   * `"once"`: a slot runs at most once, even if its run crashes. `"retry"`: when a run crashes or
   * throws, a later trigger of the same slot runs it again. If a runner is paused past its ttl, two
   * runs can overlap, so let the resource check the token. Default: `"once"`.
   */
  mode?: "once" | "retry" | undefined;
  /**
   * Without `keepAlive`, the time that a run has; then its signal aborts. With it, how long after a
   * crash another process may take over. Default: the coordinator's.
   */
  ttl?: number | undefined;
  /**
   * Whether the claim is renewed while the run lasts. In `"once"` the slot stays taken anyway, so
   * nothing is renewed: `keepAlive` then only means that `ttl` does not limit the run. Default:
   * only in `"retry"`.
   */
  keepAlive?: boolean | undefined;
  /**
   * For how long a slot is remembered, from its instant or its run, whichever is later; `Infinity`
   * for no end. A trigger that comes after that is refused, because nobody would know whether its
   * slot has run. Default: 24 hours.
   */
  retain?: number | undefined;
  /**
   * Whether to skip the slot while a run of another slot of this job, or its `minHold`, lasts. A
   * skipped slot may run later, if it is triggered again. It costs two more calls of the driver,
   * whether the slot runs or is skipped. In `"retry"` a run costs only one more, because its end is
   * recorded anyway. Default: false.
   */
  skipIfRunning?: boolean | undefined;
  /**
   * After a run starts, no other slot of this job starts for this long, even if the run ends
   * sooner. It is for triggers that come too close together. It implies `skipIfRunning` and its
   * costs, and costs nothing more. If a run crashes, the time counts from its last renewal. A value
   * from 10 to 999 looks like seconds and is refused. Default: 0.
   */
  minHold?: number | undefined;
  /**
   * Gives up on a run after this long: aborts its signal and rejects. It does not change the ttl. A
   * value from 10 to 999 looks like seconds and is refused. Default: no limit.
   */
  maxRuntime?: number | undefined;
  /**
   * Whether to record how a run in mode `"once"` ended, for `history()`. It costs one more call of
   * the driver. The start of every run, and the end of those in `"retry"`, is recorded anyway.
   * Default: false.
   */
  record?: boolean | undefined;
  /**
   * Stops waiting for the claim. While the work runs, it also aborts the run's own signal, as in
   * `lead()`. (`lock.with()` leaves that to its caller, whose work receives only the lease.)
   */
  signal?: AbortSignal | undefined;
}

/** Slot options with their defaults. */
export interface Plan extends Omit<SlotOptions, "mode" | "ttl" | "retain" | "keepAlive"> {
  /** As in {@link SlotOptions}. */
  readonly mode: "once" | "retry";
  /** As in {@link SlotOptions}, in ms. */
  readonly ttl: number;
  /** As in {@link SlotOptions}, in ms. */
  readonly retain: number;
  /** As in {@link SlotOptions}. */
  readonly keepAlive: boolean;
}

/** What the work of a run receives. */
export interface Run {
  /** The slot. */
  readonly slot: number;
  /** The fencing token of this run: a number larger than that of every earlier run of this slot. */
  readonly token: number;
  /** Aborts when the run's time is over, its claim is lost, or the caller's own signal aborts. */
  readonly signal: AbortSignal;
}

/** The result of a trigger. */
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
    /** What the work returned. */
    readonly value: T;
  }
  | {
    /** It did not run here. */
    readonly outcome: "skipped";
    /** The slot. */
    readonly slot: number;
    /**
     * `"taken"`: another trigger has run this slot, or is running it. `"running"`: another slot is
     * running, or started less than its `minHold` ago.
     */
    readonly reason: "taken" | "running";
    /** Whether a run of this slot is known to have finished; always `false` in `"once"`. */
    readonly done: boolean;
    /** The member id of the coordinator that has this slot, or runs the other one. */
    readonly holder: string;
  };

/** What is known of a run. */
export interface RunRecord {
  /** The slot. */
  readonly slot: number;
  /** The member id of its runner. */
  readonly holder: string;
  /** Its fencing token. */
  readonly token: number;
  /** When it started, by the runner's clock, in ms since the epoch. */
  readonly started: number;
  /** When it ended, likewise; `null` if it has not ended, or its end was not recorded. */
  readonly ended: number | null;
  /**
   * `"started"`: it goes on, or it crashed, or its end was not recorded. `"ran"`: it ended well.
   * `"failed"`: it threw. `"cut"`: it was still going at its `maxRuntime`.
   */
  readonly outcome: "started" | "ran" | "failed" | "cut";
  /**
   * What it threw: the name and message, cut at 200 characters, without what looks like a secret.
   */
  readonly error?: string | undefined;
}

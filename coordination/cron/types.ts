/**
 * What a cron run is asked for, works with and answers.
 *
 * @module
 */

import type { CallOptions } from "../leases/lease.ts";

/** Which slot to run, and how. Durations are whole ms, 24.8 days (2^31 ms) at most. */
export interface SlotOptions extends CallOptions {
  /**
   * The instant the platform scheduled, in ms since the epoch, such as `event.scheduledTime`: never
   * the clock at execution, or two triggers of one slot would be two slots. See `slotOf()`. It may
   * lie `retain` back, and an hour ahead, for a trigger may be early.
   */
  slot: number;
  /**
   * `"once"`: a slot runs at most once, even if its run crashes. `"retry"`: when a run crashes or
   * throws, a later trigger of the same slot runs it again; the runs can overlap where a runner is
   * paused past its ttl, so check the token. `"once"` unless given.
   */
  mode?: "once" | "retry" | undefined;
  /**
   * The coordinator's unless given. Without `keepAlive` the time a run has: its signal aborts then.
   * With it, how long after a crash another may take over.
   */
  ttl?: number | undefined;
  /**
   * Whether the claim is renewed while the run goes on; unless given, in `"retry"` only. In `"once"`,
   * where the slot stays taken anyhow, nothing is renewed and only the run's time is not limited.
   */
  keepAlive?: boolean | undefined;
  /**
   * For how long a slot is remembered, from its instant or its run, whichever is later; 24 hours
   * unless given, `Infinity` for ever. A trigger that comes later than that is refused, for nobody
   * could tell whether its slot has run.
   */
  retain?: number | undefined;
  /**
   * Skips the slot while a run of another slot of this job goes on, or its `minHold`. It may run
   * later, if it is triggered again. Costs two requests more, whether it runs or is skipped; in
   * `"retry"` a run costs one more, for its end is told anyhow.
   */
  skipIfRunning?: boolean | undefined;
  /**
   * For how long after a run began no other slot of this job begins, however soon it ended: for
   * triggers that come too close together. Implies `skipIfRunning`, with what that costs, and costs
   * nothing more. Of a run that crashes, it counts from its last sign of life. 10 to 999 looks like
   * seconds and is refused.
   */
  minHold?: number | undefined;
  /**
   * When to cut a run that has not ended: its signal aborts and `run()` rejects. 10 to 999 looks like
   * seconds and is refused.
   */
  maxRuntime?: number | undefined;
  /**
   * Whether `history()` is told how a run in mode `"once"` ended, for one request more; that it began,
   * and all about those in mode `"retry"`, is known anyhow.
   */
  record?: boolean | undefined;
  /**
   * Stops waiting for the claim; and later tells the work, as in `lead()`: the run's signal aborts too.
   * (`lock.with()` leaves that to its caller, whose work is given the lease alone.)
   */
  signal?: AbortSignal | undefined;
}

/** Slot options with their defaults in place. */
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

/** What a run works with. */
export interface Run {
  /** The slot. */
  readonly slot: number;
  /** The fencing token of this run: larger than that of every earlier run of this slot. */
  readonly token: number;
  /** Aborts when the run's time is over, its claim is lost, or the caller's own signal aborts. */
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
    /** It did not run here. */
    readonly outcome: "skipped";
    /** The slot. */
    readonly slot: number;
    /**
     * `"taken"`: another trigger has run this slot, or is running it. `"running"`: another slot is
     * running, or began less than its `minHold` ago.
     */
    readonly reason: "taken" | "running";
    /** Whether a run of this slot is known to have finished; always `false` in `"once"`. */
    readonly done: boolean;
    /** The member id of the coordinator that stands in the way. */
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
  /** When it began, by the runner's clock, in ms since the epoch. */
  readonly started: number;
  /** When it ended, likewise; `null` where it has not, or nobody was told. */
  readonly ended: number | null;
  /**
   * `"started"`: it goes on, or it crashed, or its end was not recorded. `"ran"`: it ended well.
   * `"failed"`: it threw. `"cut"`: it was still going at its `maxRuntime`.
   */
  readonly outcome: "started" | "ran" | "failed" | "cut";
  /** What it threw: name and message, cut at 200 characters and without what looks like a secret. */
  readonly error?: string | undefined;
}

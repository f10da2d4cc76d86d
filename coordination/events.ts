/**
 * What happens inside, for logs and metrics.
 *
 * @module
 */

import type { RequestEvent } from "../drivers/decorators/traced.ts";
import type { CoordinationError, Holder, LeaseLost } from "../errors.ts";

/** What a coordinator reports to its `on` hook. No event holds an id or a credential. */
export type CoordinatorEvent =
  | RequestEvent
  | LostEvent
  | BrokenEvent
  | WaitingEvent
  | LeadershipEvent
  | TroubleEvent
  | PreviewEvent;

/** A lease ended without our release. */
export interface LostEvent {
  /** The kind of event. */
  readonly type: "lost";
  /** Which resource, such as `lock:payments`. */
  readonly resource: string;
  /** The fencing token that is no longer ours. */
  readonly token: number;
  /** Why. */
  readonly reason: LeaseLost;
}

/** This coordinator took a lease away from its holder, by a `break()`. */
export interface BrokenEvent {
  /** The kind of event. */
  readonly type: "broken";
  /** Which resource, such as `lock:payments`. */
  readonly resource: string;
  /** The fencing token of the lease that was broken. */
  readonly token: number;
  /** Who had it. */
  readonly memberId: string;
}

/** An acquisition has waited for some seconds, or for a lease of this very coordinator. */
export interface WaitingEvent {
  /** The kind of event. */
  readonly type: "waiting";
  /** What is waited for, such as `Lock "payments"`. */
  readonly what: string;
  /** For how long by now, in ms. */
  readonly ms: number;
  /** Who has it, the first to run out first. */
  readonly holders: readonly Holder[];
  /** Whether this coordinator has it itself: a nested call would wait without end. */
  readonly ours: boolean;
}

/** Leadership won, lost or given up by this coordinator. */
export interface LeadershipEvent {
  /** The kind of event. */
  readonly type: "elected" | "leadership-lost" | "stood-down";
  /** Which group. */
  readonly group: string;
  /** The term, which is the fencing token. */
  readonly term: number;
}

/** Something failed that is tried again, or that nobody awaits. */
export interface TroubleEvent {
  /** The kind of event. */
  readonly type:
    | "acquire-failed"
    | "heartbeat-failed"
    | "campaign-failed"
    | "term-failed"
    | "release-failed"
    | "tick-failed"
    | "callback-failed";
  /** What was thrown. */
  readonly error: CoordinationError | unknown;
}

/**
 * A cron handler was triggered in a preview, by its host or the variables it was given, and its
 * coordinator has no `namespace`: over one backend with production it takes production's slots. See
 * `namespaceOf()`.
 */
export interface PreviewEvent {
  /** The kind of event. */
  readonly type: "preview-without-namespace";
  /** Which job. */
  readonly job: string;
}

/**
 * What happens inside a coordinator, for logs and metrics.
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
  | ShortWaitEvent
  | LeadershipEvent
  | TroubleEvent
  | PreviewEvent;

/** A lease ended although we did not release it. */
export interface LostEvent {
  /** The kind of event. */
  readonly type: "lost";
  /** Which resource, such as `lock:payments`. */
  readonly resource: string;
  /** The fencing token that is no longer ours. */
  readonly token: number;
  /** Why it ended. */
  readonly reason: LeaseLost;
}

/** This coordinator took a lease away from its holder, by calling `break()`. */
export interface BrokenEvent {
  /** The kind of event. */
  readonly type: "broken";
  /** Which resource, such as `lock:payments`. */
  readonly resource: string;
  /** The fencing token of the lease that was broken. */
  readonly token: number;
  /** The member id of the holder that lost it. */
  readonly memberId: string;
}

/**
 * An acquisition has waited for some seconds, or is waiting for a lease of this same coordinator; or a
 * `lead()` is waiting for another one of the same group and coordinator.
 */
export interface WaitingEvent {
  /** The kind of event. */
  readonly type: "waiting";
  /** What it waits for, such as `Lock "payments"`. */
  readonly what: string;
  /** How long it has waited so far, in ms. */
  readonly ms: number;
  /** The holders; the one whose lease ends first comes first. */
  readonly holders: readonly Holder[];
  /** Whether this coordinator itself is a holder. A nested call then waits without end. */
  readonly ours: boolean;
}

/**
 * An acquisition was refused after a `timeout` of less than 50 ms. It is most likely meant in seconds: over
 * a network there is not even time for a second try. Use 0 to try once.
 */
export interface ShortWaitEvent {
  /** The kind of event. */
  readonly type: "short-wait";
  /** What it waited for, such as `Lock "payments"`. */
  readonly what: string;
  /** The `timeout`, in ms. */
  readonly timeout: number;
}

/** This coordinator won, lost or gave up leadership. */
export interface LeadershipEvent {
  /** The kind of event. */
  readonly type: "elected" | "leadership-lost" | "stood-down";
  /** Which group. */
  readonly group: string;
  /** The term: the fencing token of the leadership. */
  readonly term: number;
}

/** Something failed that Baton tries again, or whose result nobody awaits. */
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
 * A cron handler was triggered in a preview deployment, and its coordinator has no `namespace`. If
 * the preview shares a backend with production, it takes production's slots. See `namespaceOf()`.
 */
export interface PreviewEvent {
  /** The kind of event. */
  readonly type: "preview-without-namespace";
  /** Which job. */
  readonly job: string;
}

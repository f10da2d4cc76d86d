/**
 * What happens in groups, as watches, ticks and `events()` report it.
 *
 * @module
 */

/** Anything JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | {
  readonly [key: string]: Json;
};

/** What has changed in a group since the last look. */
export type GroupEvent =
  | MemberEvent
  | MemberLeft
  | LeaderEvent
  | TermEvent
  | Evicted
  | Resync
  | GroupDeleted;

/** A member joined, left and joined again between two looks, or changed its capabilities. */
export interface MemberEvent {
  /** The kind of event. */
  readonly type: "joined" | "restarted" | "capabilities";
  /** Which group. */
  readonly group: string;
  /** Which member. */
  readonly memberId: string;
  /** Which of its lives: it grows with each join. */
  readonly incarnation: number;
  /** What it can do. */
  readonly capabilities: Json;
}

/** A member is gone. */
export interface MemberLeft {
  /** The kind of event. */
  readonly type: "left";
  /** Which group. */
  readonly group: string;
  /** Which member. */
  readonly memberId: string;
  /** Which of its lives. */
  readonly incarnation: number;
  /** Whether it left by itself, or its time ran out (or it was evicted and did not return). */
  readonly reason: "left" | "expired";
}

/** Somebody else leads, or nobody. */
export interface LeaderEvent {
  /** The kind of event. */
  readonly type: "leader";
  /** Which group. */
  readonly group: string;
  /** Who leads now; `null` when nobody does. */
  readonly memberId: string | null;
  /** In which term. */
  readonly term: number | null;
}

/** We were elected, or have lost leadership. */
export interface TermEvent {
  /** The kind of event. */
  readonly type: "elected" | "leadership-lost";
  /** Which group. */
  readonly group: string;
  /** Our own member id. */
  readonly memberId: string;
  /** Which term. */
  readonly term: number;
}

/** We are no longer a member: our time ran out, or another took our place. */
export interface Evicted {
  /** The kind of event. */
  readonly type: "evicted";
  /** Which group. */
  readonly group: string;
  /** Our own member id. */
  readonly memberId: string;
  /** Which of our lives. */
  readonly incarnation: number;
}

/** What went before is not known: here is everybody. */
export interface Resync {
  /** The kind of event. */
  readonly type: "resync";
  /** Which group. */
  readonly group: string;
  /** All members and what they can do. */
  readonly members: ReadonlyMap<string, Json>;
}

/** The group does not exist, or not any more; its members were reported as left before. */
export interface GroupDeleted {
  /** The kind of event. */
  readonly type: "group-deleted";
  /** Which group. */
  readonly group: string;
}

/**
 * The events of groups, which watches, ticks and `events()` report.
 *
 * @module
 */

/** Anything that JSON can hold. */
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

/**
 * A member joined (`joined`), left and joined again between two looks (`restarted`), or changed its
 * capabilities (`capabilities`).
 */
export interface MemberEvent {
  /** The kind of event. */
  readonly type: "joined" | "restarted" | "capabilities";
  /** Which group. */
  readonly group: string;
  /** Which member. */
  readonly memberId: string;
  /** Its incarnation: a number that grows with each join under this member id. */
  readonly incarnation: number;
  /** Its capabilities: the JSON that it joined with or last set. */
  readonly capabilities: Json;
}

/** A member is no longer in the group. */
export interface MemberLeft {
  /** The kind of event. */
  readonly type: "left";
  /** Which group. */
  readonly group: string;
  /** Which member. */
  readonly memberId: string;
  /** Its incarnation. */
  readonly incarnation: number;
  /**
   * `"left"`: it left on purpose. `"expired"`: its time ran out, or it was evicted and has not
   * returned.
   */
  readonly reason: "left" | "expired";
}

/** The group has another leader than before, or none. */
export interface LeaderEvent {
  /** The kind of event. */
  readonly type: "leader";
  /** Which group. */
  readonly group: string;
  /** The new leader; `null` if nobody leads. */
  readonly memberId: string | null;
  /** Its term, the fencing token of its leadership; `null` if nobody leads. */
  readonly term: number | null;
}

/** This coordinator was elected, or has lost its leadership. */
export interface TermEvent {
  /** The kind of event. */
  readonly type: "elected" | "leadership-lost";
  /** Which group. */
  readonly group: string;
  /** Our own member id. */
  readonly memberId: string;
  /** The term: the fencing token of the leadership. */
  readonly term: number;
}

/** This coordinator is no longer a member: its time ran out, or another process took its place. */
export interface Evicted {
  /** The kind of event. */
  readonly type: "evicted";
  /** Which group. */
  readonly group: string;
  /** Our own member id. */
  readonly memberId: string;
  /** The incarnation that has ended. */
  readonly incarnation: number;
}

/** The earlier state of the group is not known. This event has all its members. */
export interface Resync {
  /** The kind of event. */
  readonly type: "resync";
  /** Which group. */
  readonly group: string;
  /** All members and their capabilities. */
  readonly members: ReadonlyMap<string, Json>;
}

/** The group does not exist, or was deleted. Its members were reported as `left` before this. */
export interface GroupDeleted {
  /** The kind of event. */
  readonly type: "group-deleted";
  /** Which group. */
  readonly group: string;
}

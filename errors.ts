/**
 * Every error that Baton throws. Each says what happened, what it means for what the caller holds,
 * and what to do. No message has a credential, a lease id or a full command in it. The names follow
 * Tooz, OpenStack's coordination library.
 *
 * @module
 */

/** A stable word for each kind of error. Use it, and not `instanceof`, to tell errors apart. */
export type ErrorCode =
  | "connection"
  | "unauthorized"
  | "unknown-outcome"
  | "timed-out"
  | "lock-not-acquired"
  | "lease-lost"
  | "stale-token"
  | "invalid-argument"
  | "not-supported"
  | "misuse"
  | "group-not-created"
  | "group-already-exist"
  | "group-not-empty"
  | "member-already-exist"
  | "member-not-joined"
  | "watch-callback-not-found"
  | "driver-chosen-poorly"
  | "unknown-node";

/** What an error has besides its message. */
export interface ErrorDetails {
  /** The kind of error. */
  code?: ErrorCode | undefined;
  /** Whether sending the very same operation again (same id) is safe and may help. */
  retryable?: boolean | undefined;
  /** The error that caused it, without secrets. */
  cause?: unknown | undefined;
}

/** Marks our errors, in all copies of this package that a process may have. */
const BRAND = Symbol.for("@baton/baton/error");

/** The base of every error that Baton throws on purpose (in Tooz: `ToozError`). */
export class CoordinationError extends Error {
  /** @internal See {@link codeOf}. */
  get [BRAND](): true {
    return true;
  }
  /** The class's name. It is written out because bundlers shorten names. */
  override readonly name: string = "CoordinationError";
  /** A stable word for the kind of error. */
  readonly code: ErrorCode;
  /** Whether sending the very same operation again (same id) is safe and may help. */
  readonly retryable: boolean;

  /** Makes the error. */
  constructor(message: string, code: ErrorCode, details: ErrorDetails = {}) {
    super(message, details);
    this.code = details.code ?? code;
    this.retryable = details.retryable ?? false;
  }
}

/**
 * The kind of a Baton error, whichever copy of this package made it; `undefined` for any other
 * error. Tell errors apart with this, and not with `instanceof`: a driver that is published on its
 * own may bring another copy of this package, whose classes are not ours.
 */
export function codeOf(error: unknown): ErrorCode | undefined {
  try {
    const { [BRAND]: ours, code } = Object(error) as Partial<CoordinationError>;
    return ours ? code : undefined;
  } catch {
    // Anything can be thrown, even an object that throws when it is read.
    return undefined;
  }
}

/** Whether an error says that the operation may or may not have happened ({@link UnknownOutcome}). */
export function isUnknown(error: unknown): boolean {
  return ["unknown-outcome", "timed-out"].includes(codeOf(error) ?? "");
}

/**
 * Whether an error says that the backend was not reached, refused to serve, or gave no valid
 * answer.
 */
export function isOutage(error: unknown): boolean {
  return isUnknown(error) || ["connection", "unauthorized"].includes(codeOf(error) ?? "");
}

/** Whether a Baton error says that sending the same again (same id) is safe and may help. */
export function isRetryable(error: unknown): boolean {
  return codeOf(error) !== undefined && (error as CoordinationError).retryable;
}

/**
 * The backend was not reached, or it refused us (wrong token, quota, no permission). Nothing was
 * written. If `retryable` is true, it may pass; otherwise somebody must change something.
 */
export class ConnectionError extends CoordinationError {
  /** The class's name. */
  override readonly name: string = "ConnectionError";
  /** Makes the error. Its code is `"connection"` by default. */
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, "connection", details);
  }
}

/**
 * The operation was sent and no valid answer came back, so it may or may not have happened. Sending
 * the same operation with the same id again is safe. Never treat this as "refused".
 */
export class UnknownOutcome extends CoordinationError {
  /** The class's name. */
  override readonly name: string = "UnknownOutcome";
  /** Makes the error. It is retryable by default. */
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, "unknown-outcome", { retryable: true, ...details });
  }
}

/**
 * No answer came in the time allowed. As with every {@link UnknownOutcome}, it may have happened.
 */
export class OperationTimedOut extends UnknownOutcome {
  /** The class's name. */
  override readonly name: string = "OperationTimedOut";
  /** Makes the error. Its code is `"timed-out"` by default. */
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { code: "timed-out", ...details });
  }
}

/** A holder of a lock, or of a semaphore's permit. */
export interface Holder {
  /** The member id of the coordinator that acquired it. */
  readonly memberId: string;
  /** Its fencing token: a number that grows with each grant. */
  readonly token: number;
  /** An upper bound of how long it keeps it without a renewal, in ms. */
  readonly left: number;
}

/** `hold()` or `with()` did not get the lock in the time allowed, because somebody else has it. */
export class LockAcquireFailed extends CoordinationError {
  /** The class's name. */
  override readonly name: string = "LockAcquireFailed";
  /** The holders at the last try; the one whose lease ends first comes first. */
  readonly holders: readonly Holder[];
  /** Makes the error. */
  constructor(message: string, holders: readonly Holder[] = [], details: ErrorDetails = {}) {
    super(message, "lock-not-acquired", details);
    this.holders = holders;
  }
}

/**
 * A lease ended although we did not release it: its time ran out, or the backend no longer knows
 * it. This is the `reason` of `lease.signal`, and `lease.confirm()` throws it. Stop side effects at
 * once. What was sent already is safe only if the resource checks the fencing token.
 */
export class LeaseLost extends CoordinationError {
  /** The class's name. */
  override readonly name: string = "LeaseLost";
  /** Makes the error. */
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, "lease-lost", details);
  }
}

/** An argument cannot be used. This is thrown before any request, so nothing was written. */
export class InvalidArgument extends CoordinationError {
  /** The class's name. */
  override readonly name: string = "InvalidArgument";
  /** Makes the error. */
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, "invalid-argument", details);
  }
}

/** This runtime or driver cannot do that. This is thrown before any request. */
export class NotSupported extends CoordinationError {
  /** The class's name. */
  override readonly name: string = "NotSupported";
  /** Makes the error. */
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, "not-supported", details);
  }
}

/** The group does not exist. */
export class GroupNotCreated extends CoordinationError {
  /** The class's name. */
  override readonly name: string = "GroupNotCreated";
  /** Which group. */
  readonly group: string;

  /** Makes the error. */
  constructor(group: string) {
    super(
      `Group "${group}" does not exist, so nothing was changed; createGroup() creates it`,
      "group-not-created",
    );
    this.group = group;
  }
}

/** The group exists already. */
export class GroupAlreadyExist extends CoordinationError {
  /** The class's name. */
  override readonly name: string = "GroupAlreadyExist";
  /** Which group. */
  readonly group: string;

  /** Makes the error. */
  constructor(group: string) {
    super(`Group "${group}" exists already, and nothing was changed`, "group-already-exist");
    this.group = group;
  }
}

/** The group has members, so it was not deleted. */
export class GroupNotEmpty extends CoordinationError {
  /** The class's name. */
  override readonly name: string = "GroupNotEmpty";
  /** Which group. */
  readonly group: string;

  /** Makes the error. */
  constructor(group: string) {
    super(
      `Group "${group}" has members, so it was not deleted; try again when they have left`,
      "group-not-empty",
    );
    this.group = group;
  }
}

/** A live member has this id already, in this process or in another. */
export class MemberAlreadyExist extends CoordinationError {
  /** The class's name. */
  override readonly name: string = "MemberAlreadyExist";
  /** Which group. */
  readonly group: string;
  /** Which member. */
  readonly member: string;

  /** Makes the error. */
  constructor(group: string, member: string) {
    super(
      `"${member}" is already a live member of group "${group}", so nothing was changed; wait ` +
        "until it has left or its ttl is over, or take its place with { replace: true }",
      "member-already-exist",
    );
    this.group = group;
    this.member = member;
  }
}

/**
 * That member is not in the group: it never joined, it left, its time ran out, or it was evicted.
 */
export class MemberNotJoined extends CoordinationError {
  /** The class's name. */
  override readonly name: string = "MemberNotJoined";
  /** Which group. */
  readonly group: string;
  /** Which member. */
  readonly member: string;

  /** Makes the error. */
  constructor(group: string, member: string) {
    super(
      `"${member}" is not a live member of group "${group}", so nothing was changed: it did not ` +
        "join, or its membership has ended; joinGroup() begins a new one",
      "member-not-joined",
    );
    this.group = group;
    this.member = member;
  }
}

/** That callback does not watch that group. */
export class WatchCallbackNotFound extends CoordinationError {
  /** The class's name. */
  override readonly name: string = "WatchCallbackNotFound";
  /** Which group. */
  readonly group: string;

  /** Makes the error. */
  constructor(group: string) {
    super(
      `This callback does not watch group "${group}", so nothing was changed`,
      "watch-callback-not-found",
    );
    this.group = group;
  }
}

/** The driver lacks a characteristic that was asked for. This is thrown before any connection. */
export class DriverChosenPoorly extends CoordinationError {
  /** The class's name. */
  override readonly name: string = "DriverChosenPoorly";

  /** Makes the error. */
  constructor(message: string) {
    super(message, "driver-chosen-poorly");
  }
}

/** The hash ring has no such node. */
export class UnknownNode extends CoordinationError {
  /** The class's name. */
  override readonly name: string = "UnknownNode";
  /** Which node. */
  readonly node: string;

  /** Makes the error. */
  constructor(node: string) {
    super(`The ring has no node "${node}", so nothing was changed`, "unknown-node");
    this.node = node;
  }
}

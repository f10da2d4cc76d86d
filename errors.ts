/**
 * Every error Baton throws. Names follow Tooz; each says what happened, what it means for what the
 * caller holds, and what to do. No message carries a credential, a lease id or a full command.
 *
 * @module
 */

/** A stable word for each kind of error, for code that would rather switch than use `instanceof`. */
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

/** What an error carries besides its message. */
export interface ErrorDetails {
  /** Which kind of error this is. */
  code?: ErrorCode | undefined;
  /** Whether sending the very same operation again (same id) is safe and may help. */
  retryable?: boolean | undefined;
  /** What led to it, without secrets. */
  cause?: unknown | undefined;
}

/** Marks our errors, in every copy of this package that a process may have. */
const BRAND = Symbol.for("@baton/baton/error");

/** The base of every error Baton throws on purpose (Tooz: `ToozError`). */
export class CoordinationError extends Error {
  /** @internal See {@link codeOf}. */
  get [BRAND](): true {
    return true;
  }
  /** The class's name; written out, for bundlers shorten names. */
  override readonly name: string = "CoordinationError";
  /** A stable word for the kind of error. */
  readonly code: ErrorCode;
  /** Whether sending the very same operation again (same id) is safe and may help. */
  readonly retryable: boolean;

  /** Makes the error. */
  constructor(message: string, code: ErrorCode, details: ErrorDetails = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.code = details.code ?? code;
    this.retryable = details.retryable ?? false;
  }
}

/**
 * The kind of an error of Baton's, whichever copy of this package made it; `undefined` for any other
 * error. A driver that is published on its own may bring another copy, whose classes are not ours: so
 * this, and not `instanceof`, tells errors apart.
 */
export function codeOf(error: unknown): ErrorCode | undefined {
  try {
    const { [BRAND]: ours, code } = Object(error) as Partial<CoordinationError>;
    return ours ? code : undefined;
  } catch {
    // Anything can be thrown, even what cannot be looked at.
    return undefined;
  }
}

/** Whether an error says that the operation may or may not have happened ({@link UnknownOutcome}). */
export function isUnknown(error: unknown): boolean {
  return ["unknown-outcome", "timed-out"].includes(codeOf(error) ?? "");
}

/** Whether an error says that the backend was not reached, refused to serve, or gave no answer. */
export function isOutage(error: unknown): boolean {
  return isUnknown(error) || ["connection", "unauthorized"].includes(codeOf(error) ?? "");
}

/** Whether an error of Baton's says that the same again (same id) is safe and may help. */
export function isRetryable(error: unknown): boolean {
  return codeOf(error) !== undefined && (error as CoordinationError).retryable;
}

/**
 * The backend was not reached, or refused us (wrong token, quota, no permission): nothing was
 * written. With `retryable` it may pass; without, it needs a human.
 */
export class ConnectionError extends CoordinationError {
  /** The class's name. */
  override readonly name: string = "ConnectionError";
  /** Makes the error; `code` is `"connection"` unless given. */
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, "connection", details);
  }
}

/**
 * The operation was sent and no trustworthy answer came back, so it may or may not have happened.
 * Sending the same operation with the same id again is safe. Never read it as "refused".
 */
export class UnknownOutcome extends CoordinationError {
  /** The class's name. */
  override readonly name: string = "UnknownOutcome";
  /** Makes the error; it is retryable unless told otherwise. */
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, "unknown-outcome", { retryable: true, ...details });
  }
}

/** No answer within the time allowed; as with every {@link UnknownOutcome} it may have happened. */
export class OperationTimedOut extends UnknownOutcome {
  /** The class's name. */
  override readonly name: string = "OperationTimedOut";
  /** Makes the error; `code` is `"timed-out"`. */
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { code: "timed-out", ...details });
  }
}

/** Who has a lock, or a permit of a semaphore. */
export interface Holder {
  /** The member id of the coordinator that acquired it. */
  readonly memberId: string;
  /** Its fencing token. */
  readonly token: number;
  /** An upper bound of how long it keeps it unrenewed, in ms. */
  readonly left: number;
}

/** `hold()` or `with()` could not get the lock in the time allowed: somebody else has it. */
export class LockAcquireFailed extends CoordinationError {
  /** The class's name. */
  override readonly name: string = "LockAcquireFailed";
  /** Who had it at the last look, the first to run out first. */
  readonly holders: readonly Holder[];
  /** Makes the error. */
  constructor(message: string, holders: readonly Holder[] = [], details: ErrorDetails = {}) {
    super(message, "lock-not-acquired", details);
    this.holders = holders;
  }
}

/**
 * A lease ended without our release: its time ran out, or the backend no longer knows it. It is the
 * `reason` of `lease.signal`, and what `lease.confirm()` throws. Stop side effects at once; whatever
 * was sent already is safe only where the resource checks the fencing token.
 */
export class LeaseLost extends CoordinationError {
  /** The class's name. */
  override readonly name: string = "LeaseLost";
  /** Makes the error. */
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, "lease-lost", details);
  }
}

/** An argument no backend could accept. Thrown before any request, so nothing was written. */
export class InvalidArgument extends CoordinationError {
  /** The class's name. */
  override readonly name: string = "InvalidArgument";
  /** Makes the error. */
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, "invalid-argument", details);
  }
}

/** This runtime or driver cannot do what was asked; thrown before any request. */
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
    super(`Group "${group}" does not exist`, "group-not-created");
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
    super(`Group "${group}" exists already`, "group-already-exist");
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
    super(`Group "${group}" has members, so it was not deleted`, "group-not-empty");
    this.group = group;
  }
}

/** A live member has this id already, be it in this process or in another. */
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
      `"${member}" is a live member of group "${group}" already, and nothing was changed; ` +
        "wait until it has left or its ttl is over, or take its place with { replace: true }",
      "member-already-exist",
    );
    this.group = group;
    this.member = member;
  }
}

/** That member is not in the group: it never joined, has left, expired or was evicted. */
export class MemberNotJoined extends CoordinationError {
  /** The class's name. */
  override readonly name: string = "MemberNotJoined";
  /** Which group. */
  readonly group: string;
  /** Which member. */
  readonly member: string;

  /** Makes the error. */
  constructor(group: string, member: string) {
    super(`"${member}" is not a live member of group "${group}"`, "member-not-joined");
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
    super(`This callback does not watch group "${group}"`, "watch-callback-not-found");
    this.group = group;
  }
}

/** The driver lacks a characteristic that was asked for; thrown before anything is connected. */
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
    super(`The ring has no node "${node}"`, "unknown-node");
    this.node = node;
  }
}

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
  | "invalid-argument"
  | "not-supported"
  | "misuse";

/** What an error carries besides its message. */
export interface ErrorDetails {
  /** Which kind of error this is. */
  code?: ErrorCode;
  /** Whether sending the very same operation again (same id) is safe and may help. */
  retryable?: boolean;
  /** What led to it, without secrets. */
  cause?: unknown;
}

/** The base of every error Baton throws on purpose (Tooz: `ToozError`). */
export class CoordinationError extends Error {
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
 * The backend was not reached, or refused us (wrong token, quota, no permission): nothing was
 * written. With `retryable` it may pass; without, it needs a human.
 */
export class ConnectionError extends CoordinationError {
  /** The class\'s name. */
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
  /** The class\'s name. */
  override readonly name: string = "UnknownOutcome";
  /** Makes the error; it is retryable unless told otherwise. */
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, "unknown-outcome", { retryable: true, ...details });
  }
}

/** No answer within the time allowed; as with every {@link UnknownOutcome} it may have happened. */
export class OperationTimedOut extends UnknownOutcome {
  /** The class\'s name. */
  override readonly name: string = "OperationTimedOut";
  /** Makes the error; `code` is `"timed-out"`. */
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { code: "timed-out", ...details });
  }
}

/** `hold()` or `with()` could not get the lock in the time allowed: somebody else has it. */
export class LockAcquireFailed extends CoordinationError {
  /** The class\'s name. */
  override readonly name: string = "LockAcquireFailed";
  /** Makes the error. */
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, "lock-not-acquired", details);
  }
}

/**
 * A lease ended without our release: its time ran out, or the backend no longer knows it. It is the
 * `reason` of `lease.signal`, and what `lease.confirm()` throws. Stop side effects at once; whatever
 * was sent already is safe only where the resource checks the fencing token.
 */
export class LeaseLost extends CoordinationError {
  /** The class\'s name. */
  override readonly name: string = "LeaseLost";
  /** Makes the error. */
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, "lease-lost", details);
  }
}

/** An argument no backend could accept. Thrown before any request, so nothing was written. */
export class InvalidArgument extends CoordinationError {
  /** The class\'s name. */
  override readonly name: string = "InvalidArgument";
  /** Makes the error. */
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, "invalid-argument", details);
  }
}

/** This runtime or driver cannot do what was asked; thrown before any request. */
export class NotSupported extends CoordinationError {
  /** The class\'s name. */
  override readonly name: string = "NotSupported";
  /** Makes the error. */
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, "not-supported", details);
  }
}

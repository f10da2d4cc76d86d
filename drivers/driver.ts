/**
 * The whole of what a backend must do: one method, four operations. Locks, leadership, membership,
 * group existence and cron slots are all *leases* on a *seat* of a *resource*.
 *
 * ## The contract
 * `@baton/baton/testing` holds every driver, and every decorator, to these ten rules.
 *
 * 1. Operations run in the order given. Each is atomic and linearizable by itself; the batch is a
 *    pipeline, not a transaction.
 * 2. The backend's clock alone decides whether a lease lives. Durations cross the wire, never
 *    instants.
 * 3. `acquire` is granted if and only if the seat is vacant and the guard holds; under any race one
 *    wins.
 * 4. Replay: an `acquire` whose `id` already holds the seat answers `ok` with the *same* token and
 *    changes nothing else, the expiry included; its guard is not checked again. So a caller counts
 *    its deadline from the *first* send of that id, and a renewal's from the send that was
 *    acknowledged. `left` is a hint for waiting, never a deadline. A copy that lands after its lease
 *    has ended is granted anew, with a new token, to nobody: it lives for its ttl.
 * 5. `token` is a safe integer above every earlier token of that seat, `max(previous + 1, clock in
 *    ms)`: across release, expiry, clean-up and restart, and as far as the backend allows across
 *    lost data.
 * 6. `renew` and `release` with an id act only while that id is live there. They never resurrect a
 *    lease and never touch a successor's. `renew` asks for the ttl the lease was acquired with.
 * 7. A refused `acquire` or `release` lists the live leases that stand in the way: who else has the
 *    seat, or else who makes the guard fail. A refused `acquire` with an empty list means that the
 *    seat its guard wants held is vacant; a refused `release` with one, that nobody has the seat.
 * 8. Ids are made by the caller, unique per acquisition, and never shared by two seats.
 * 9. A driver has no retry, timer, log, environment read or global state, and honours `signal`.
 * 10. A reply that is odd, late, cut or a proxy's: throw `UnknownOutcome`. A definite refusal to
 *    serve (credentials, quota): throw `ConnectionError`. Neither is ever an outcome.
 *
 * @module
 */

/** A backend. One call of {@link Driver.apply} is one request wherever the backend allows. */
export interface Driver {
  /** A short lower-case name for messages and traces, such as `"upstash"`. */
  readonly name: string;
  /** What this backend promises, and by omission what it does not. */
  readonly guarantees: Guarantees;
  /**
   * Runs the operations in order and answers one outcome for each.
   *
   * @throws {InvalidArgument} before anything is sent, when an operation is malformed.
   * @throws {ConnectionError} when certainly nothing happened.
   * @throws {UnknownOutcome} when anything between nothing and everything may have happened.
   */
  apply(ops: readonly Op[], options?: ApplyOptions): Promise<readonly Outcome[]>;
}

/** How to run a batch. */
export interface ApplyOptions {
  /**
   * Stops waiting for the answer. Aborted before the send: throws its reason and nothing happened;
   * after it: throws `UnknownOutcome`, for the backend may have acted.
   */
  readonly signal?: AbortSignal;
}

/** What a backend promises. `README.md` has the table of all drivers. */
export interface Guarantees {
  /**
   * `"linearizable"`: every operation, whatever fails. `"until-failover"`: as long as the primary
   * lives; a fail-over to an asynchronous replica can forget acknowledged leases.
   */
  readonly consistency: "linearizable" | "until-failover";
  /** Whose clock decides that a lease has ended. */
  readonly clock: "process" | "host" | "server";
  /**
   * What an acknowledged lease survives. `"process"`: nothing but our own errors; it dies with the
   * process. `"disk"`: a crash and a power cut. `"replicas"`: the loss of a machine.
   * `"asynchronous"`: usually a crash, but the last moments may be lost.
   */
  readonly durability: "process" | "disk" | "replicas" | "asynchronous";
  /** Whether the backend can tell a waiter of a change instead of being asked again. */
  readonly push: boolean;
  /** The shortest ttl it can keep, in milliseconds. */
  readonly minTtl: number;
}

/** One operation on a seat. */
export type Op = Acquire | Renew | Release | Inspect;

/** Takes a vacant seat; who sits there is looked at first, then the guard. */
export interface Acquire {
  /** The kind of operation. */
  readonly op: "acquire";
  /** What is granted, such as `lock:payments`. */
  readonly resource: string;
  /** Which place in it; `""` where there is only one. */
  readonly seat: string;
  /** This acquisition's own id; the holder proves itself by it, so it is a secret. */
  readonly id: string;
  /** How long the lease lives unrenewed, in milliseconds; `Infinity` for ever. */
  readonly ttl: number;
  /** Text that travels with the lease and that everyone may read. */
  readonly value: string;
  /** A condition on another seat, decided in the same atomic step. */
  readonly guard?: Guard;
}

/** Extends a live lease by its ttl from now; never revives one that has ended. */
export interface Renew {
  /** The kind of operation. */
  readonly op: "renew";
  /** As acquired. */
  readonly resource: string;
  /** As acquired. */
  readonly seat: string;
  /** As acquired. */
  readonly id: string;
  /** As acquired, in milliseconds. */
  readonly ttl: number;
  /** A new value; without it the value stays. */
  readonly value?: string;
}

/** Ends a lease; refused when it is not live there, and only then is the guard looked at. */
export interface Release {
  /** The kind of operation. */
  readonly op: "release";
  /** As acquired. */
  readonly resource: string;
  /** As acquired. */
  readonly seat: string;
  /** As acquired. Without it, whoever holds the seat loses it ("break"). */
  readonly id?: string;
  /** A condition on another seat, decided in the same atomic step. */
  readonly guard?: Guard;
}

/** Lists the live leases of one seat, or of all seats of a resource. Always `ok`. */
export interface Inspect {
  /** The kind of operation. */
  readonly op: "inspect";
  /** What to look at. */
  readonly resource: string;
  /** Which place in it; without it, all of them. */
  readonly seat?: string;
}

/** A condition on another seat, or without `seat` on any seat of the resource. */
export interface Guard {
  /** Whether a live lease must be there, or must not. */
  readonly when: "held" | "vacant";
  /** Where. */
  readonly resource: string;
  /** Which place in it; without it `"held"` means at least one and `"vacant"` means none. */
  readonly seat?: string;
}

/** The answer to one operation. */
export interface Outcome {
  /** Granted, renewed, released, listed; `false` is a definite refusal. */
  readonly ok: boolean;
  /**
   * Granted: that lease. Inspected: the live ones. Acquire or release refused: who stands in the
   * way. Otherwise empty: a renewal's holder knows its lease, and not every backend can read a row
   * back in the request that writes it. Ordered by seat.
   */
  readonly leases: readonly Lease[];
}

/** A live lease as the backend sees it. */
export interface Lease {
  /** Which place in the resource. */
  readonly seat: string;
  /** Its holder's id for this acquisition: a secret, never shown to users. */
  readonly id: string;
  /** Its fencing token. */
  readonly token: number;
  /** The text its holder gave. */
  readonly value: string;
  /**
   * An upper bound of the time it lives unrenewed, in milliseconds; `Infinity` for ever. On MySQL it
   * can exceed the ttl by as long as a look waited before it read.
   */
  readonly left: number;
}

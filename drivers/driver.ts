/**
 * The whole of what a backend must do: one method, five operations. Locks, leadership, membership,
 * group existence and cron slots are all *leases* on a *seat* of a *resource*.
 *
 * ## The contract
 * `@baton/baton/testing` holds every driver, and every decorator, to these rules.
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
 *    has ended is granted once more, with a new token, to nobody: it lives for its ttl.
 * 5. `token` is a safe integer above every earlier token of that seat, `max(previous + 1, clock in
 *    ms)`: across release, expiry, clean-up and restart, and as far as the backend allows across
 *    lost data.
 * 6. `renew` and `release` with an id act only while that id is live there. They never resurrect a
 *    lease and never touch a successor's. `renew` asks for the ttl the lease was acquired with.
 * 7. A refused `acquire` or `release` lists the live leases that stand in the way: who else has the
 *    seat, or else who makes the guard fail. A refused `acquire` with an empty list means that the
 *    seat its guard wants held is vacant; a refused `release` with one, that nobody has the seat.
 * 8. Ids are made by the caller, unique per acquisition, and never shared by two seats.
 * 9. A driver has no log, environment read or global state, and honours `signal`. It has no timer but
 *    for {@link Acquire.patience}. It sends again only what the backend itself undid and asked to send
 *    again (a deadlock, a lost compare-and-set); when it gives that up, nothing was written.
 * 10. A reply that is odd, late, cut or a proxy's: throw `UnknownOutcome`. A definite refusal to
 *    serve (credentials, quota): throw `ConnectionError`. Neither is ever an outcome. Whatever else is
 *    thrown counts as `UnknownOutcome`. Errors are told apart by their `code`, so a driver may bring
 *    its own copy of them.
 * 11. Limits, checked before anything is sent: a resource (and a prefix) of 512 bytes of UTF-8, a seat
 *    of 512, an id of 128, a value of 65,536, a cursor of 4,096; none with U+0000 or half of a
 *    surrogate pair; a resource, an id and a cursor of at least one character. A ttl is a whole number
 *    of ms from `minTtl` to 2^31 − 1, or `Infinity`; a patience one from 0 to 2^31 − 1; a limit one
 *    from 1 to 1,000.
 * 12. No request is byte for byte the same as an earlier one of this process, so that nothing in
 *    between can answer with an old reply: a nonce that the backend ignores goes along. Transports over
 *    HTTP also forbid caching where the runtime can.
 * 13. `list` answers every lease that lived through the whole listing, and none that was dead before
 *    it began. It is for people and metrics: it is no snapshot, and nothing may be decided by it.
 * 14. With `guarantees.push`, an `acquire` with patience waits at most so long for its grant, and those
 *    who wait for one seat are served in the order in which their requests came. One that was aborted
 *    is withdrawn. Without `push`, patience changes nothing.
 * 15. {@link ApplyOptions.beforeRequest} is called once for each request, before it is sent.
 *
 * @module
 */

/**
 * A backend. One call of {@link Driver.apply} is one request wherever the backend allows. A driver that
 * holds something open, such as a socket, is `AsyncDisposable`: whoever made it disposes of it, and
 * `getCoordinator()` does so in the coordinator's `stop()`.
 */
export interface Driver extends Partial<AsyncDisposable> {
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
  readonly signal?: AbortSignal | undefined;
  /**
   * Called before each request that the driver sends for this batch, so that requests can be counted
   * and limited. When it throws, that request is not sent. The call then throws the same error; or
   * `UnknownOutcome`, if an earlier request of the batch may have written something.
   */
  readonly beforeRequest?: (() => void) | undefined;
}

/** What a backend promises. `docs/backends.md` has the table of all drivers. */
export interface Guarantees {
  /**
   * `"linearizable"`: every operation, whatever fails. `"until-failover"`: as long as the primary
   * lives; a fail-over to an asynchronous replica can forget acknowledged leases.
   */
  readonly consistency: "linearizable" | "until-failover";
  /**
   * Whose clock decides that a lease has ended. Where it is a `"server"`'s, a holder allows for a jump
   * of that clock (500 ms by default); its own process's or host's clock it reads itself.
   */
  readonly clock: "process" | "host" | "server";
  /**
   * What an acknowledged lease survives. `"process"`: nothing but our own errors; it dies with the
   * process. `"disk"`: a crash and a power cut. `"replicas"`: the loss of a machine.
   * `"asynchronous"`: usually a crash, but the last moments may be lost.
   */
  readonly durability: "process" | "disk" | "replicas" | "asynchronous";
  /** Whether the backend holds an {@link Acquire} with `patience` until it can grant it (rule 14). */
  readonly push: boolean;
  /** The shortest ttl it can keep, in milliseconds. */
  readonly minTtl: number;
}

/** One operation. */
export type Op = SeatOp | List;

/** An operation on a seat, or on all seats of a resource. */
export type SeatOp = Acquire | Renew | Release | Inspect;

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
  /** How long the lease lives unrenewed, in milliseconds; `Infinity` for no end. */
  readonly ttl: number;
  /** Text that travels with the lease and that everyone may read. */
  readonly value: string;
  /** A condition on another seat, decided in the same atomic step. */
  readonly guard?: Guard | undefined;
  /**
   * For how long the backend may hold the request until it can grant it, in milliseconds (rule 14). The
   * ttl counts from the grant, the holder's deadline from the send: so the wait is lost from it.
   */
  readonly patience?: number | undefined;
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
  readonly value?: string | undefined;
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
  readonly id?: string | undefined;
  /** A condition on another seat, decided in the same atomic step. */
  readonly guard?: Guard | undefined;
}

/** Answers the live leases of one seat, or of all seats of a resource. Always `ok`. */
export interface Inspect {
  /** The kind of operation. */
  readonly op: "inspect";
  /** What to look at. */
  readonly resource: string;
  /** Which place in it; without it, all of them. */
  readonly seat?: string | undefined;
}

/** Answers live leases of all resources whose name begins with `prefix`, in pages. Always `ok`. */
export interface List {
  /** The kind of operation. */
  readonly op: "list";
  /** How the resources begin; `""` for all. */
  readonly prefix: string;
  /** Where to go on: what {@link Outcome.after} of the page before was. */
  readonly after?: string | undefined;
  /**
   * About how many leases to answer, from 1 to 1,000. A page may have fewer, even none, and on Redis
   * more; only an outcome without `after` says that there are no more.
   */
  readonly limit: number;
}

/** A condition on another seat, or without `seat` on any seat of the resource. */
export interface Guard {
  /** Whether a live lease must be there, or must not. */
  readonly when: "held" | "vacant";
  /** Where. */
  readonly resource: string;
  /** Which place in it; without it `"held"` means at least one and `"vacant"` means none. */
  readonly seat?: string | undefined;
}

/** The answer to one operation. */
export interface Outcome {
  /** Granted, renewed, released, listed; `false` is a definite refusal. */
  readonly ok: boolean;
  /**
   * Granted: that lease. Inspected or listed: the live ones. Acquire or release refused: who stands in
   * the way. Otherwise empty: a renewal's holder knows its lease, and not every backend can read a row
   * back in the request that writes it. Ordered by seat, but for a list, which has no order.
   */
  readonly leases: readonly Lease[];
  /** Of a `list` of which there is more: where to go on. A text of the driver's own. */
  readonly after?: string;
}

/** A live lease as the backend sees it. */
export interface Lease {
  /** Of a `list`: its resource. Other operations name theirs themselves. */
  readonly resource?: string;
  /** Which place in the resource. */
  readonly seat: string;
  /** Its holder's id for this acquisition: a secret, never shown to users. */
  readonly id: string;
  /** Its fencing token. */
  readonly token: number;
  /** The text its holder gave. */
  readonly value: string;
  /**
   * An upper bound of the time it lives unrenewed, in milliseconds; `Infinity` for no end. On MySQL it
   * can exceed the ttl by as long as a look waited before it read.
   */
  readonly left: number;
}

/**
 * All that a backend must do: one method, five operations. Locks, leadership, membership, the
 * existence of groups and cron slots are all *leases*: time-bounded grants. A lease is on a *seat*
 * of a *resource*. A lock is a resource with one seat; a group has one seat per member.
 *
 * ## The contract
 * The suite in `@baton/baton/testing` holds every driver and every decorator to these rules.
 *
 * 1. Operations run in the order given. Each is atomic and linearizable by itself. The batch is a
 *    pipeline, not a transaction. Of places that nothing before it in the batch has written, an
 *    operation may see the state of an earlier moment of the call, before those writes. So a caller
 *    that has to look after its write is done looks in another call.
 * 2. The backend's clock alone decides whether a lease lives. Durations cross the wire, never
 *    instants. A lease that is not renewed ends after its ttl, or at the latest after
 *    `guarantees.overrun` times its ttl.
 * 3. `acquire` is granted if and only if the seat is vacant and the guard holds. In any race
 *    exactly one wins.
 * 4. Replay: an `acquire` whose `id` already holds the seat answers `ok` with the *same* token. It
 *    changes nothing, not even the expiry, and its guard is not checked again. So a caller counts
 *    its deadline from the *first* send of that id, and a renewal's deadline from the send that was
 *    acknowledged. `left` is a hint for waiting, never a deadline. A copy that arrives after its
 *    lease has ended is granted once more, with a new token. Nobody uses that lease; it ends after
 *    its ttl.
 * 5. `token`, the fencing token, is a safe integer above every earlier token of that seat:
 *    `max(previous + 1, clock in ms)`. This holds across release, expiry, clean-up and restart, and
 *    as far as the backend allows across lost data.
 * 6. `renew` and `release` with an id act only while the lease of that id lives there. They never
 *    revive a lease and never touch a successor's. `renew` asks for the ttl that the lease was
 *    acquired with.
 * 7. A refused `acquire` or `release` lists the live leases that stand in the way: the one that has
 *    the seat, or else those that make the guard fail. If the list is empty, a refused `acquire`
 *    means that the seat its guard wants held is vacant, and a refused `release` means that nobody
 *    has the seat.
 * 8. The caller makes the ids. An id is unique per acquisition, and two seats never share one.
 * 9. A driver keeps no log, reads no environment, has no global state, and honours `signal`. It
 *    sets a timer only for {@link Acquire.patience}. It repeats a request only if the backend
 *    itself undid it and asked for a repetition (a deadlock, a lost compare-and-set). When it gives
 *    up on that, nothing was written.
 * 10. If a reply is odd, late, cut off or a proxy's, throw `UnknownOutcome`. If the backend
 *    definitely refuses to serve (credentials, quota), throw `ConnectionError`. Never return either
 *    as an outcome. Any other error counts as `UnknownOutcome`. Errors are recognized by their
 *    `code`, so a driver may bring its own copy of the classes.
 * 11. Limits are checked before anything is sent. In bytes of UTF-8, a resource and a prefix have
 *    at most 512, a seat 512, an id 128, a value 65,536 and a cursor 4,096. No text has U+0000 or
 *    half of a surrogate pair. A resource, an id and a cursor have at least one character. A ttl is
 *    a whole number of ms from `minTtl` to 2^31 − 1, or `Infinity`. A patience is a whole number of
 *    ms from 0 to 2^31 − 1, and a limit is a whole number from 1 to 1,000.
 * 12. No request is byte for byte the same as an earlier one of this process, so that no cache on
 *    the way can answer with an old reply. Each request carries a nonce that the backend ignores.
 *    Transports over HTTP also forbid caching where the runtime can.
 * 13. `list` answers every lease that lived through the whole listing, and no lease that was dead
 *    before it began. It is for people and metrics. It is not a snapshot, so nothing may be decided
 *    by it.
 * 14. With `guarantees.push`, an `acquire` with patience waits for its grant for at most that long.
 *    Unless `guarantees.fair` is `false`, those that wait for one seat are served in the order in
 *    which their requests came. An aborted one is withdrawn. Without `push`, patience changes
 *    nothing.
 * 15. The driver calls {@link ApplyOptions.beforeRequest} once for each request, before it sends
 *     it. Where the backend limits something else that a request consists of, such as the statements of
 *     a batch, each of these counts as a request.
 * 16. Each page of an `inspect` with a limit is as of one instant, and the next begins where it
 *     ended, whatever was written between them. Seats that begin with decimal numbers of equally
 *     many digits come in the order of these numbers. Other seats may have an order of the driver's
 *     own, which is always the same.
 *
 * @module
 */

/**
 * A backend. One call of {@link Driver.apply} is one request wherever the backend allows;
 * `docs/backends.md` has the number for each. A driver that holds something open, such as a socket,
 * is `AsyncDisposable`. The code that made it disposes of it; for a driver of `getCoordinator()`,
 * the coordinator's `stop()` does so.
 */
export interface Driver extends Partial<AsyncDisposable> {
  /** A short lower-case name for messages and traces, such as `"upstash"`. */
  readonly name: string;
  /** What this backend promises. It does not promise more. */
  readonly guarantees: Guarantees;
  /**
   * Runs the operations in order and returns one outcome for each.
   *
   * @throws {InvalidArgument} before anything is sent, when an operation is malformed.
   * @throws {ConnectionError} when it is certain that nothing happened.
   * @throws {UnknownOutcome} when anything from nothing to everything may have happened.
   */
  apply(ops: readonly Op[], options?: ApplyOptions): Promise<readonly Outcome[]>;
}

/** How to run a batch. */
export interface ApplyOptions {
  /**
   * Stops waiting for the answer. If it aborts before the send, the call throws its reason and
   * nothing happened. If it aborts later, the call throws `UnknownOutcome`, because the backend may
   * have acted.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called before each request that the driver sends for this batch, so that requests can be
   * counted and limited. If it throws, that request is not sent. The call then throws the same
   * error, or `UnknownOutcome` if an earlier request of the batch may have written something.
   */
  readonly beforeRequest?: (() => void) | undefined;
}

/** What a backend promises. `docs/backends.md` has the table of all drivers. */
export interface Guarantees {
  /**
   * `"linearizable"`: every operation takes effect at one instant, whatever fails.
   * `"until-failover"`: the same as long as the primary lives; a fail-over to an asynchronous
   * replica can forget acknowledged leases.
   */
  readonly consistency: "linearizable" | "until-failover";
  /**
   * Whose clock decides that a lease has ended. With `"server"`, a holder allows for a jump of that
   * clock (500 ms by default). The clock of its own process or host it can read itself.
   */
  readonly clock: "process" | "host" | "server";
  /**
   * What an acknowledged lease survives. `"process"`: errors of our own code, but not the end of
   * the process. `"disk"`: a crash and a power cut. `"replicas"`: the loss of a machine.
   * `"asynchronous"`: usually a crash, but the last writes may be lost.
   */
  readonly durability: "process" | "disk" | "replicas" | "asynchronous";
  /**
   * Whether the backend can hold an {@link Acquire} with `patience` back until it can grant it
   * (rule 14).
   */
  readonly push: boolean;
  /**
   * With `push`: whether those that wait for one seat are served in the order in which they came.
   * Default: `true`. With `false`, the first request that reaches the backend after a change is
   * served.
   */
  readonly fair?: boolean;
  /** The shortest ttl that the backend can keep, in milliseconds. */
  readonly minTtl: number;
  /**
   * For how many times its ttl a lease may live after it was last renewed, or after the backend's
   * last restart or fail-over (rule 2). Default: 1, and then neither prolongs it. Never below 1. A
   * holder does not count on more than its ttl. Those who wait for the lease of one that has crashed
   * may have to wait for longer.
   */
  readonly overrun?: number;
}

/** One operation. */
export type Op = SeatOp | List;

/** An operation on a seat, or on all seats of a resource. */
export type SeatOp = Acquire | Renew | Release | Inspect;

/** Takes a vacant seat. The backend first looks who has the seat, and then at the guard. */
export interface Acquire {
  /** The kind of operation. */
  readonly op: "acquire";
  /** What is granted, such as `lock:payments`. */
  readonly resource: string;
  /** Which seat of it; `""` if there is only one. */
  readonly seat: string;
  /**
   * The id of this acquisition. The holder proves by it that the lease is its own, so it is a
   * secret.
   */
  readonly id: string;
  /** How long the lease lives without a renewal, in milliseconds; `Infinity` for no end. */
  readonly ttl: number;
  /** Text that is kept with the lease and that everyone may read. */
  readonly value: string;
  /** A condition on another seat, decided in the same atomic step. */
  readonly guard?: Guard | undefined;
  /**
   * For how long the backend may hold the request until it can grant it, in milliseconds (rule 14).
   * The ttl counts from the grant, but the holder's deadline counts from the send. So the holder
   * loses the time that it waited.
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

/**
 * Ends a lease. It is refused if the lease does not live there. Otherwise the backend looks at the
 * guard.
 */
export interface Release {
  /** The kind of operation. */
  readonly op: "release";
  /** As acquired. */
  readonly resource: string;
  /** As acquired. */
  readonly seat: string;
  /** As acquired. Without an id, the seat's holder loses it, whichever process it is ("break"). */
  readonly id?: string | undefined;
  /** A condition on another seat, decided in the same atomic step. */
  readonly guard?: Guard | undefined;
}

/**
 * Answers the live leases of one seat, or of all seats of a resource, or a page of these. Always
 * `ok`.
 */
export interface Inspect {
  /** The kind of operation. */
  readonly op: "inspect";
  /** What to look at. */
  readonly resource: string;
  /** Which seat of it. Without it, all of them. */
  readonly seat?: string | undefined;
  /**
   * The most leases to answer, from 1 to 1,000, if no seat is named. Pages go from the last seat to
   * the first (rule 16). A page may have fewer, even none. Only an outcome without `after` is the
   * last page. Default: all leases, as of one instant.
   */
  readonly limit?: number | undefined;
  /** Only with `limit`: only seats that come before this one, whether or not it is held. */
  readonly before?: string | undefined;
}

/** Answers live leases of all resources whose name begins with `prefix`, in pages. Always `ok`. */
export interface List {
  /** The kind of operation. */
  readonly op: "list";
  /** What the resources' names begin with; `""` for all. */
  readonly prefix: string;
  /** Where to go on: the {@link Outcome.after} of the previous page. */
  readonly after?: string | undefined;
  /**
   * About how many leases to answer, from 1 to 1,000. A page may have fewer, even none, and on
   * Redis it may have more. Only an outcome without `after` is the last page.
   */
  readonly limit: number;
}

/** A condition on another seat or, without `seat`, on all seats of the resource. */
export interface Guard {
  /** Whether there must be a live lease, or must not be one. */
  readonly when: "held" | "vacant";
  /** Of which resource. */
  readonly resource: string;
  /** Which seat of it. Without it, `"held"` means at least one lease and `"vacant"` means none. */
  readonly seat?: string | undefined;
}

/** The answer to one operation. */
export interface Outcome {
  /** `true`: granted, renewed, released or listed. `false`: definitely refused. */
  readonly ok: boolean;
  /**
   * After a grant, that lease. After `inspect` or `list`, the live leases. After a refused
   * `acquire` or `release`, the leases that stand in the way. Otherwise empty: the holder knows the
   * lease it renews, and not every backend can read a row back in the request that writes it. They
   * are ordered by seat, except those of a list, which have no order.
   */
  readonly leases: readonly Lease[];
  /**
   * Only of a page after which there may be more: where to go on. It is the next
   * {@link Inspect.before}, or the next {@link List.after}, whose form is the driver's own.
   */
  readonly after?: string;
}

/** A live lease as the backend sees it. */
export interface Lease {
  /** Its resource, in the answer to a `list`. All other operations name their resource. */
  readonly resource?: string;
  /** Which seat of the resource. */
  readonly seat: string;
  /** Its holder's id for this acquisition: a secret, never shown to users. */
  readonly id: string;
  /** Its fencing token. */
  readonly token: number;
  /** The text that its holder gave. */
  readonly value: string;
  /**
   * An upper bound of the part of its ttl that is left, in milliseconds; `Infinity` for no end. A
   * lease of a backend with `guarantees.overrun` may live for longer. On MySQL it can exceed the ttl
   * by the time that a look waited before it read.
   */
  readonly left: number;
}

/**
 * What clients write down while they work, one JSON line for each entry, and what the judge then has.
 * All instants are ms since the epoch on one host's clock, so those of different clients compare.
 *
 * @module
 */

/** How a seat is shared: alone, with other readers, with as many as there are permits. */
export type Mode = "exclusive" | "shared" | "permit" | "leader" | "member" | "run";

/** A client's driver was answered that a seat is its own. */
export interface GrantEntry {
  readonly kind: "grant";
  readonly resource: string;
  readonly seat: string;
  readonly token: number;
  /** When that acquisition was first sent. */
  readonly sent: number;
  readonly at: number;
}

/** A renewal was refused although the lease was acknowledged less than its ttl ago. */
export interface GoneEntry {
  readonly kind: "gone";
  readonly resource: string;
  readonly seat: string;
  readonly token: number;
  /** When the request was sent that was last acknowledged. */
  readonly since: number;
  readonly at: number;
}

/** Somebody was told that something is his, and begins to believe. */
export interface HoldEntry {
  readonly kind: "hold";
  /** Unique in the whole run. */
  readonly handle: string;
  /** What is held, such as `lock:a`; windows are compared within it. */
  readonly what: string;
  readonly mode: Mode;
  readonly token: number;
  readonly ttl: number;
  /** How many may hold it at once, for permits. */
  readonly most?: number;
  /** When it was asked for. */
  readonly sent: number;
  readonly at: number;
}

/** It was believed at this instant. */
export interface SeenEntry {
  readonly kind: "seen";
  readonly handle: string;
  readonly at: number;
}

/** The belief has ended, one way or another. */
export interface EndEntry {
  readonly kind: "end";
  readonly handle: string;
  readonly at: number;
}

/** The work of a slot began. */
export interface BeginEntry {
  readonly kind: "begin";
  readonly job: string;
  readonly slot: number;
  readonly mode: "once" | "retry";
  readonly token: number;
  /** When the slot was claimed. */
  readonly sent: number;
  readonly at: number;
}

/** A member asks to join; nobody knows when it does until it is answered. */
export interface JoiningEntry {
  readonly kind: "joining";
  readonly group: string;
  readonly member: string;
  readonly sent: number;
}

/** The answer, or that there was none. */
export interface JoinedEntry {
  readonly kind: "joined";
  readonly group: string;
  readonly member: string;
  readonly at: number;
}

/** What somebody was told of who is in a group. */
export interface ListEntry {
  readonly kind: "list";
  readonly group: string;
  readonly members: readonly string[];
  readonly sent: number;
  readonly at: number;
}

/** One event of a watch, as far as it is judged. */
export interface WatchEvent {
  readonly type: string;
  readonly member?: string;
  /** Everybody, in a `resync`. */
  readonly members?: readonly string[];
}

/** The events of one tick, which continue those of the same chain, between two lists. */
export interface WatchEntry {
  readonly kind: "watch";
  readonly chain: string;
  readonly group: string;
  readonly events: readonly WatchEvent[];
  /** Who was there before; absent when nobody could tell. */
  readonly before?: readonly string[];
  readonly after?: readonly string[];
  /** From the sending of the first list to the answer of the second. */
  readonly sent: number;
  readonly at: number;
}

/** A coordinator was stopped in the midst of its calls: `stop()` has ended. */
export interface StopEntry {
  readonly kind: "stop";
  /** Unique in the whole run. */
  readonly coordinator: string;
  /** What was asked of it, and not answered, when it was stopped. */
  readonly pending: readonly string[];
  readonly at: number;
}

/** All that was asked of a stopped coordinator has ended. */
export interface SettledEntry {
  readonly kind: "settled";
  readonly coordinator: string;
  /** Calls that came back with something that counts as held. */
  readonly held: readonly string[];
  /** The client's own end came first. */
  readonly cut: boolean;
  readonly at: number;
}

/** A stopped coordinator asked to acquire something. */
export interface LateEntry {
  readonly kind: "late";
  readonly coordinator: string;
  readonly resource: string;
  readonly at: number;
}

/** What came of an operation within an application's open transaction. */
export interface WithinEntry {
  readonly kind: "within";
  readonly resource: string;
  readonly outcome: "refused" | "unknown" | "done";
  readonly at: number;
}

/** An error that no fault explains, or only one of a kind that there may be. */
export interface OddEntry {
  readonly kind: "odd";
  /** As the library calls it. */
  readonly code: string;
  readonly message: string;
  readonly at: number;
}

/** What a client has counted since it was started. */
export interface TallyEntry {
  readonly kind: "tally";
  /** Whose counts: a client in one of its lives, and on Workers in one of its requests. */
  readonly by: string;
  /** Operations that were answered. */
  readonly operations: number;
  /** Operations whose outcome is unknown, or that certainly did not happen. */
  readonly unanswered: number;
  /** Requests that the backend definitely refused. */
  readonly turnedAway: number;
  readonly requests: number;
  readonly granted: number;
  readonly refused: number;
  /** Leases whose loss was told to their holder. */
  readonly lost: number;
  /** What calls of the API threw, by code. */
  readonly errors: Readonly<Record<string, number>>;
}

/** What a client writes. */
export type Note =
  | GrantEntry
  | GoneEntry
  | HoldEntry
  | SeenEntry
  | EndEntry
  | BeginEntry
  | JoiningEntry
  | JoinedEntry
  | ListEntry
  | WatchEntry
  | StopEntry
  | SettledEntry
  | LateEntry
  | WithinEntry
  | OddEntry
  | TallyEntry;

/** A note and who wrote it: a client in one of its lives. */
export type Entry = Note & { readonly who: string };

/** One request to the fenced register, in the order in which they were served. */
export interface RegisterEntry {
  readonly at: number;
  readonly who: string;
  /** The register is one for each of these. */
  readonly name: string;
  readonly verb: "read" | "write";
  readonly token: number;
  /** What was read, or what was to be written. */
  readonly value: number;
  readonly accepted: boolean;
}

/** A time in which the server definitely refused. */
export interface RefusalTime {
  readonly why: string;
  /** Whether it did not know its clients any more. */
  readonly unauthorized: boolean;
  readonly from: number;
  /** `Infinity` until it is over. */
  to: number;
}

/** Everything there is to judge. */
export interface History {
  readonly entries: readonly Entry[];
  readonly register: readonly RegisterEntry[];
  /** When the server was killed. */
  readonly kills: readonly number[];
  /** When the server's clock was stepped. */
  readonly steps: readonly number[];
  /** When the server refused. */
  readonly refusals: readonly RefusalTime[];
  /** Whether what was acknowledged survives a kill. */
  readonly durable: boolean;
}

/** A law that was broken. */
export interface Violation {
  readonly law: string;
  readonly message: string;
  /** The evidence. */
  readonly entries: readonly (Entry | RegisterEntry)[];
}

/**
 * The rules of Baton's lease protocol, each as a switch: what a search finds when one of them is
 * taken away shows what it is for.
 *
 * @module
 */

/** What clients, the server and a fenced resource keep to. */
export interface Rules {
  /** From when a client counts the deadline of a grant. */
  readonly acquireCountsFrom: "first send" | "acknowledged send" | "last send" | "answer";
  /** From when it counts that of a renewal. */
  readonly renewalCountsFrom: "send" | "answer";
  /** How many ticks before the server a client stops believing. */
  readonly margin: number;
  /** A client stops believing before it sends the release, not when that is answered. */
  readonly beliefEndsBeforeRelease: boolean;
  /** A lost lease stays lost, whatever answers still arrive. */
  readonly lostIsTerminal: boolean;
  /** Every acquisition has an id of its own; otherwise a client has one for all of its own. */
  readonly idsAreFresh: boolean;
  /** An acquire without an answer is given up as unknown; otherwise it is reported as refused. */
  readonly silenceIsNotRefusal: boolean;
  /** A release without an answer is given up as unknown; otherwise it is reported as done. */
  readonly silenceIsNotRelease: boolean;
  /** What is released of an acquire that was given up: its id, whoever has the seat, or nothing. */
  readonly cancel: "by id" | "by seat" | "never";
  /** The server grants a vacant seat only. */
  readonly grantsOnlyVacant: boolean;
  /** An acquire that comes again is answered with the token it got. */
  readonly replayKeepsToken: boolean;
  /** An acquire that comes again does not prolong the lease. */
  readonly replayKeepsExpiry: boolean;
  /** The server renews what has the id; otherwise, what has the owner. */
  readonly renewById: boolean;
  /** The server renews what is live only. */
  readonly renewNeedsLive: boolean;
  /** The server releases what has the id; otherwise, what has the owner. */
  readonly releaseById: boolean;
  /** Tokens go on where they were after a release. */
  readonly tokenOutlivesRelease: boolean;
  /** A token is never below the server's clock; otherwise it is one more than the last. */
  readonly tokenFollowsClock: boolean;
  /** The resource refuses a token below the highest it has seen. */
  readonly resourceChecksToken: boolean;
}

/** The protocol as it is. */
export const RIGHT: Rules = {
  acquireCountsFrom: "first send",
  renewalCountsFrom: "send",
  margin: 1,
  beliefEndsBeforeRelease: true,
  lostIsTerminal: true,
  idsAreFresh: true,
  silenceIsNotRefusal: true,
  silenceIsNotRelease: true,
  cancel: "by id",
  grantsOnlyVacant: true,
  replayKeepsToken: true,
  replayKeepsExpiry: true,
  renewById: true,
  renewNeedsLive: true,
  releaseById: true,
  tokenOutlivesRelease: true,
  tokenFollowsClock: true,
  resourceChecksToken: true,
};

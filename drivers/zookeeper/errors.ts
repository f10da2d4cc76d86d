/**
 * What an error from ZooKeeper, or from the network, shows about what happened.
 *
 * @module
 */

import type { CoordinationError } from "../../errors.ts";
import { failure } from "../kit/failure.ts";
import { plain, textOf } from "../kit/plain_words.ts";

/** An answer that says that the request was not carried out. */
export class Refused extends Error {
  /** ZooKeeper's code. */
  readonly code: number;

  /** With ZooKeeper's code. */
  constructor(code: number) {
    super(WORDS[code] ?? `code ${code}`);
    this.code = code;
  }
}

const WORDS: Readonly<Record<number, string>> = {
  [-6]: "it does not know this request",
  [-101]: "there is no such node",
  [-102]: "no rights",
  [-112]: "the session has ended",
  [-113]: "nobody has logged in",
  [-115]: "the login failed",
  [-118]: "the session is on another server",
  [-119]: "it is read-only",
  [-125]: "a quota is exceeded",
  [-127]: "it has too much to do",
};
const UNAUTHORIZED = new Set([-102, -113, -115]);
/** No node, another version, a node that is there, nodes below it: somebody else was first. */
const OVERTAKEN = new Set([-101, -103, -110, -111]);

/** Whether a transaction failed because somebody else was first. It has changed nothing then. */
export function isOvertaken(code: number | undefined): boolean {
  return OVERTAKEN.has(code ?? 0);
}

/**
 * The error that Baton throws.
 *
 * @param sent Whether a session was open, so that something may have been done.
 */
export function zookeeperError(
  error: unknown,
  sent: boolean,
  signal?: AbortSignal,
): CoordinationError {
  return failure("zookeeper", error, () => {
    const code = error instanceof Refused ? error.code : 0;
    const unauthorized = UNAUTHORIZED.has(code);
    return {
      // Words of our own hold no secret.
      said: code ? textOf(error) : plain(textOf(error), ""),
      // Codes above these are about faults of a server, which prove nothing.
      refused: !sent || code <= -100 || code === -6,
      unauthorized,
      mayPass: code !== -6,
      advice: unauthorized
        ? "check the user, the password and the rights of the root node"
        : code === -6
        ? "it must be ZooKeeper 3.6 or newer"
        : "look at the host and port, and whether most servers of the ensemble run",
    };
  }, signal);
}

/**
 * What a reply of memcached's, or a missing one, shows about what happened.
 *
 * @module
 */

import { ConnectionError, type CoordinationError } from "../../errors.ts";
import { failure } from "../kit/failure.ts";
import { plain } from "../kit/plain_words.ts";
import { OddReply } from "./memcached_connection.ts";

/** The name of the driver. */
export const NAME = "memcached";

/** How memcached begins when it refuses, what that means, what to do, and which kind of error it is. */
const REFUSALS: readonly (readonly [RegExp, string, string, kind?: "unauthorized" | "passes"])[] = [
  [
    /^CLIENT_ERROR (unauthenticated|authentication failure)/,
    "the login failed",
    "check the user and the password",
    "unauthorized",
  ],
  [
    /^SERVER_ERROR out of memory/,
    "its memory is full",
    "give it more memory, or a server of its own to the leases",
    "passes",
  ],
  [
    /^SERVER_ERROR object too large/,
    "the item is too large for it",
    "release what is not needed, or divide the work over several keys",
    "passes",
  ],
  [
    /^(ERROR|CLIENT_ERROR)\b/,
    "it does not know the command",
    "it must be memcached 1.6 or newer, with its text protocol",
  ],
];
/** What is no memcached, and what is one that speaks otherwise. */
const ELSEWHERE = "look at the host and port, and at whether it wants TLS";

/**
 * The error that Baton throws.
 *
 * @param what Whether the flight would have written anything, and whether the server had ever answered.
 */
export function memcachedError(
  error: unknown,
  { writes, answered, signal }: {
    writes: boolean;
    answered: boolean;
    signal?: AbortSignal | undefined;
  },
): CoordinationError {
  return failure(NAME, error, () => {
    const odd = error instanceof OddReply;
    const [, said, advice, kind] = REFUSALS.find(([words]) => odd && words.test(error.line)) ?? [];
    return {
      said: said ?? (odd ? "what answers is not memcached" : plain(error, "")),
      // A look writes nothing, no matter who has answered it.
      refused: said !== undefined || (!writes && (odd || !answered)),
      unauthorized: kind === "unauthorized",
      mayPass: kind === "passes" || !odd,
      advice: advice ?? ELSEWHERE,
    };
  }, signal);
}

/** The error of a server that cannot be used as it is. */
export function unusable(why: string): ConnectionError {
  return new ConnectionError(`${NAME} cannot be used, so nothing was written: ${why}`);
}

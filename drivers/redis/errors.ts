/**
 * What an error from Redis, or from the network, shows about what happened.
 *
 * @module
 */

import { ConnectionError, type CoordinationError, UnknownOutcome } from "../../errors.ts";
import { failure } from "../kit/failure.ts";
import { slipIn } from "../kit/slips.ts";
import { plain, textOf } from "../kit/plain_words.ts";

/** How errors begin that a server sends before it writes anything. */
const UNAUTHORIZED = /^(WRONGPASS|NOAUTH|NOPERM|Unauthorized)/;
/** These depend on the server's state, which may pass. */
const PASSING =
  /^(LOADING|BUSY|READONLY|OOM|MISCONF|NOREPLICAS|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|ERR max number of clients)\b/;
/** These stay until somebody changes the plan, the server or the client. */
const FINAL = /^(MOVED|ASK|CROSSSLOT|ERR unknown command|ERR max .*request)/;
/** What Redis 6 puts before the error of a script's first writing command. */
const IN_SCRIPT = /^ERR Error running script [^]*?: -(?=[A-Z]+ )/;

/** The error that Baton throws. The original may contain what was `sent`, which is not repeated. */
export function redisError(
  name: string,
  error: unknown,
  sent = "",
  signal?: AbortSignal,
): CoordinationError {
  return slipIn("send", error) ?? failure(name, error, () => {
    const text = brief(error).replace(IN_SCRIPT, "");
    const unauthorized = UNAUTHORIZED.test(text);
    const mayPass = PASSING.test(text);
    const [word = ""] = unauthorized || mayPass || FINAL.exec(text) ? /^\w+/.exec(text) ?? [] : [];
    return {
      // The first word is the server's own, even if our request has it, too.
      said: `${word} ${plain(text.slice(word.length), sent)}`.trim(),
      refused: word !== "",
      unauthorized,
      mayPass,
      advice: unauthorized
        ? "check the token and its rights"
        : mayPass
        ? "if it does not pass, look at the server"
        : "check the URL, the network and your plan",
    };
  }, signal);
}

/** The error for keys that arrive under other names than we sent. */
export function renamedError(name: string): CoordinationError {
  return new ConnectionError(
    `${name} received keys under other names than were sent, so nothing was written. ` +
      "Use a client or proxy that does not change the names of keys",
  );
}

/**
 * The error for a reply that is not the script's. If a setting of the client made it so, no repetition
 * will help, and the error says which.
 */
export function oddReply(name: string, reply: unknown): CoordinationError {
  const bytes = Array.isArray(reply) && reply.flat().some((part) => part instanceof Uint8Array);
  const setting = reply === "QUEUED"
    ? "the client is within MULTI, so nothing is done before EXEC; give Baton a client of its own"
    : bytes
    ? "it answers bytes for texts; leave out the buffer options of the client"
    : reply === undefined
    ? "it returns undefined, not the client's answer"
    : undefined;
  if (setting === undefined) return redisError(name, "the reply is not from Baton's script");
  return new UnknownOutcome(
    `Invalid send function: ${setting}. So ${name} left the outcome unknown`,
    { retryable: false },
  );
}

/** An error's message without the command, which some clients put around it with all its words. */
export function brief(error: unknown): string {
  return textOf(error).replace(/^Command failed: /, "").replace(/, command was: [^]*$/, "");
}

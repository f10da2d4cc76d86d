/**
 * What an error from Redis, or from the way there, says about what happened.
 *
 * @module
 */

import { ConnectionError, type CoordinationError } from "../../errors.ts";
import { failure } from "../kit/failure.ts";
import { plain, textOf } from "../kit/plain_words.ts";

/** Errors a server sends before it writes anything, by how they begin. */
const UNAUTHORIZED = /^(WRONGPASS|NOAUTH|NOPERM|Unauthorized)/i;
/** They are the server's state, and may pass. */
const PASSING =
  /^(LOADING|BUSY|READONLY|OOM|MISCONF|NOREPLICAS|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|ERR max number of clients)\b/;
/** They stay until somebody changes plan, server or client. */
const FINAL = /^(MOVED|ASK|CROSSSLOT|ERR unknown command|ERR max .*request)/;
/** What Redis 6 puts before an error of the first command that a script writes with. */
const IN_SCRIPT = /^ERR Error running script [^]*?: -(?=[A-Z]+ )/;

/** An error as Baton throws it; what was `sent` may be in it, and is not repeated. */
export function redisError(name: string, error: unknown, sent = ""): CoordinationError {
  return failure(name, error, () => {
    const text = brief(error).replace(IN_SCRIPT, "");
    const unauthorized = UNAUTHORIZED.test(text);
    const mayPass = PASSING.test(text);
    const [word = ""] = unauthorized || mayPass || FINAL.exec(text) ? /^\w+/.exec(text) ?? [] : [];
    return {
      // The word is the server's own, even where our request has it, too.
      said: `${word} ${plain(text.slice(word.length), sent)}`.trim(),
      refused: word !== "",
      unauthorized,
      mayPass,
      advice: unauthorized
        ? "check the token and its rights"
        : mayPass
        ? "see to the server, if it does not pass"
        : "check URL, network and plan",
    };
  });
}

/** What is thrown where keys arrive under other names than they were sent with. */
export function renamedError(name: string): CoordinationError {
  return new ConnectionError(
    `${name} received keys under other names than were sent, so nothing was written; ` +
      "use a client or proxy that leaves the names of keys as they are",
  );
}

/** An error's message, without what some clients put around it: the command, with all its words. */
export function brief(error: unknown): string {
  return textOf(error).replace(/^Command failed: /, "").replace(/, command was: [^]*$/, "");
}

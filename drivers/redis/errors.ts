/**
 * What an error from Redis, or from the way there, says about what happened.
 *
 * @module
 */

import type { CoordinationError } from "../../errors.ts";
import { failure } from "../kit/failure.ts";
import { plain, textOf } from "../kit/plain_words.ts";

/** Errors a server sends before it runs anything, by their first word. */
const UNAUTHORIZED = /^(WRONGPASS|NOAUTH|NOPERM|Unauthorized)/i;
const OVER_QUOTA = /^ERR max .*request/i;
const MAY_PASS = /^(LOADING|BUSY|READONLY)\b/;

/** An error as Baton throws it; what was `sent` may be in it, and is not repeated. */
export function redisError(name: string, error: unknown, sent = ""): CoordinationError {
  return failure(name, error, () => {
    const text = brief(error);
    const unauthorized = UNAUTHORIZED.test(text);
    const mayPass = MAY_PASS.test(text);
    return {
      said: plain(text, sent),
      refused: unauthorized || mayPass || OVER_QUOTA.test(text),
      unauthorized,
      mayPass,
      advice: unauthorized ? "check the token and its rights" : "check URL, network and plan",
    };
  });
}

/** An error's message, without what some clients put around it: the command, with all its words. */
export function brief(error: unknown): string {
  return textOf(error).replace(/^Command failed: /, "").replace(/, command was: [^]*$/, "");
}

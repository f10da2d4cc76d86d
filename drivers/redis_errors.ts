/**
 * What an error from Redis, or from the way there, says about what happened.
 *
 * @module
 */

import { ConnectionError, CoordinationError, UnknownOutcome } from "../coordination/errors.ts";
import { isUnreachable } from "./unreachable.ts";

/** Errors a server sends before it runs anything, by their first word. */
const UNAUTHORIZED = /^(WRONGPASS|NOAUTH|NOPERM|Unauthorized)/i;
const OVER_QUOTA = /^ERR max .*request/i;
const MAY_PASS = /^(LOADING|BUSY|READONLY)\b/;

/** Whether an error proves that the server does not know the script, and so that nothing ran. */
export function isNoScript(error: unknown): boolean {
  return /^NOSCRIPT\b/.test(brief(error));
}

/** An error as Baton throws it: definite only where it proves that nothing was written. */
export function redisError(name: string, error: unknown): CoordinationError {
  if (error instanceof CoordinationError) return error;
  const said = brief(error);
  const unauthorized = UNAUTHORIZED.test(said);
  const retryable = MAY_PASS.test(said) || isUnreachable(error);
  if (unauthorized || retryable || OVER_QUOTA.test(said)) {
    return new ConnectionError(
      `${name} ${
        isUnreachable(error) ? "was not reached" : "refused the request"
      }, so nothing was ` +
        `written (${said}); ` +
        (unauthorized ? "check the token and its rights" : "check URL, network and plan"),
      { code: unauthorized ? "unauthorized" : "connection", retryable },
    );
  }
  return new UnknownOutcome(
    `${name} gave no valid answer, so the outcome is unknown (${said}); ` +
      "sending it again is safe",
  );
}

/** The start of an error's message, without the command that some clients append. */
function brief(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^Command failed: /, "").replace(/, command was: [^]*$/, "").slice(0, 200);
}

/**
 * What an error from Redis, or from the way there, says about what happened.
 *
 * @module
 */

import type { CoordinationError } from "../coordination/errors.ts";
import { failure } from "./failure.ts";

/** Errors a server sends before it runs anything, by their first word. */
const UNAUTHORIZED = /^(WRONGPASS|NOAUTH|NOPERM|Unauthorized)/i;
const OVER_QUOTA = /^ERR max .*request/i;
const MAY_PASS = /^(LOADING|BUSY|READONLY)\b/;

/** An error as Baton throws it. */
export function redisError(name: string, error: unknown): CoordinationError {
  return failure(name, error, () => {
    const said = brief(error);
    const unauthorized = UNAUTHORIZED.test(said);
    const mayPass = MAY_PASS.test(said);
    return {
      said,
      refused: unauthorized || mayPass || OVER_QUOTA.test(said),
      unauthorized,
      mayPass,
      advice: unauthorized ? "check the token and its rights" : "check URL, network and plan",
    };
  });
}

/** The start of an error's message, without the command that some clients append. */
export function brief(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^Command failed: /, "").replace(/, command was: [^]*$/, "").slice(0, 200);
}

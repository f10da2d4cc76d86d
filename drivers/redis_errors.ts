/**
 * What an error from Redis, or from the way there, says about what happened.
 *
 * @module
 */

import { ConnectionError, CoordinationError, UnknownOutcome } from "../coordination/errors.ts";

/** Errors a server sends before it runs anything: whether they may pass, and what to do. */
const DEFINITE: ReadonlyArray<readonly [pattern: RegExp, retryable: boolean, advice: string]> = [
  [/^(WRONGPASS|NOAUTH|Unauthorized)/i, false, "check the token or password"],
  [/^NOPERM/, false, "this user may not run EVAL and EVALSHA"],
  [/^ERR max (daily |monthly )?requests? /i, false, "the plan's quota is used up"],
  [/^(LOADING|BUSY|MASTERDOWN|READONLY|CLUSTERDOWN)\b/, true, "it may pass shortly"],
];

/** Whether an error proves that the server does not know the script, and so that nothing ran. */
export function isNoScript(error: unknown): boolean {
  return /^NOSCRIPT\b/.test(brief(error));
}

/** An error as Baton throws it: definite only where it proves that nothing was written. */
export function redisError(name: string, error: unknown): CoordinationError {
  if (error instanceof CoordinationError) return error;
  const said = brief(error);
  for (const [pattern, retryable, advice] of DEFINITE) {
    if (!pattern.test(said)) continue;
    const code = retryable || said.startsWith("ERR") ? "connection" : "unauthorized";
    const message = `${name} refused the request and wrote nothing: ${said}; ${advice}`;
    return new ConnectionError(message, { code, retryable });
  }
  if (isUnreachable(error)) {
    const message =
      `${name} was not reached, so nothing was written: check the URL and the network`;
    return new ConnectionError(message, { retryable: true });
  }
  return new UnknownOutcome(
    `${name} gave no valid answer, so the outcome is unknown (${said}); ` +
      "sending the same operation again is safe",
  );
}

/** The start of an error's message, without the command that some clients append. */
function brief(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^Command failed: /, "").replace(/, command was: [^]*$/, "").slice(0, 200);
}

/** Whether no connection came about, by the codes of Node and Bun or the words of Deno. */
function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  return /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ConnectionRefused)$/.test(String(code)) ||
    error.message.includes("client error (Connect)") ||
    isUnreachable(error.cause);
}

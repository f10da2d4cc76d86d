/**
 * What a failed request shows about what happened, in the same words for every backend.
 *
 * @module
 */

import { codeOf, ConnectionError, type CoordinationError, UnknownOutcome } from "../../errors.ts";

/** How a driver judges an error from its server or from the network. */
export interface Verdict {
  /** The error in brief, without any secret. */
  readonly said: string;
  /** Whether it proves that the server wrote nothing. */
  readonly refused: boolean;
  /** Whether our credentials or rights are wrong. */
  readonly unauthorized: boolean;
  /** Whether sending the same again may help. */
  readonly mayPass: boolean;
  /** What to do, for the message. */
  readonly advice: string;
}

/** The error that Baton throws. It is definite only if it is proved that nothing was written. */
export function failure(
  name: string,
  error: unknown,
  judge: (error: unknown) => Verdict,
): CoordinationError {
  if (codeOf(error)) return error as CoordinationError;
  const { said, refused, unauthorized, mayPass, advice } = judge(error);
  const unreachable = isUnreachable(error);
  if (!unreachable && !refused) {
    return new UnknownOutcome(
      `${name} gave no valid answer, so the outcome is unknown (${said}); sending it again is safe`,
    );
  }
  return new ConnectionError(
    `${name} ${unreachable ? "was not reached" : "refused the request"}, so nothing was written ` +
      `(${said}); ${advice}`,
    { code: unauthorized ? "unauthorized" : "connection", retryable: unreachable || mayPass },
  );
}

/** Whether no connection was made, by the codes of Node and Bun or the words of Deno. */
function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, message, cause, sourceError } = error as Error & Record<string, unknown>;
  return /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ConnectionRefused)$/.test(String(code)) ||
    message.includes("client error (Connect)") ||
    isUnreachable(cause) || isUnreachable(sourceError);
}

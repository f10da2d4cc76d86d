/**
 * What a failed request shows about what happened, in the same words for every backend.
 *
 * @module
 */

import {
  codeOf,
  ConnectionError,
  type CoordinationError,
  isUnknown,
  UnknownOutcome,
} from "../../errors.ts";

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

/**
 * The error that Baton throws. It is definite only if it is proved that nothing was written.
 *
 * @param signal That of the call. Once it has aborted, the error may be its reason, which proves
 *   nothing, whatever it looks like.
 */
export function failure(
  name: string,
  error: unknown,
  judge: (error: unknown) => Verdict,
  signal?: AbortSignal,
): CoordinationError {
  if (signal?.aborted) return noAnswer(name, "the call was aborted");
  if (codeOf(error)) return error as CoordinationError;
  const { said, refused, unauthorized, mayPass, advice } = judge(error);
  const unreachable = isUnreachable(error);
  if (!unreachable && !refused) return noAnswer(name, said);
  return new ConnectionError(
    `${name} ${unreachable ? "was not reached" : "refused the request"}, so nothing was written ` +
      `(${said}); ${advice}`,
    { code: unauthorized ? "unauthorized" : "connection", retryable: unreachable || mayPass },
  );
}

/** The error of what is no answer of the server's, or none at all. */
export function noAnswer(name: string, said: string): UnknownOutcome {
  return new UnknownOutcome(
    `${name} gave no valid answer, so the outcome is unknown (${said}); sending it again is safe`,
  );
}

/**
 * The error of a batch's later request when an earlier one has written: it may no longer say that
 * nothing was written.
 */
export function partly(cause: unknown): unknown {
  if (isUnknown(cause)) return cause;
  return new UnknownOutcome(
    `A part of the batch was written, and then: ${Object(cause).message}`,
    { cause },
  );
}

/**
 * Whether no connection was made, by the codes of Node and Bun or the words of Deno. This includes
 * requests that the runtime itself refuses to send: to a port that browsers block, or to a text
 * that is not a URL.
 *
 * @param depth How many causes to look at, because they may be a circle.
 */
function isUnreachable(error: unknown, depth = 8): boolean {
  if (!(error instanceof Error) || depth === 0) return false;
  const { code, message, cause, sourceError } = error as Error & Record<string, unknown>;
  return /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ConnectionRefused|ERR_INVALID_URL)$/.test(
    String(code),
  ) ||
    /client error \(Connect\)|Requests to port \d+ are blocked|^bad port$/.test(String(message)) ||
    isUnreachable(cause, depth - 1) || isUnreachable(sourceError, depth - 1);
}

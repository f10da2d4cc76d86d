/**
 * What a failed request shows about what happened, in the same words for every backend.
 *
 * @module
 */

import {
  codeOf,
  ConnectionError,
  type CoordinationError,
  type ErrorDetails,
  isUnknown,
  UnknownOutcome,
} from "../../errors.ts";

/** How a driver judges an error from its server or from the network. */
export interface Verdict {
  /** The error in brief, without any secret. */
  readonly said: string;
  /** Whether it proves that the server wrote nothing. */
  readonly refused: boolean;
  /** Whether our credentials or rights are wrong. Default: no. */
  readonly unauthorized?: boolean | undefined;
  /** Whether sending the same again may help. Default: no. */
  readonly mayPass?: boolean | undefined;
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
  const code = causesOf(error).map((each) => OWN.exec(each)?.[0]).find(Boolean);
  const told = code ? `${said}, ${code}` : said;
  const cause = code && { cause: Object.assign(new Error(code), { code }) };
  if (!unreachable && !refused) return noAnswer(name, told, { ...cause });
  return new ConnectionError(
    `${name} ${unreachable ? "was not reached" : "refused the request"}, so nothing was written ` +
      `(${told}); ${advice}`,
    {
      ...cause,
      code: unauthorized ? "unauthorized" : "connection",
      retryable: unreachable || mayPass,
    },
  );
}

/** The error of a reply that is not the server's, or of a missing one. */
export function noAnswer(name: string, said: string, details?: ErrorDetails): UnknownOutcome {
  return new UnknownOutcome(
    `${name} gave no valid answer, so the outcome is unknown (${said}); sending it again is safe`,
    details,
  );
}

/**
 * No connection was made, by the codes of Node and Bun or the words of Deno. This includes requests
 * that the runtime itself refuses to send: to a port that browsers block, or to a text that is not a
 * URL.
 */
const UNREACHABLE =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ConnectionRefused|ERR_INVALID_URL) |client error \(Connect\)|port \d+ are blocked| bad port$|failed to look/;
/**
 * The network's own words, which hold no secret: a code, or what Deno says in its place. What they
 * are about is not repeated.
 */
const OWN = /^[A-Z_]{5,}(?= )|dns error|[Cc]onnection (refused|reset)/;

/** Whether no connection was made, so that nothing can have been written. */
export function isUnreachable(error: unknown): boolean {
  return causesOf(error).some((each) => UNREACHABLE.test(each));
}

/** Words of runtimes when TLS could not begin. What breaks it later proves nothing. */
const TLS = /wrong version number|TLS handshake|InvalidContentType|certificate/i;

/** Whether TLS could not begin, so that nothing can have been written. */
export function isTlsFailure(error: unknown): boolean {
  return causesOf(error).some((each) => TLS.test(each));
}

/**
 * The code and the text of an error and of what caused it.
 *
 * @param depth How many causes to look at, because they may be a circle.
 */
function causesOf(error: unknown, depth = 8): string[] {
  if (!(error instanceof Error) || depth === 0) return [];
  const { code, message, cause, sourceError } = error as Error & Record<string, unknown>;
  const deeper = [cause, sourceError].flatMap((each) => causesOf(each, depth - 1));
  return [`${code} ${message}`, ...deeper];
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

/** The error of an acquisition that was aborted while it waited. */
export function withdrawn(): UnknownOutcome {
  return new UnknownOutcome(
    "The call was aborted while it waited: this lease is not granted; what came before it in the " +
      "batch may have been done",
  );
}

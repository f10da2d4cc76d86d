/**
 * The answers to send when the backend did not answer. What the backend did is unknown then, so the
 * answer is never a success and never a refusal.
 *
 * @module
 */

import { codeOf, isOutage } from "../errors.ts";
import { problem } from "./problem.ts";

/** When to try an unreachable backend again, in seconds: outages rarely last less. */
const LATER = "5";
/** When to try again after a loss, in seconds: the process that took over may be done by then. */
const SOON = "1";

/**
 * The answer to a request whose claim failed before anything was run.
 *
 * @param waiting Whether the request waited for its turn. Such a wait ends when the client leaves.
 * @returns `undefined` for other errors.
 */
export function unclaimed(
  request: Request,
  error: unknown,
  waiting: boolean = false,
): Response | undefined {
  const code = codeOf(error);
  if (code && isOutage(error)) {
    return unavailable(
      request,
      code,
      LATER,
      "The coordination backend gave no answer, so nothing was run",
    );
  }
  // A coordinator that is stopping throws this; another process may take the next request. With a cause
  // it is a mistake in the program. If the client has left, nobody reads the answer.
  if ((code === "misuse" && !(error as Error).cause) || (waiting && request.signal.aborted)) {
    return unavailable(
      request,
      code === "misuse" ? code : "aborted",
      SOON,
      "The request was given up before its turn, so nothing was run",
    );
  }
  return undefined;
}

/**
 * The answer to a request whose handler threw because its lease was lost or could not be confirmed.
 *
 * @returns `undefined` for the handler's other errors.
 */
export function cutShort(request: Request, error: unknown): Response | undefined {
  const code = codeOf(error);
  if (code === "lease-lost") {
    return unavailable(
      request,
      code,
      SOON,
      "The lease was lost while this ran; a part of the work may be done",
    );
  }
  if (code && isOutage(error)) {
    return unavailable(
      request,
      code,
      LATER,
      "The coordination backend stopped answering; a part of the work may be done",
    );
  }
  return undefined;
}

/**
 * The answer to a request whose name or slot cannot be used. The text is our own, so the client may
 * read it.
 */
export function unusable(request: Request, error: unknown): Response | undefined {
  const code = codeOf(error);
  if (code !== "invalid-argument") return undefined;
  return problem(request, 400, { code, detail: (error as Error).message });
}

function unavailable(
  request: Request,
  code: string,
  retryAfter: string,
  detail: string,
): Response {
  return problem(request, 503, { code, detail: `${detail}. Try again`, retryAfter });
}

/** Throws an error that is for the caller. */
export function raise(error: unknown): never {
  throw error;
}

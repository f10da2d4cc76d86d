/**
 * Answers where the backend gave none. What it may have done is not known, so they are never a
 * success, and never a refusal.
 *
 * @module
 */

import { codeOf, isOutage } from "../errors.ts";
import { problem } from "./problem.ts";

/** When to try an unreachable backend again, in seconds: outages rarely last less. */
const LATER = "5";
/** When to try again after a loss, in seconds: whoever took over may be done by then. */
const SOON = "1";

/**
 * The answer to a request whose claim failed before anything was run.
 *
 * @param waiting Whether it waited for its turn for as long as its client did.
 * @returns `undefined` for errors that are no outage.
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
  // Only a stopping coordinator refuses so; another process may take the next request. Of a client that
  // has left nobody reads it.
  if (code === "misuse" || (waiting && request.signal.aborted)) {
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
      "The lease was lost while this was going on; a part of it may have been done",
    );
  }
  if (code && isOutage(error)) {
    return unavailable(
      request,
      code,
      LATER,
      "The coordination backend stopped answering; a part of this may have been done",
    );
  }
  return undefined;
}

/** The answer to a request whose names or slot cannot be used: of ours, whose text may be read. */
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

/** Throws what is for the caller to see. */
export function raise(error: unknown): never {
  throw error;
}

/**
 * Refusals in a form that client programs can read: problem details, RFC 9457.
 *
 * @module
 */

/** The phrases of the statuses we answer with. */
const TITLES = {
  400: "Bad Request",
  401: "Unauthorized",
  405: "Method Not Allowed",
  409: "Conflict",
  423: "Locked",
  500: "Internal Server Error",
  503: "Service Unavailable",
} as const;

/** A status we answer with. */
export type ProblemStatus = keyof typeof TITLES;

/** What a problem says besides its status. */
export interface ProblemParts {
  /** A stable word for programs; an {@link ErrorCode} if there is one. */
  readonly code: string;
  /** A sentence for people. It never repeats what the client or the backend said. */
  readonly detail: string;
  /** In how many seconds to try again. */
  readonly retryAfter?: string | undefined;
  /** More headers. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** More members of the JSON object. */
  readonly members?: Readonly<Record<string, string | undefined>>;
}

/**
 * Answers `request` with a problem. Its type is `about:blank`: the status says which problem it is.
 */
export function problem(request: Request, status: ProblemStatus, parts: ProblemParts): Response {
  const { code, detail, members, headers } = parts;
  const body = { type: "about:blank", title: TITLES[status], status, detail, code, ...members };
  return new Response(request.method === "HEAD" ? null : JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      ...(parts.retryAfter !== undefined && { "retry-after": parts.retryAfter }),
      ...headers,
    },
  });
}

/** An answer that no cache may keep. */
export function json(body: unknown): Response {
  return Response.json(body, { headers: { "cache-control": "no-store" } });
}

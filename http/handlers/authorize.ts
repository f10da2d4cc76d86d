/**
 * Who may call the endpoints that a platform's scheduler triggers.
 *
 * @module
 */

import type { CoreCoordinator } from "../../coordination/core.ts";
import { coordinatorFor, type CoordinatorSource } from "./coordinator_source.ts";
import { problem } from "../problem.ts";
import { isAuthorized, type Secret, secretsFor } from "../secret.ts";

/** The coordinator if the caller may trigger, or else the refusal; see {@link coordinatorFor}. */
export async function entered<A extends readonly unknown[]>(
  baton: CoordinatorSource<[Request, ...A]>,
  secret: Secret<[Request, ...A]>,
  args: [Request, ...A],
): Promise<CoreCoordinator | Response> {
  return await turnedAway(args[0], secretsFor(secret, args)) ?? await coordinatorFor(baton, args);
}

/**
 * Refuses a caller that may not trigger, before any request to the backend.
 *
 * @returns `undefined` for a caller that may.
 */
async function turnedAway(
  request: Request,
  secrets: readonly string[],
): Promise<Response | undefined> {
  if (request.method !== "GET" && request.method !== "POST") {
    return problem(request, 405, {
      code: "method-not-allowed",
      detail: "Use GET or POST; nothing was run",
      headers: { allow: "GET, POST" },
    });
  }
  if (await isAuthorized(request, secrets)) return undefined;
  return problem(request, 401, {
    code: "unauthorized",
    detail: "The header Authorization: Bearer lacks the secret, so nothing was run",
    headers: { "www-authenticate": "Bearer" },
  });
}

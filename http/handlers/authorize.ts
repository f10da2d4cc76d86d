/**
 * The door of the endpoints that a platform's scheduler calls.
 *
 * @module
 */

import type { CoreCoordinator } from "../../coordination/core.ts";
import { coordinatorFor, type CoordinatorSource } from "./coordinator_source.ts";
import { problem } from "../problem.ts";
import { isAuthorized, type Secret, secretsFor } from "../secret.ts";

/** The coordinator for who may trigger, or the answer for who may not; see {@link coordinatorFor}. */
export async function entered<A extends readonly unknown[]>(
  baton: CoordinatorSource<[Request, ...A]>,
  secret: Secret<[Request, ...A]>,
  args: [Request, ...A],
): Promise<CoreCoordinator | Response> {
  return await turnedAway(args[0], secretsFor(secret, args)) ?? await coordinatorFor(baton, args);
}

/**
 * Refuses who may not trigger, before anything is asked of the backend.
 *
 * @returns `undefined` for who may.
 */
async function turnedAway(
  request: Request,
  secrets: readonly string[],
): Promise<Response | undefined> {
  if (request.method !== "GET" && request.method !== "POST") {
    return problem(request, 405, {
      code: "method-not-allowed",
      detail: "A trigger is GET or POST, so nothing was run",
      headers: { allow: "GET, POST" },
    });
  }
  if (await isAuthorized(request, secrets)) return undefined;
  return problem(request, 401, {
    code: "unauthorized",
    detail: "The header Authorization: Bearer has not the secret, so nothing was run",
    headers: { "www-authenticate": "Bearer" },
  });
}

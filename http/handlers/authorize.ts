/**
 * The door of the endpoints that a platform's scheduler calls.
 *
 * @module
 */

import { problem } from "../problem.ts";
import { isAuthorized } from "../secret.ts";

/**
 * Refuses who may not trigger, before anything is asked of the backend.
 *
 * @returns `undefined` for who may.
 */
export async function turnedAway(
  request: Request,
  secrets: readonly string[],
): Promise<Response | undefined> {
  if (request.method !== "GET" && request.method !== "POST") {
    return problem(request, 405, {
      code: "method-not-allowed",
      detail: "A trigger is a GET or a POST. Nothing was run",
      headers: { allow: "GET, POST" },
    });
  }
  if (await isAuthorized(request, secrets)) return undefined;
  return problem(request, 401, {
    code: "unauthorized",
    detail: "This needs the header Authorization: Bearer, with the secret. Nothing was run",
    headers: { "www-authenticate": "Bearer" },
  });
}

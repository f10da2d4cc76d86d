/**
 * Where a handler's coordinator comes from.
 *
 * @module
 */

import type { CoreCoordinator } from "../../coordination/core.ts";
import { runtimeOf } from "../../coordination/handling.ts";
import { raise, unclaimed } from "../failures.ts";

/**
 * A coordinator, or a function that makes one from a request's arguments. On Cloudflare Workers
 * nothing may outlive a request, so each request makes its own.
 */
export type CoordinatorSource<A extends readonly unknown[]> =
  | CoreCoordinator
  | ((...args: A) => CoreCoordinator | Promise<CoreCoordinator>);

/**
 * The coordinator for this request, or a 503 if the function failed because its backend did not
 * answer.
 *
 * @throws {CoordinationError} when another copy of this package made the coordinator. It is thrown
 *   before any request, so nothing is held.
 */
export async function coordinatorFor<A extends readonly unknown[]>(
  source: CoordinatorSource<[Request, ...A]>,
  args: [Request, ...A],
): Promise<CoreCoordinator | Response> {
  let coordinator: CoreCoordinator;
  try {
    coordinator = typeof source === "function" ? await source(...args) : source;
  } catch (error) {
    return unclaimed(args[0], error) ?? raise(error);
  }
  runtimeOf(coordinator);
  return coordinator;
}

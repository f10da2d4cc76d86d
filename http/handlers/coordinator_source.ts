/**
 * Where a handler's coordinator comes from.
 *
 * @module
 */

import type { CoreCoordinator } from "../../coordination/core.ts";
import { runtimeOf } from "../../coordination/handling.ts";
import { raise, unclaimed } from "../failures.ts";

/**
 * A coordinator, or what makes one of a request's own arguments: on Cloudflare Workers nothing may
 * outlive a request, so each makes its own.
 */
export type CoordinatorSource<A extends readonly unknown[]> =
  | CoreCoordinator
  | ((...args: A) => CoreCoordinator | Promise<CoreCoordinator>);

/**
 * The coordinator for this request, or the answer where it cannot be had for want of its backend.
 *
 * @throws {CoordinationError} for a coordinator that another copy of this package has made: before
 *   anything is asked of the backend, so that nothing is held.
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

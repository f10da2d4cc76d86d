/**
 * Where a handler's coordinator comes from.
 *
 * @module
 */

import type { CoreCoordinator } from "../../coordination/core.ts";

/**
 * A coordinator, or what makes one of a request's own arguments: on Cloudflare Workers nothing may
 * outlive a request, so each makes its own.
 */
export type CoordinatorSource<A extends readonly unknown[]> =
  | CoreCoordinator
  | ((...args: A) => CoreCoordinator | Promise<CoreCoordinator>);

/** The coordinator for this request. */
export async function coordinatorFor<A extends readonly unknown[]>(
  source: CoordinatorSource<A>,
  args: A,
): Promise<CoreCoordinator> {
  return typeof source === "function" ? await source(...args) : source;
}

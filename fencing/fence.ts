/**
 * What a fenced write says about itself, for every kind of resource.
 *
 * @module
 */

import { checkOps, refuse } from "../drivers/kit/check.ts";

/** Which resource is written to, and under whose lease. */
export interface Fence {
  /**
   * A name for what is written to, at most 512 bytes of UTF-8. Tokens of different locks cannot be
   * compared, so one resource belongs to one lock. The lock's name is a good choice.
   */
  readonly resource: string;
  /** The writer's `lease.token`; a leader's is its `term`, and a cron run's is its `token`. */
  readonly token: number;
}

/**
 * Checks resource and token before anything is sent.
 *
 * @throws {InvalidArgument} when no backend could keep the name, or no lease can have the token.
 */
export function checkFence({ resource, token }: Fence): void {
  // A fence's resource follows the same rules as a lease's resource.
  checkOps([{ op: "inspect", resource }], 1);
  if (!Number.isSafeInteger(token) || token < 1) {
    refuse("fencing token", `${token} is not a whole number from 1 to 2^53 - 1, as lease.token is`);
  }
}

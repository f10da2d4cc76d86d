/**
 * What a fenced write says of itself, whatever it is written to.
 *
 * @module
 */

import { checkOps, refuse } from "../drivers/kit/check.ts";

/** Which resource is written to, and under whose lease. */
export interface Fence {
  /**
   * A name for what is written to, at most 512 bytes of UTF-8. Tokens of different locks do not
   * compare, so one resource belongs to one lock: its name is a good one.
   */
  readonly resource: string;
  /** The writer's `lease.token`, `term` or, in a cron's work, `token`. */
  readonly token: number;
}

/**
 * Checks both before anything is sent.
 *
 * @throws {InvalidArgument} when no backend could keep the name, or the token is none of a lease's.
 */
export function checkFence({ resource, token }: Fence): void {
  // The rule for what a lease is of is the rule for what it fences.
  checkOps([{ op: "inspect", resource }], 1);
  if (!Number.isSafeInteger(token) || token < 1) {
    refuse("fencing token", `${token} is not a whole number from 1 to 2^53 - 1, as lease.token is`);
  }
}

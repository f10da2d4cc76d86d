/**
 * Stops before a platform does: Cloudflare's free plan lets a request make 50 of its own, and what
 * comes after fails without a word about why.
 *
 * @module
 */

import { ConnectionError, InvalidArgument } from "../../errors.ts";
import type { Driver } from "../driver.ts";

/**
 * Lets `apply` be called so many times, and repetitions count; then it throws a definite error, and
 * nothing was sent. Each is one request, but on MySQL, where it can be two or three: give a third. On
 * Redis it is two when the server has forgotten the script, as after a restart: leave a few.
 *
 * @throws {InvalidArgument} when `requests` is no whole number above 0.
 */
export function budgeted(driver: Driver, requests: number): Driver {
  if (!Number.isSafeInteger(requests) || requests < 1) {
    throw new InvalidArgument(
      `Cannot use a budget of ${requests} requests: it must be a whole number`,
    );
  }
  let left = requests;
  return {
    name: driver.name,
    guarantees: driver.guarantees,
    async apply(ops, options) {
      if (left === 0) {
        throw new ConnectionError(
          `The budget of ${requests} requests is used up, so nothing was sent; what is held ends by ` +
            "its ttl. Wait longer between looks (a longer timeout, fewer waits), or raise the budget " +
            "(subrequests) if the platform allows more",
        );
      }
      left--;
      return await driver.apply(ops, options);
    },
  };
}

/**
 * Stops sending requests before the platform does. Cloudflare's free plan lets a request make 50 of
 * its own; further ones fail with an error that does not say why.
 *
 * @module
 */

import { ConnectionError } from "../../errors.ts";
import type { Driver } from "../driver.ts";
import { checkWhole } from "../kit/check.ts";
import { wrapped } from "../kit/wrapped.ts";

/**
 * Lets the driver send this many requests, repetitions included. After that no request is sent, and
 * the error says so. It is a definite error, unless an earlier request of the batch may have
 * written something.
 *
 * @throws {InvalidArgument} when `requests` is not a whole number above 0.
 */
export function budgeted(driver: Driver, requests: number): Driver {
  checkWhole("budget of requests", requests, 1, Number.MAX_SAFE_INTEGER, "");
  let left = requests;
  return {
    ...wrapped(driver),
    async apply(ops, options = {}) {
      const beforeRequest = (): void => {
        if (left === 0) {
          throw new ConnectionError(
            `The budget of ${requests} requests is used up, so this one was not sent; what is held ` +
              "ends by its ttl. Raise subrequests, or wait less often",
          );
        }
        options.beforeRequest?.();
        left--;
      };
      return await driver.apply(ops, { ...options, beforeRequest });
    },
  };
}

/**
 * Requests that run under a lock, so that they wait for each other or are refused.
 *
 * @module
 */

import { checkFunction } from "../../drivers/kit/check.ts";
import { checkOptions } from "../../drivers/kit/options.ts";
import type { Lease } from "../../coordination/leases/lease.ts";
import { checkName } from "../../coordination/names.ts";
import type { Attempted, Holder } from "../../coordination/locks/acquirable.ts";
import { checkWait, checkWork } from "../../coordination/leases/timings.ts";
import { coordinatorFor, type CoordinatorSource } from "./coordinator_source.ts";
import { keepFor, untilEnd } from "./response_lease.ts";
import { cutShort, raise, unclaimed, unusable } from "../failures.ts";
import { problem } from "../problem.ts";
import { retryAfter } from "../retry_after.ts";

/** How requests share a lock. Durations are in ms. */
export interface LockOptions {
  /** How long the lock outlives a handler that was cut off. Default: the coordinator's. */
  ttl?: number | undefined;
  /** How long a request waits for its turn. Default: 0. */
  timeout?: number | undefined;
  /**
   * The status of a request that did not get the lock: 423 Locked or 409 Conflict. Default: 423.
   */
  status?: 423 | 409 | undefined;
  /** Whether these requests share the lock with each other; see `AcquireOptions.shared`. */
  shared?: boolean | undefined;
  /**
   * Whether the lock is kept until the response's body ends, fails or is cancelled. Otherwise it is
   * released when the handler answers, and a stream goes on without the lock. A client that reads
   * slowly keeps the lock. A client that has left, or that reads nothing for 2.5 ttls (at most a
   * minute), loses it. Default: false.
   */
  streams?: boolean | undefined;
  /**
   * For how long one request renews the lock, its response's body included. Without a limit, a
   * handler that never ends keeps it, even if a timeout has answered in its place. After this time
   * the lease's signal aborts, and others can have the lock a ttl later. A value from 10 to 999
   * looks like seconds and is refused. Default: no limit.
   */
  maxRuntime?: number | undefined;
}

/** What a handler under a lock receives. */
export interface Held {
  /**
   * The lock's lease. Its `token` is for the resource to check. Its `signal` aborts when it is
   * lost.
   */
  readonly lease: Lease;
}

/**
 * The name of a lock, or a function that reads it from a request. A request without a name gets
 * 400.
 */
export type LockName<A extends readonly unknown[]> = string | ((...args: A) => string | undefined);

/**
 * Runs `handler` under a lock. The lock is renewed while it runs, and released before the response
 * is sent; a release that takes over a second goes on in the background. One call of the driver
 * before, one after.
 *
 * If it does not run, the answer is 423 (or 409) with the holder's member id and, as `Retry-After`,
 * the time that the holder has left; 400 for a name that no lock can have; or 503 when the backend
 * did not answer. The handler's own answer stands even if the lease was lost meanwhile. If the
 * handler throws because of that (`LeaseLost`, or what `lease.confirm()` throws), the answer is
 * 503, too. Other errors go to the caller.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { withLock } from "@baton/baton/http";
 * import { memory } from "@baton/baton/drivers/memory";
 *
 * declare function charge(account: string, options: { fence: number }): Promise<void>;
 * const baton = new Coordinator(memory());
 * const account = (request: Request) => new URL(request.url).pathname;
 *
 * const handler = withLock(baton, account, { timeout: 3_000 }, async (request, { lease }) => {
 *   await charge(account(request), { fence: lease.token });
 *   return new Response("charged");
 * });
 * ```
 * @param handler Receives the request, the lease, and the platform's other arguments.
 * @throws {InvalidArgument} when a fixed name or the timeout cannot be used.
 */
export function withLock<A extends readonly unknown[] = []>(
  baton: CoordinatorSource<[Request, ...A]>,
  name: LockName<[Request, ...A]>,
  options: LockOptions,
  handler: (request: Request, held: Held, ...args: A) => Response | Promise<Response>,
): (request: Request, ...args: A) => Promise<Response> {
  checkOptions(options, "ttl timeout status shared? streams? maxRuntime");
  checkFunction("handler", handler);
  const { status = 423, streams = false, timeout = 0, maxRuntime, ...rest } = options;
  if (typeof name === "string") checkName("lock", name);
  checkWait("timeout", timeout);
  checkWork("maxRuntime", maxRuntime);
  return async (request, ...args) => {
    let attempted: Attempted;
    const named = typeof name === "string" ? name : name(request, ...args) ?? "";
    try {
      checkName("lock", named);
    } catch (error) {
      // The error says what is wrong with the name, and does not repeat it.
      return unusable(request, error) ?? raise(error);
    }
    const coordinator = await coordinatorFor(baton, [request, ...args]);
    if (coordinator instanceof Response) return coordinator;
    try {
      // A single try has no wait to stop; and Deno logs a warning when a handler reads the signal.
      const waiting = timeout > 0 ? { signal: request.signal } : {};
      attempted = await coordinator.getLock(named).attempt({ ...rest, timeout, ...waiting });
    } catch (error) {
      return unclaimed(request, error, timeout > 0) ?? raise(error);
    }
    const { lease } = attempted;
    if (!lease) return refused(request, status, attempted.holders);
    const kept = keepFor(coordinator, lease, maxRuntime);
    let response: Response;
    try {
      response = await handler(request, { lease }, ...args);
    } catch (error) {
      await kept.giveBack();
      return cutShort(request, error) ?? raise(error);
    }
    if (streams) return await untilEnd(request, response, kept);
    await kept.giveBack();
    return response;
  };
}

function refused(request: Request, status: 423 | 409, holders: readonly Holder[]): Response {
  // Of several readers, the last to leave decides when it is worth trying again.
  const last = holders.at(-1);
  return problem(request, status, {
    code: "lock-not-acquired",
    detail: "Another request holds the lock, so nothing was run. Try again",
    retryAfter: retryAfter(last?.left),
    members: { holder: last?.memberId },
  });
}

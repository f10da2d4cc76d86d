/**
 * Requests that wait for, or give way to, each other.
 *
 * @module
 */

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
  /** How long the lock outlives a handler that was cut off; the coordinator's unless given. */
  ttl?: number | undefined;
  /** How long a request waits for its turn; 0 unless given. */
  timeout?: number | undefined;
  /** The status of a request whose turn did not come: 423 Locked unless given, or 409 Conflict. */
  status?: 423 | 409 | undefined;
  /** Whether such requests share the lock among themselves; see `AcquireOptions.shared`. */
  shared?: boolean | undefined;
  /**
   * Whether the response's body is made under the lock too, which is then given back when the body
   * ends, fails or is cancelled. Otherwise it is given back when the handler answers, and what a
   * stream does after that it does without the lock. A client that reads slowly keeps the lock; one
   * that has left, or reads nothing during 2.5 ttls (a minute at most), loses it.
   */
  streams?: boolean | undefined;
  /**
   * How long the lock is renewed for one request, its response's body included: a handler that never
   * ends would keep it otherwise, also where a timeout has answered in its place. After it the lease's
   * signal aborts, and others can have the lock a ttl later. 10 to 999 looks like seconds and is
   * refused. Default: no limit.
   */
  maxRuntime?: number | undefined;
}

/** What a handler under a lock works with. */
export interface Held {
  /** The lock's lease: its `token` is for the resource to check, its `signal` aborts with a loss. */
  readonly lease: Lease;
}

/** The name of a lock, or how a request tells it; a request without one is answered with 400. */
export type LockName<A extends readonly unknown[]> = string | ((...args: A) => string | undefined);

/**
 * Runs `handler` under a lock, which is renewed meanwhile and given back before the response is sent
 * (a release that takes over a second goes on in the background). One request before, one after.
 *
 * Where it does not run: 423 (or 409) with the holder's member id and the time it has left as
 * `Retry-After`; 400 for a name that no lock can have; 503 when the backend did not answer. The
 * handler's own answer stands even if the lease was lost meanwhile; if it throws `LeaseLost` because
 * of that, or what `lease.confirm()` throws, that is a 503 too. Other errors are the caller's.
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
 * @param handler Gets the request, the lease, and what else the platform calls with.
 * @throws {InvalidArgument} when a fixed name or the timeout cannot be used.
 */
export function withLock<A extends readonly unknown[] = []>(
  baton: CoordinatorSource<[Request, ...A]>,
  name: LockName<[Request, ...A]>,
  options: LockOptions,
  handler: (request: Request, held: Held, ...args: A) => Response | Promise<Response>,
): (request: Request, ...args: A) => Promise<Response> {
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
      // It says what is wrong with a name, and does not repeat it.
      return unusable(request, error) ?? raise(error);
    }
    const coordinator = await coordinatorFor(baton, [request, ...args]);
    if (coordinator instanceof Response) return coordinator;
    try {
      // Who waits for one answer only has nothing to stop; and Deno warns of whoever asks for it.
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
  // Of several readers the last to leave is the one to wait for.
  const last = holders.at(-1);
  return problem(request, status, {
    code: "lock-not-acquired",
    detail: "Another request has what this one needs, so nothing was run. Try again",
    retryAfter: retryAfter(last?.left),
    members: { holder: last?.memberId },
  });
}

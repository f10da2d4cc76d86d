/**
 * A heartbeat that a request triggers, for platforms where timers stop between requests.
 *
 * @module
 */

import type { Coordinator } from "../../coordination/coordinator.ts";
import type { CoreCoordinator } from "../../coordination/core.ts";
import type { GroupEvent } from "../../coordination/groups/group_events.ts";
import { heldBy } from "../../coordination/handling.ts";
import { resources } from "../../coordination/names.ts";
import { checkOptions } from "../../drivers/kit/options.ts";
import type { CoordinatorSource } from "./coordinator_source.ts";
import { raise, unclaimed } from "../failures.ts";
import { json } from "../problem.ts";
import { checkSecrets, type Secret } from "../secret.ts";
import { entered } from "./authorize.ts";

/** Who may trigger a heartbeat. */
export interface HeartbeatOptions<A extends readonly unknown[] = [Request]> {
  /** What callers must send as `Authorization: Bearer <secret>`: at least 16 random characters. */
  secret: Secret<A>;
}

/** A lease that this coordinator held and has lost. */
export interface Loss {
  /** What was held, such as `lock:payments`. */
  readonly resource: string;
  /** Its fencing token. A leadership's is its term, a membership's is its incarnation. */
  readonly token: number;
}

/**
 * An endpoint that runs the coordinator's `tick()`, or a `CoreCoordinator`'s `heartbeat()`. It
 * renews everything held in one call of the driver; for callers that do not know the secret there
 * is none. It is for a coordinator that outlives the request, on a platform where timers do not.
 *
 * It answers 200 with `{ next, lost }`:
 * - `next`: in how many whole ms the next call is due; `null` when nothing is held.
 * - `lost`: leases that this call found lost, and leaderships and memberships that were lost since
 *   the previous call, each as a {@link Loss}. Locks that were lost earlier are reported only to
 *   `on`.
 *
 * It answers 401 or 405 when the caller may not trigger, and 503 with `Retry-After` when the
 * backend did not answer.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { memory } from "@baton/baton/drivers/memory";
 * import { heartbeatEndpoint } from "@baton/baton/http";
 *
 * declare const secret: string;
 * const handler = heartbeatEndpoint(new Coordinator(memory()), { secret });
 * ```
 * @throws {InvalidArgument} when the secret cannot be used.
 */
export function heartbeatEndpoint<A extends readonly unknown[] = []>(
  baton: CoordinatorSource<[Request, ...A]>,
  options: HeartbeatOptions<[Request, ...A]>,
): (request: Request, ...args: A) => Promise<Response> {
  checkOptions(options, "secret");
  const { secret } = options;
  if (typeof secret !== "function") checkSecrets(secret);
  return async (request, ...args) => {
    const coordinator = await entered(baton, secret, [request, ...args]);
    if (coordinator instanceof Response) return coordinator;
    try {
      return json(await beat(coordinator));
    } catch (error) {
      return unclaimed(request, error) ?? raise(error);
    }
  };
}

async function beat(baton: CoreCoordinator): Promise<{ next: number | null; lost: Loss[] }> {
  const before = heldBy(baton);
  const { next, events } = hasGroups(baton)
    ? await baton.tick()
    : { next: await baton.heartbeat(), events: [] };
  const found = before.filter(({ lost }) => lost);
  const losses = [...found.map(({ resource, token }) => ({ resource, token })), ...told(events)];
  // A leadership that this call found lost is among the events as well.
  const lost = new Map(losses.map((loss) => [`${loss.token} ${loss.resource}`, loss]));
  return { next: heldBy(baton).length > 0 ? next : null, lost: [...lost.values()] };
}

/** It looks for the method: `instanceof` would bring groups into every bundle. */
function hasGroups(baton: CoreCoordinator): baton is Coordinator {
  return "tick" in baton;
}

function told(events: readonly GroupEvent[]): Loss[] {
  return events.flatMap((event) =>
    event.type === "leadership-lost"
      ? [{ resource: resources.leader(event.group), token: event.term }]
      : event.type === "evicted"
      ? [{ resource: resources.group(event.group), token: event.incarnation }]
      : []
  );
}

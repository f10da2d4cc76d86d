/**
 * A heartbeat that comes from outside, for places where timers stop between requests.
 *
 * @module
 */

import type { Coordinator } from "../../coordination/coordinator.ts";
import type { CoreCoordinator } from "../../coordination/core.ts";
import type { GroupEvent } from "../../coordination/groups/group_events.ts";
import { heldBy } from "../../coordination/handling.ts";
import { resources } from "../../coordination/names.ts";
import type { CoordinatorSource } from "./coordinator_source.ts";
import { raise, unclaimed } from "../failures.ts";
import { json } from "../problem.ts";
import { checkSecrets, type Secret } from "../secret.ts";
import { entered } from "./authorize.ts";

/** Who may trigger a heartbeat. */
export interface HeartbeatOptions<A extends readonly unknown[] = [Request]> {
  /** What callers must know: at least 16 random characters. */
  secret: Secret<A>;
}

/** Something that was ours, and is not any more. */
export interface Loss {
  /** What it was, such as `lock:payments`. */
  readonly resource: string;
  /** Its fencing token, term or incarnation. */
  readonly token: number;
}

/**
 * An endpoint that runs the coordinator's `tick()`, or its `heartbeat()` where it knows no groups:
 * renews everything held in one request to the backend, and none for callers who do not know the
 * secret. It is for a coordinator that outlives the request, where timers do not.
 *
 * It answers 200 with `{ next, lost }`: in how many whole ms the next call is due (`null` when nothing is
 * held), and what this beat has found lost, as {@link Loss}, with the leaderships and memberships that
 * were lost since the last; locks that were lost before it are told to `on` alone. 401 and 405 for
 * strangers, 503 with `Retry-After` when the backend did not answer.
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
  // A leadership that this beat has found lost is among the events as well.
  const lost = new Map(losses.map((loss) => [`${loss.token} ${loss.resource}`, loss]));
  return { next: heldBy(baton).length > 0 ? Math.ceil(next) : null, lost: [...lost.values()] };
}

/** Asked by its method: by its class would bring groups into every bundle. */
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

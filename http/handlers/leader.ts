/**
 * Requests that only a group's leader answers.
 *
 * @module
 */

import { checkFunction } from "../../drivers/kit/check.ts";
import { checkOptions } from "../../drivers/kit/options.ts";
import type { CampaignOptions } from "../../coordination/election/candidate.ts";
import type { CoreCoordinator } from "../../coordination/core.ts";
import {
  findLeader,
  type LeaderLook,
  leadershipOf,
  leadingWhile,
} from "../../coordination/handling.ts";
import { checkName } from "../../coordination/names.ts";
import { checkWork } from "../../coordination/leases/timings.ts";
import { coordinatorFor, type CoordinatorSource } from "./coordinator_source.ts";
import { leaderUrl } from "./leader_url.ts";
import { cutShort, raise, unclaimed } from "../failures.ts";
import { problem } from "../problem.ts";
import { retryAfter } from "../retry_after.ts";

/** What happens to requests that reach a process that is not the leader. */
export interface LeaderOptions {
  /**
   * Whether to send clients to the leader, with 307. This needs a leader that is a member of the
   * group and whose capabilities have a `url` (http or https). A function receives that URL, with
   * the request's path and query, and makes the response. Browsers and `fetch` leave
   * `Authorization` out when they follow to another host. Default: false.
   */
  redirect?: (boolean | ((url: URL, request: Request) => Response | Promise<Response>)) | undefined;
  /**
   * Whether to try to become the leader first, and how. Leadership outlives the response; it lasts
   * for its ttl if nothing renews it. So use this with a coordinator that outlives the response,
   * too. Default: false.
   */
  campaign?: boolean | Pick<CampaignOptions, "ttl" | "requireMembership"> | undefined;
  /**
   * For how long one request renews leadership, in ms. Without a limit, a handler that never ends
   * keeps it, even if a timeout has answered in its place. After this time leadership ends with its
   * ttl, unless something else renews it. A value from 10 to 999 looks like seconds and is refused.
   * Default: no limit.
   */
  maxRuntime?: number | undefined;
}

/** What a leader's handler receives. */
export interface Leading {
  /** The term: the fencing token of this leadership. */
  readonly term: number;
  /** Aborts when leadership is lost or given up. */
  readonly signal: AbortSignal;
}

/**
 * Runs `handler` if this coordinator leads the group, and renews leadership while it runs. A leader
 * needs no request. Otherwise one call of the driver campaigns, finds out who leads and, for a
 * redirect, reads all members of the group. Requests that campaign at the same time share one call.
 *
 * If it does not lead, it answers 307 to the leader if `redirect` says so and it can. Otherwise it
 * answers 503 with the leader's member id and, as `Retry-After`, the time that the leader has left.
 * It also answers 503 when the backend did not answer, and when the handler throws `LeaseLost`.
 * Other errors go to the caller.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { leaderOnly } from "@baton/baton/http";
 * import { memory } from "@baton/baton/drivers/memory";
 *
 * declare function assign(term: number, signal: AbortSignal): Promise<void>;
 * const baton = new Coordinator(memory(), { memberId: "fra-1" });
 * await baton.joinGroupCreate("api", { url: "https://fra-1.example.com" });
 *
 * const handler = leaderOnly(
 *   baton,
 *   "api",
 *   { campaign: true, redirect: true },
 *   async (_request, { term, signal }) => {
 *     await assign(term, signal);
 *     return new Response("assigned");
 *   },
 * );
 * ```
 * @param handler Receives the request, the leadership, and the platform's other arguments.
 * @throws {InvalidArgument} when the group's name cannot be used.
 */
export function leaderOnly<A extends readonly unknown[] = []>(
  baton: CoordinatorSource<[Request, ...A]>,
  group: string,
  options: LeaderOptions,
  handler: (request: Request, leading: Leading, ...args: A) => Response | Promise<Response>,
): (request: Request, ...args: A) => Promise<Response> {
  checkName("group", group);
  checkOptions(options, "redirect campaign maxRuntime");
  checkFunction("handler", handler);
  const { redirect = false, campaign = false, maxRuntime } = options;
  if (typeof campaign === "object") checkOptions(campaign, "ttl requireMembership?");
  checkWork("maxRuntime", maxRuntime);
  const members = redirect !== false;
  /** Campaigns under way. Two of one coordinator at a time would block each other. */
  const campaigns = new WeakMap<CoreCoordinator, Promise<LeaderLook>>();

  const look = async (coordinator: CoreCoordinator): Promise<LeaderLook> => {
    if (campaign === false) return await findLeader(coordinator, group, { members });
    let running = campaigns.get(coordinator);
    if (!running) {
      const options = { campaign: campaign === true ? {} : campaign, members };
      running = findLeader(coordinator, group, options)
        .finally(() => campaigns.delete(coordinator));
      campaigns.set(coordinator, running);
    }
    return await running;
  };

  return async (request, ...args) => {
    const coordinator = await coordinatorFor(baton, [request, ...args]);
    if (coordinator instanceof Response) return coordinator;
    let lease = leadershipOf(coordinator, group);
    let found: LeaderLook = {};
    try {
      if (!lease) {
        found = await look(coordinator);
        lease = leadershipOf(coordinator, group);
      }
    } catch (error) {
      return unclaimed(request, error) ?? raise(error);
    }
    if (!lease) {
      // A process that had our member id before may lead, or a request of ours whose reply is still
      // to come.
      const elsewhere = found.leader?.memberId !== coordinator.memberId;
      const url = elsewhere ? leaderUrl(found.capabilities, request) : undefined;
      if (!url || redirect === false) return notLeading(request, found);
      return redirect === true ? temporary(url) : await redirect(url, request);
    }
    const letGo = leadingWhile(coordinator, group, lease, maxRuntime);
    try {
      return await handler(request, { term: lease.token, signal: lease.signal }, ...args);
    } catch (error) {
      return cutShort(request, error) ?? raise(error);
    } finally {
      letGo();
    }
  };
}

function temporary(url: URL): Response {
  const headers = { location: url.href, "cache-control": "no-store" };
  return new Response(null, { status: 307, headers });
}

function notLeading(request: Request, { leader }: LeaderLook): Response {
  return problem(request, 503, {
    code: "not-leader",
    detail:
      `Only the leader does this, and ${
        leader ? "another process" : "nobody"
      } leads, so nothing was run. ` +
      "Try again",
    // If nobody leads, somebody may at any moment.
    retryAfter: retryAfter(leader ? leader.left : 0),
    members: { leader: leader?.memberId },
  });
}

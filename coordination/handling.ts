/**
 * What request handlers need of a coordinator besides its public methods.
 *
 * @module
 */

import type { CoreCoordinator } from "./core.ts";
import type { CampaignOptions } from "./election/candidate.ts";
import type { CoordinatorEvent } from "./events.ts";
import type { Json } from "./groups/group_events.ts";
import { read } from "./groups/member_value.ts";
import { internalsOf } from "./internals.ts";
import type { HeldLease } from "./leases/held_lease.ts";
import type { Lease } from "./leases/lease.ts";
import { look, type Part } from "./leases/request.ts";
import { resources } from "./names.ts";
import type { Runtime } from "./runtime.ts";

/** The coordinator's clocks, timers and background work. */
export function runtimeOf(baton: CoreCoordinator): Runtime {
  return internalsOf(baton).session.runtime;
}

/**
 * Renews a lease of the coordinator until the function that it returns is called. If that does not
 * happen within `maxRuntime` ms, it calls `late`.
 */
export function keep(
  baton: CoreCoordinator,
  lease: Lease,
  late: () => void,
  maxRuntime?: number,
): () => void {
  const { heart, runtime } = internalsOf(baton).session;
  // HeldLease is the only implementation of a lease.
  const letGo = heart.keep(lease as HeldLease);
  const cancel = maxRuntime === undefined ? letGo : runtime.after(maxRuntime, late);
  return () => {
    cancel();
    letGo();
  };
}

/**
 * Stops counting a lease as held, so that not even a heartbeat of all leases renews it. It then
 * ends with its ttl. It may be released later.
 */
export function abandon(lease: Lease): void {
  (lease as HeldLease).releasing();
}

/** Reports an event to the coordinator's `on`. */
export function report(baton: CoreCoordinator, event: CoordinatorEvent): void {
  internalsOf(baton).session.report(event);
}

/** Whether the coordinator was made with a namespace. */
export function hasNamespace(baton: CoreCoordinator): boolean {
  return internalsOf(baton).namespace !== undefined;
}

/** Every lease that the coordinator holds and renews. */
export function heldBy(baton: CoreCoordinator): readonly HeldLease[] {
  return [...internalsOf(baton).session.leases.values()];
}

/** The coordinator's leadership of a group, while it leads. */
export function leadershipOf(baton: CoreCoordinator, group: string): Lease | undefined {
  return internalsOf(baton).candidates.of(group).leadership;
}

/**
 * Uses that leadership until the function that it returns is called, or for `maxRuntime` ms. Until
 * then the leadership is renewed, and not given up.
 */
export function leadingWhile(
  baton: CoreCoordinator,
  group: string,
  lease: Lease,
  maxRuntime?: number,
): () => void {
  const leave = internalsOf(baton).candidates.of(group).enter();
  const end = (): void => {
    letGo();
    leave();
  };
  const letGo = keep(baton, lease, end, maxRuntime);
  return end;
}

/** What a look at a group found. */
export interface LeaderLook {
  /** Its leader, if it has one. */
  readonly leader?: { readonly memberId: string; readonly left: number };
  /** The leader's capabilities, if the look was at members, too, and the leader is one. */
  readonly capabilities?: Json | undefined;
}

/** What to look at, and what to do first. */
export interface LeaderLookOptions {
  /** Whether to try to become the leader first. If this wins, the coordinator leads. */
  readonly campaign?: CampaignOptions | undefined;
  /** Whether to look at the group's members, too. */
  readonly members: boolean;
}

/** Looks who leads a group. It takes one call of the driver, with any options. */
export async function findLeader(
  baton: CoreCoordinator,
  group: string,
  { campaign, members }: LeaderLookOptions,
): Promise<LeaderLook> {
  const { session, candidates } = internalsOf(baton);
  const leaders = look(resources.leader(group), "");
  const all = look(resources.group(group));
  // The campaign goes first, so that the look sees who has won.
  const parts: Part[] = campaign ? [candidates.of(group).attempt(campaign, () => {})] : [];
  await session.send([...parts, leaders, ...members ? [all] : []]);
  const [leader] = leaders.answer ?? [];
  if (!leader) return {};
  const member = all.answer?.find(({ seat }) => seat === leader.value);
  return {
    leader: { memberId: leader.value, left: leader.left },
    ...(member && { capabilities: read(member.value).capabilities }),
  };
}

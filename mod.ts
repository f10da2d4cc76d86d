/**
 * Distributed coordination for edge and serverless code: locks, leader election and run-once cron
 * over backends reached by plain HTTPS.
 *
 * What it does **not** do: a lease is not mutual exclusion. A holder that is paused past its ttl can
 * still act on what it began. Within published clock bounds no two holders *believe* at once; beyond
 * them, only a resource that checks the fencing token is safe.
 *
 * @example Once per schedule, whatever the number of regions and duplicate triggers:
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { upstash } from "@baton/baton/drivers/upstash";
 *
 * interface Env {
 *   UPSTASH_REDIS_REST_URL: string;
 *   UPSTASH_REDIS_REST_TOKEN: string;
 * }
 * declare function sendInvoices(token: number, signal: AbortSignal): Promise<void>;
 *
 * export const worker = {
 *   async scheduled(event: { scheduledTime: number }, env: Env): Promise<void> {
 *     const baton = new Coordinator(
 *       upstash({ url: env.UPSTASH_REDIS_REST_URL, token: env.UPSTASH_REDIS_REST_TOKEN }),
 *     );
 *     const run = await baton.cron("invoices").run(
 *       { slot: event.scheduledTime, ttl: 60_000 },
 *       ({ token, signal }) => sendInvoices(token, signal),
 *     );
 *     console.log(run.outcome, run.holder); // "ran" here, or "skipped" because fra-1 has it
 *   },
 * };
 * ```
 *
 * @module
 */

export { Coordinator } from "./coordination/coordinator.ts";
export type { CampaignOptions } from "./coordination/election/candidate.ts";
export { CoreCoordinator } from "./coordination/core.ts";
export type { CoordinatorOptions, StartOptions } from "./coordination/options.ts";
export type { CatchUpOptions, Every } from "./coordination/cron/catch_up.ts";
export { namespaceOf } from "./coordination/namespace_of.ts";
export { shutdownSignal } from "./coordination/shutdown.ts";
export {
  type Interval,
  slotAt,
  slotOf,
  type Trigger,
  type TriggerHeaders,
} from "./coordination/cron/slots.ts";
export type { Said } from "./coordination/cron/instants.ts";
export { Cron } from "./coordination/cron/cron.ts";
export type { Run, RunRecord, SlotOptions, SlotResult } from "./coordination/cron/types.ts";
export { Election, type Leader } from "./coordination/election/election.ts";
export * from "./errors.ts";
export type * from "./coordination/events.ts";
export type * from "./coordination/groups/group_events.ts";
export type { JoinOptions, MemberInfo, Membership } from "./coordination/groups/memberships.ts";
export type { Leadership, LeaderWork } from "./coordination/election/leader_loop.ts";
export type { CallOptions, Lease } from "./coordination/leases/lease.ts";
export { type AcquireOptions, Lock } from "./coordination/locks/lock.ts";
export { Semaphore } from "./coordination/locks/semaphore.ts";
export {
  Acquirable,
  type Attempted,
  type Holder,
  type WaitOptions,
  type Work,
} from "./coordination/locks/acquirable.ts";
export {
  type Characteristic,
  Characteristics,
  characteristicsOf,
} from "./drivers/characteristics.ts";
export {
  type Instant,
  type Runtime,
  systemRuntime,
  type SystemRuntimeOptions,
} from "./coordination/runtime.ts";
export type {
  MembersForObjectOptions,
  PartitionedGroup,
  PartitionedObject,
  Partitioner,
  PartitionOptions,
} from "./coordination/partition/partitioner.ts";
export type { EventsOptions, Tick, TickOptions } from "./coordination/groups/tick.ts";
export type { ClockBounds } from "./coordination/leases/timings.ts";
export type { WatchCallback } from "./coordination/groups/watches.ts";
export type { RequestEvent } from "./drivers/decorators/traced.ts";

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
export type { CampaignOptions } from "./coordination/candidate.ts";
export {
  type CoordinatorOptions,
  CoreCoordinator,
  type StartOptions,
} from "./coordination/core.ts";
export type { CatchUpOptions, Every } from "./coordination/catch_up.ts";
export { shutdownSignal } from "./coordination/shutdown.ts";
export { type Interval, slotAt, slotOf, type Trigger } from "./coordination/slots.ts";
export { Cron } from "./coordination/cron.ts";
export type { Run, RunRecord, SlotOptions, SlotResult } from "./coordination/cron_types.ts";
export { Election, type Leader } from "./coordination/election.ts";
export * from "./coordination/errors.ts";
export type * from "./coordination/events.ts";
export type { JoinOptions, MemberInfo, Membership } from "./coordination/groups.ts";
export type { Leadership, LeaderWork } from "./coordination/lead.ts";
export type { CallOptions, Lease } from "./coordination/lease.ts";
export { type AcquireOptions, Lock } from "./coordination/lock.ts";
export { Semaphore } from "./coordination/semaphore.ts";
export { Acquirable, type Holder, type WaitOptions, type Work } from "./coordination/acquirable.ts";
export {
  type Characteristic,
  Characteristics,
  characteristicsOf,
} from "./coordination/characteristics.ts";
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
} from "./coordination/partitioner.ts";
export type { EventsOptions, Tick, TickOptions } from "./coordination/ticker.ts";
export type { ClockBounds } from "./coordination/timings.ts";
export type { WatchCallback } from "./coordination/watches.ts";
export type { RequestEvent } from "./drivers/traced.ts";

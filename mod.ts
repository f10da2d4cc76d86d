/**
 * Locks, leader election, group membership and run-once cron for serverless code (Cloudflare
 * Workers, Deno Deploy, Vercel) and for Node, Bun and Deno. Baton uses the Redis, Postgres or MySQL
 * that you already have. It speaks HTTPS: there is no connection to keep open and no server to run.
 *
 * Use it when a job must run once although several regions trigger it, when only one process may do
 * something at a time, or when processes must know of each other and divide work.
 *
 * A Cloudflare Worker that is deployed twice, and that the platform may trigger twice. Each
 * scheduled run (a *slot*) happens at most once:
 *
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { upstash } from "@baton/baton/drivers/upstash";
 *
 * type Env = Record<"UPSTASH_REDIS_REST_URL" | "UPSTASH_REDIS_REST_TOKEN", string>;
 *
 * export default {
 *   async scheduled(event: { scheduledTime: number }, env: Env) {
 *     const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = env;
 *     const baton = new Coordinator(upstash({ url, token }), { memberId: "fra-1" });
 *     const run = await baton.cron("invoices").run(
 *       { slot: event.scheduledTime },
 *       ({ signal }) => fetch("https://example.com/send-invoices", { method: "POST", signal }),
 *     );
 *     console.log(run.outcome, run.holder); // "ran" and "fra-1", or "skipped" and who has it
 *   },
 * };
 * ```
 *
 * - One process at a time: `baton.getLock(name).with(work)`, or `hold()`. See {@link Lock}.
 * - At most _n_ processes at a time: `baton.getSemaphore(name, n)`. See {@link Semaphore}.
 * - Each scheduled run once: `baton.cron(job).run({ slot }, work)`. See {@link Cron}.
 * - One leader: `baton.lead(group, work)`. See {@link Election}.
 * - To know which processes are alive: `baton.joinGroupCreate(group)`. See {@link Coordinator}.
 * - To divide work among them: `baton.joinPartitionedGroup(group)`. See {@link Partitioner}.
 * - A backend: `@baton/baton/drivers/upstash`, `…/neon`, `…/planetscale`, `…/redis`, `…/postgres`,
 *   `…/mysql`, `…/sqlite` and `…/memory`; or a URL, with `@baton/baton/url`.
 * - Handlers for an HTTP app: `@baton/baton/http` and `@baton/baton/hono`.
 * - A database that refuses the write of a late holder: `@baton/baton/fencing`.
 * - A smaller bundle: `@baton/baton/core` without groups, or `@baton/baton/cron` alone.
 *
 * What it does **not** do: a lease is not mutual exclusion. A holder that is paused past its ttl
 * can still finish what it began. Within published clock bounds no two processes think at the same
 * time that they hold a lease. Beyond them, only a resource that checks the fencing token is safe.
 * The token is a number that grows with each grant, so the resource can refuse an earlier holder.
 *
 * @module
 */

// In the order in which people need them.
export { Coordinator } from "./coordination/coordinator.ts";
export type { CoordinatorOptions, StartOptions } from "./coordination/options.ts";
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

export { Cron } from "./coordination/cron/cron.ts";
export type { Run, RunRecord, SlotOptions, SlotResult } from "./coordination/cron/types.ts";
export {
  type Interval,
  slotAt,
  slotOf,
  type Trigger,
  type TriggerHeaders,
} from "./coordination/cron/slots.ts";
export type { Said } from "./coordination/cron/instants.ts";
export type { CatchUpOptions, Every } from "./coordination/cron/catch_up.ts";

export { Election, type Leader } from "./coordination/election/election.ts";
export type { Leadership, LeaderWork } from "./coordination/election/leader_loop.ts";
export type { CampaignOptions } from "./coordination/election/candidate.ts";

export type { JoinOptions, MemberInfo, Membership } from "./coordination/groups/memberships.ts";
export type { EventsOptions, Tick, TickOptions } from "./coordination/groups/tick.ts";
export type { WatchCallback } from "./coordination/groups/watches.ts";
export type * from "./coordination/groups/group_events.ts";
export type {
  MembersForObjectOptions,
  PartitionedGroup,
  PartitionedObject,
  Partitioner,
  PartitionOptions,
} from "./coordination/partition/partitioner.ts";

export * from "./errors.ts";
export type * from "./coordination/events.ts";
export type { RequestEvent } from "./drivers/decorators/traced.ts";

export { namespaceOf } from "./coordination/namespace_of.ts";
export { shutdownSignal } from "./coordination/shutdown.ts";
export {
  type Instant,
  type Runtime,
  systemRuntime,
  type SystemRuntimeOptions,
} from "./coordination/runtime.ts";
export type { ClockBounds } from "./coordination/leases/timings.ts";

export { CoreCoordinator } from "./coordination/core.ts";
export {
  type Characteristic,
  Characteristics,
  characteristicsOf,
} from "./drivers/characteristics.ts";

/**
 * Only cron jobs, for the smallest bundle: what a scheduled Worker needs and nothing else.
 *
 * @module
 */

import type { Driver } from "../../drivers/driver.ts";
import type { CoordinatorOptions } from "../options.ts";
import { Cron } from "./cron.ts";
import { sessionOf } from "../member.ts";
import { checkName } from "../names.ts";

export { Cron } from "./cron.ts";
export type { CatchUpOptions, Every } from "./catch_up.ts";
export type { Run, RunRecord, SlotOptions, SlotResult } from "./types.ts";
export { type Runtime, systemRuntime, type SystemRuntimeOptions } from "../runtime.ts";
export { namespaceOf } from "../namespace_of.ts";
export { type Interval, slotAt, slotOf, type Trigger, type TriggerHeaders } from "./slots.ts";
export type { Said } from "./instants.ts";

/**
 * The cron job of that name, as `new Coordinator(driver, options).cron(job)` makes it. No request.
 *
 * @example
 * ```ts
 * import { cronJob, slotOf } from "@baton/baton/cron";
 * import { upstash } from "@baton/baton/drivers/upstash";
 *
 * interface Env { UPSTASH_REDIS_REST_URL: string; UPSTASH_REDIS_REST_TOKEN: string }
 *
 * export default {
 *   async scheduled(event: { scheduledTime: number }, env: Env) {
 *     const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = env;
 *     const job = cronJob(upstash({ url, token }), "invoices");
 *     await job.run({ slot: slotOf(event) }, async ({ token }) => {});
 *   },
 * };
 * ```
 * @throws {InvalidArgument} when the name or an option cannot work; the message says which and why.
 */
export function cronJob(driver: Driver, job: string, options: CoordinatorOptions = {}): Cron {
  checkName("job", job);
  return new Cron(job, sessionOf(driver, options));
}

/**
 * Cron jobs that a platform triggers by an HTTP request.
 *
 * @module
 */

import { checkFunction, refuse } from "../../drivers/kit/check.ts";
import { checkOptions } from "../../drivers/kit/options.ts";
import type { CoreCoordinator } from "../../coordination/core.ts";
import type { Run, SlotOptions } from "../../coordination/cron/types.ts";
import { planOf } from "../../coordination/cron/plan.ts";
import { hasNamespace, report, runtimeOf } from "../../coordination/handling.ts";
import { checkName } from "../../coordination/names.ts";
import { type Interval, slotAt } from "../../coordination/cron/slots.ts";
import type { CoordinatorSource } from "./coordinator_source.ts";
import { slotFor } from "./cron_slot.ts";
import { inPreview } from "./preview.ts";
import { raise, unclaimed, unusable } from "../failures.ts";
import { json, problem } from "../problem.ts";
import { checkSecrets, type Secret } from "../secret.ts";
import { entered } from "./authorize.ts";

/**
 * Who may trigger a job, for which slot, and how it runs. Durations are in ms.
 *
 * A slot is one scheduled run; its name is the instant that the schedule says. The endpoint uses
 * the first of these that is there: the answer of `slot`; Google Cloud Scheduler's header;
 * `?slot=`, if `slotInQuery` allows it; the slot that is due by `every`, `offset` and `early`.
 */
export interface CronEndpointOptions<A extends readonly unknown[] = [Request]>
  extends Omit<SlotOptions, "slot" | "signal">, Partial<Interval> {
  /**
   * What callers must send as `Authorization: Bearer <secret>`: at least 16 random characters, such
   * as Vercel's `CRON_SECRET`.
   */
  secret: Secret<A>;
  /** Returns the slot, in ms since the epoch. */
  slot?: ((...args: A) => number) | undefined;
  /** Whether callers may choose the slot by `?slot=`, in ms since the epoch. Default: false. */
  slotInQuery?: boolean | undefined;
  /**
   * The platform's variables, such as `process.env`. Only `VERCEL_ENV`, `DENO_TIMELINE` and
   * Netlify's `CONTEXT` are read. If they or the request's host show that this is a preview
   * deployment, and the coordinator has no namespace, `on` receives `preview-without-namespace` at
   * each trigger. Not every preview's host shows it. See `namespaceOf()`.
   */
  env?: object | undefined;
}

/**
 * An endpoint for a scheduler's triggers: it runs `job` if the slot is still free. The claim is one
 * call of the driver; for callers that do not know the secret there is none.
 *
 * It answers
 * - 200 with `{ outcome: "ran", slot, holder, token }`;
 * - 200 with `{ outcome: "skipped", slot, holder, reason, done }` (see `SlotResult`), because the
 *   platform must not repeat a trigger that came twice;
 * - 400 when the slot is unknown, or too far from now;
 * - 401 or 405 when the caller may not trigger;
 * - 503 with `Retry-After` when the backend did not answer the claim.
 *
 * A caller that hangs up stops nothing.
 *
 * When the job fails, it answers 500 with only the error's name. The whole error goes to the
 * coordinator's `on`, as `callback-failed`, and into the job's history (in mode `"once"` only with
 * `record: true`). If the platform then triggers again, `"retry"` runs the slot again. In `"once"`
 * the slot stays used, and the second answer is 200 with `"skipped"`.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { upstash } from "@baton/baton/drivers/upstash";
 * import { cronEndpoint } from "@baton/baton/http";
 *
 * interface Env {
 *   UPSTASH_REDIS_REST_URL: string;
 *   UPSTASH_REDIS_REST_TOKEN: string;
 *   CRON_SECRET: string;
 * }
 * declare function sendInvoices(token: number, signal: AbortSignal): Promise<void>;
 *
 * export const worker = {
 *   fetch: cronEndpoint(
 *     (_request: Request, env: Env) =>
 *       new Coordinator(
 *         upstash({ url: env.UPSTASH_REDIS_REST_URL, token: env.UPSTASH_REDIS_REST_TOKEN }),
 *       ),
 *     "invoices",
 *     ({ token, signal }) => sendInvoices(token, signal),
 *     { secret: (_request, env) => env.CRON_SECRET, every: 3_600_000, ttl: 60_000 },
 *   ),
 * };
 * ```
 * @param job Runs as with `cron(job).run()`. It also receives the request and the platform's other
 *   arguments. Its result is not sent.
 * @throws {InvalidArgument} when the name, the secret, the interval or an option cannot be used.
 *   Where a function gives the coordinator or the secret, what depends on them is checked at each
 *   request, and thrown then.
 */
export function cronEndpoint<A extends readonly unknown[] = []>(
  baton: CoordinatorSource<[Request, ...A]>,
  name: string,
  job: (run: Run, request: Request, ...args: A) => unknown,
  options: CronEndpointOptions<[Request, ...A]>,
): (request: Request, ...args: A) => Promise<Response> {
  checkOptions(
    options,
    "secret slot slotInQuery? every offset early env mode ttl keepAlive? retain skipIfRunning? minHold maxRuntime record?",
  );
  checkFunction("job", job);
  const { secret, slot: slotBy, slotInQuery, every, offset, early, env = {}, ...rest } = options;
  checkName("job", name);
  if (typeof secret !== "function") checkSecrets(secret);
  const interval = every === undefined ? undefined : { every, offset, early };
  if (interval) slotAt(0, interval);
  else if ((offset ?? early) !== undefined) refuse("offset or early", "it needs `every`");
  const check = (coordinator: CoreCoordinator) => coordinator.cron(name).check(rest);
  if (typeof baton === "function") planOf({ ...rest, slot: 0 }, 1);
  else check(baton);

  return async (request, ...args) => {
    const coordinator = await entered(baton, secret, [request, ...args]);
    if (coordinator instanceof Response) return coordinator;
    // Checked first: an invalid argument after this is the trigger's fault.
    check(coordinator);
    if (!hasNamespace(coordinator) && inPreview(request, env)) {
      report(coordinator, { type: "preview-without-namespace", job: name });
    }
    let began = false;
    try {
      const now = runtimeOf(coordinator).wall();
      const slot = slotBy
        ? slotBy(request, ...args)
        : slotFor(request, now, { slotInQuery, interval });
      const result = await coordinator.cron(name).run({ ...rest, slot }, async (run) => {
        began = true;
        return await job(run, request, ...args);
      });
      // Without the job's result: JSON leaves `undefined` out.
      return json({ ...result, value: undefined });
    } catch (error) {
      // The caller knows the secret and may read why.
      if (!began) return unusable(request, error) ?? unclaimed(request, error) ?? raise(error);
      report(coordinator, { type: "callback-failed", error });
      return failed(request, error);
    }
  };
}

function failed(request: Request, error: unknown): Response {
  // An error's text may hold the data that was worked on. Its name is the programmer's own word, if
  // it looks like one.
  const name = error instanceof Error && /^\w{1,64}$/.test(error.name) ? error.name : "Error";
  return problem(request, 500, {
    code: "job-failed",
    detail: "The job ran and failed; its logs say why",
    members: { error: name },
  });
}

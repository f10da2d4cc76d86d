/**
 * Cron jobs that a platform triggers by a request.
 *
 * @module
 */

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
 * Who may trigger a job, for which slot, and how it runs. Durations are in ms. The slot is what `slot`
 * answers; or else what Google Cloud Scheduler's header says; or else `?slot=`, if that is allowed; or
 * else, by `every`, `offset` and `early`, the one that is due.
 */
export interface CronEndpointOptions<A extends readonly unknown[] = [Request]>
  extends Omit<SlotOptions, "slot" | "signal">, Partial<Interval> {
  /** What callers must know: at least 16 random characters, such as Vercel's `CRON_SECRET`. */
  secret: Secret<A>;
  /** Tells the slot, in ms since the epoch. */
  slot?: ((...args: A) => number) | undefined;
  /** Whether callers may choose the slot by `?slot=`, in ms since the epoch; no unless given. */
  slotInQuery?: boolean | undefined;
  /**
   * The platform's variables, such as `process.env`, of which `VERCEL_ENV`, `DENO_TIMELINE` and Netlify's
   * `CONTEXT` are read. Where they, or the request's host, show that this is a preview, and the
   * coordinator has no namespace, `on` receives `preview-without-namespace` at each trigger. Not every
   * preview's host shows it. See `namespaceOf()`.
   */
  env?: object | undefined;
}

/**
 * An endpoint for a scheduler's triggers: runs `job` if its slot is still free. One request to the
 * backend, and none for callers who do not know the secret.
 *
 * It answers 200 with `{ outcome: "ran", slot, holder, token }`, or with `{ outcome: "skipped", slot,
 * holder, reason, done }`, for a trigger that comes twice must not be repeated; `done` as in
 * `SlotResult`. 400 when there is no telling the slot, or it is too far from now; 401 and 405 for
 * strangers; 503 with `Retry-After` when the claim had no answer. A caller that hangs up stops nothing.
 *
 * When the job fails: 500 with the error's name only; all of it goes to the coordinator's `on`, as
 * `callback-failed`, and into the job's history, in mode `"once"` only with `record: true`. Where the
 * platform then tries again, `"retry"` runs the slot again; in `"once"` it stays used, and the second
 * answer is 200 with `"skipped"`.
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
 * @param job Runs as with `cron(job).run()`; it also gets the request, and what else the platform
 *   calls with. What it answers is not sent.
 * @throws {InvalidArgument} when the name, the secret, the interval or an option cannot be used. What
 *   a coordinator of the request's own, or its secret, rules out is thrown for each request.
 */
export function cronEndpoint<A extends readonly unknown[] = []>(
  baton: CoordinatorSource<[Request, ...A]>,
  name: string,
  job: (run: Run, request: Request, ...args: A) => unknown,
  options: CronEndpointOptions<[Request, ...A]>,
): (request: Request, ...args: A) => Promise<Response> {
  const { secret, slot: slotBy, slotInQuery, every, offset, early, env = {}, ...rest } = options;
  checkName("job", name);
  if (typeof secret !== "function") checkSecrets(secret);
  const interval = every === undefined ? undefined : { every, offset, early };
  if (interval) slotAt(0, interval);
  const check = (coordinator: CoreCoordinator) => coordinator.cron(name).check(rest);
  if (typeof baton === "function") planOf({ ...rest, slot: 0 }, 1);
  else check(baton);

  return async (request, ...args) => {
    const coordinator = await entered(baton, secret, [request, ...args]);
    if (coordinator instanceof Response) return coordinator;
    // What is wrong after this is the trigger's fault.
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
      // Not what the job answered, which JSON leaves out.
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
  // Texts of errors hold what was worked on; names are the programmer's own words, if they look so.
  const name = error instanceof Error && /^\w{1,64}$/.test(error.name) ? error.name : "Error";
  return problem(request, 500, {
    code: "job-failed",
    detail: "The job was run and failed; its logs say why",
    members: { error: name },
  });
}

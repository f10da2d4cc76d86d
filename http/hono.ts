/**
 * Locks, leadership and cron for Hono: the functions of `@baton/baton/http` as middleware and
 * handlers. It imports only Hono's types, so it runs wherever Hono runs.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { cronEndpoint, leaderOnly, withLock } from "@baton/baton/hono";
 * import { memory } from "@baton/baton/drivers/memory";
 * import { Hono } from "hono";
 *
 * declare const secret: string;
 * declare function sendInvoices(token: number, signal: AbortSignal): Promise<void>;
 * const baton = new Coordinator(memory());
 *
 * const app = new Hono()
 *   .post("/accounts/:id/charge", withLock(baton, (c) => c.req.param("id")), (c) => {
 *     return c.text(`fence: ${c.var.lease.token}`);
 *   })
 *   .post("/assign", leaderOnly(baton, "api", { campaign: true }), (c) => c.text(`${c.var.term}`))
 *   .get(
 *     "/cron/invoices",
 *     cronEndpoint(baton, "invoices", ({ token, signal }) => sendInvoices(token, signal), {
 *       secret,
 *       every: 3_600_000,
 *     }),
 *   );
 * ```
 *
 * @module
 */

import type { Run } from "../coordination/cron/types.ts";
import type { Lease } from "../coordination/leases/lease.ts";
import type { CoordinatorSource } from "./handlers/coordinator_source.ts";
import { cronEndpoint as plainCron, type CronEndpointOptions } from "./handlers/cron.ts";
import {
  heartbeatEndpoint as plainHeartbeat,
  type HeartbeatOptions,
} from "./handlers/heartbeat.ts";
import type { Context, Handler, Middleware, Next } from "./hono_types.ts";
import { leaderOnly as plainLeader, type LeaderOptions } from "./handlers/leader.ts";
import { type LockName, type LockOptions, withLock as plainLock } from "./handlers/lock.ts";
import { cutShort } from "./failures.ts";

export type { CoordinatorSource, CronEndpointOptions, HeartbeatOptions, LeaderOptions };
export type { LockName, LockOptions };
export type { Secret } from "./secret.ts";

/** What {@link withLock} adds to `c.var`. */
export interface LockVariables {
  /**
   * The lock's lease. Its `token` is for the resource to check. Its `signal` aborts when it is
   * lost.
   */
  lease: Lease;
}

/** What {@link leaderOnly} adds to `c.var`. */
export interface LeaderVariables {
  /** The term: the fencing token of this leadership. */
  term: number;
  /** Aborts when leadership is lost or given up. */
  termSignal: AbortSignal;
}

/**
 * Runs the handlers after it under a lock; see `withLock` of `@baton/baton/http`. The lease is
 * `c.var.lease`. `app.onError` receives the errors of handlers as usual. If the error is
 * `LeaseLost` or an unreachable backend, the client gets 503 instead of what `onError` answered.
 *
 * @example
 * ```ts ignore
 * app.post("/accounts/:id", withLock(baton, (c) => c.req.param("id")), (c) => {
 *   return c.json({ fence: c.var.lease.token });
 * });
 * ```
 * @throws {InvalidArgument} when a fixed name or the timeout cannot be used.
 */
export function withLock(
  baton: CoordinatorSource<[Context]>,
  name: LockName<[Context]>,
  options: LockOptions = {},
): Middleware<LockVariables> {
  return asMiddleware(plainLock<[Context, Next]>(
    ofContext(baton),
    ofContext(name),
    options,
    async (_request, { lease }, c, next) => {
      c.set("lease", lease);
      return await rest(c, next);
    },
  ));
}

/**
 * Runs the handlers after it if this coordinator leads the group; see `leaderOnly` of
 * `@baton/baton/http`. The term is `c.var.term`, and `c.var.termSignal` aborts when it ends.
 *
 * @example
 * ```ts ignore
 * app.use("/admin/*", leaderOnly(baton, "api", { campaign: true, redirect: true }));
 * ```
 * @throws {InvalidArgument} when the group's name cannot be used.
 */
export function leaderOnly(
  baton: CoordinatorSource<[Context]>,
  group: string,
  options: LeaderOptions = {},
): Middleware<LeaderVariables> {
  return asMiddleware(plainLeader<[Context, Next]>(
    ofContext(baton),
    group,
    options,
    async (_request, { term, signal }, c, next) => {
      c.set("term", term);
      c.set("termSignal", signal);
      return await rest(c, next);
    },
  ));
}

/**
 * An endpoint for a scheduler's triggers; see `cronEndpoint` of `@baton/baton/http`. Give it to
 * `app.get` or `app.post`, or to `app.all`: then it answers other methods with 405.
 *
 * @example On Cloudflare Workers:
 * ```ts ignore
 * app.get(
 *   "/cron/invoices",
 *   cronEndpoint((c) => coordinatorOf(c.env), "invoices", ({ token }) => sendInvoices(token), {
 *     secret: (c) => c.env.CRON_SECRET,
 *     every: 3_600_000,
 *   }),
 * );
 * ```
 * @throws {InvalidArgument} when the name, the secret, the interval or an option cannot be used.
 */
export function cronEndpoint(
  baton: CoordinatorSource<[Context]>,
  name: string,
  job: (run: Run, c: Context) => unknown,
  options: CronEndpointOptions<[Context]>,
): Handler {
  const { slot, ...others } = options;
  const run = plainCron<[Context]>(ofContext(baton), name, (run, _request, c) => job(run, c), {
    ...others,
    secret: ofContext(others.secret),
    ...(slot && { slot: ofContext(slot) }),
  });
  return (c) => run(c.req.raw, c);
}

/**
 * An endpoint that renews everything held; see `heartbeatEndpoint` of `@baton/baton/http`.
 *
 * @throws {InvalidArgument} when the secret cannot be used.
 */
export function heartbeatEndpoint(
  baton: CoordinatorSource<[Context]>,
  options: HeartbeatOptions<[Context]>,
): Handler {
  const run = plainHeartbeat<[Context]>(ofContext(baton), {
    ...options,
    secret: ofContext(options.secret),
  });
  return (c) => run(c.req.raw, c);
}

/**
 * Makes a function of Hono's context callable by the plain handlers; anything else stays as it is.
 */
function ofContext<G>(given: G): OfContext<G> {
  const take = given as (c: Context) => unknown;
  return (typeof given === "function"
    ? (_request: Request, c: Context) => take(c)
    : given) as OfContext<G>;
}

type OfContext<G> = G extends (c: Context) => infer R ? (request: Request, c: Context) => R : G;

/** Runs the handlers after us. Hono catches their errors; we throw those again that we answer. */
async function rest(c: Context, next: Next): Promise<Response> {
  await next();
  if (c.error && cutShort(c.req.raw, c.error)) throw c.error;
  return c.res;
}

function asMiddleware(
  run: (request: Request, c: Context, next: Next) => Promise<Response>,
): (c: Context, next: Next) => Promise<void> {
  return async (c, next) => {
    const response = await run(c.req.raw, c, next);
    if (response === c.res) return;
    // Hono keeps headers that are set already, such as those of CORS. Where our answer replaces
    // another one, no header of the other may contradict it.
    c.res = response;
    if (!c.error) return;
    c.res.headers.delete("content-length");
    for (const [name, value] of response.headers) {
      if (name !== "set-cookie") c.res.headers.set(name, value);
    }
  };
}

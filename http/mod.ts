/**
 * Locks, leadership and cron for web handlers: plain `Request` in, `Response` out, whatever the
 * framework. `@baton/baton/hono` is the same for Hono.
 *
 * They do not make anything safe by themselves: a handler that is paused past its lease can act on
 * what it has lost. Hand `lease.token`, or the term, to the resource, and let it refuse older ones.
 *
 * @module
 */

export type { CoordinatorSource } from "./handlers/coordinator_source.ts";
export { cronEndpoint, type CronEndpointOptions } from "./handlers/cron.ts";
export { heartbeatEndpoint, type HeartbeatOptions, type Loss } from "./handlers/heartbeat.ts";
export { leaderOnly, type LeaderOptions, type Leading } from "./handlers/leader.ts";
export { type Held, type LockName, type LockOptions, withLock } from "./handlers/lock.ts";
export { retryAfter } from "./retry_after.ts";
export type { Secret } from "./secret.ts";

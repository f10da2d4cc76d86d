/**
 * Locks, leadership and cron for web handlers: a plain `Request` in, a `Response` out, with any
 * framework. `@baton/baton/hono` is the same for Hono.
 *
 * They do not make a write safe by themselves: a handler that is paused until its lease has ended
 * can still send its write. Every lease has a fencing token, a number that grows with each grant
 * (`lease.token`; a leader's is its term). Give it to the resource, and let the resource refuse
 * lower ones.
 *
 * The number of requests that one call of a driver takes depends on the backend: see
 * `docs/backends.md`.
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

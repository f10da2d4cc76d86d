/**
 * What coordinators and cron jobs are made of: a name, and leases over a driver that is wrapped in all
 * that every request needs.
 *
 * @module
 */

import { budgeted } from "../drivers/decorators/budgeted.ts";
import { namespaced } from "../drivers/decorators/namespaced.ts";
import { traced } from "../drivers/decorators/traced.ts";
import type { Driver } from "../drivers/driver.ts";
import { Reports } from "./leases/reports.ts";
import { retrying } from "./leases/retrying.ts";
import { Session } from "./leases/session.ts";
import { checkWait, clockBounds } from "./leases/timings.ts";
import { checkName } from "./names.ts";
import type { CoordinatorOptions } from "./options.ts";
import { systemRuntime } from "./runtime.ts";

/** How long a lease lives unrenewed by default, in ms. */
const TTL = 30_000;

/**
 * The session of the member that the options describe. No request.
 *
 * @throws {InvalidArgument} when an option cannot work, saying which and why.
 */
export function sessionOf(driver: Driver, options: CoordinatorOptions): Session {
  const { runtime = systemRuntime(), ttl = TTL, timeout, namespace, subrequests, on } = options;
  const { lockTtl = ttl, leaderTtl = ttl, membershipTtl = ttl } = options;
  const memberId = options.memberId ?? `member-${runtime.id().slice(0, 8)}`;
  checkName("member", memberId);
  if (timeout !== undefined) checkWait("request timeout", timeout);
  const reports = new Reports(on);
  let wrapped = subrequests === undefined ? driver : budgeted(driver, subrequests);
  if (namespace !== undefined) wrapped = namespaced(wrapped, namespace);
  if (on) wrapped = traced(wrapped, (event) => reports.report(event), runtime.mono);
  const session = new Session({
    driver: retrying(wrapped, { runtime, timeout }),
    single: retrying(wrapped, { runtime, timeout, retries: 0 }),
    memberId,
    ttls: { any: ttl, lock: lockTtl, leader: leaderTtl, member: membershipTtl },
    runtime,
    bounds: clockBounds(options.clocks ?? {}, driver.guarantees),
    heartbeatInterval: options.heartbeatInterval,
    reports,
  });
  for (const each of new Set(Object.values(session.ttls))) session.check(each);
  return session;
}

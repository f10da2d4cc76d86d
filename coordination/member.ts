/**
 * What coordinators and cron jobs are made of: who we are, and our leases.
 *
 * @module
 */

import type { Driver } from "../drivers/driver.ts";
import type { CoordinatorOptions } from "./options.ts";
import { checkName } from "./names.ts";
import { systemRuntime } from "./runtime.ts";
import { Session } from "./leases/session.ts";
import { checkWait } from "./leases/timings.ts";

/** One member over one backend. */
export interface Member {
  /** Who we are, for others to read. */
  readonly memberId: string;
  /** Our leases. */
  readonly session: Session;
  /** How long a lease lives unrenewed, in ms, unless a call says otherwise. */
  readonly ttl: number;
}

/**
 * The member that the options describe. No request.
 *
 * @throws {InvalidArgument} when an option cannot work, saying which and why.
 */
export function memberOf(driver: Driver, options: CoordinatorOptions): Member {
  const { runtime = systemRuntime(), ttl = 30_000, timeout } = options;
  const memberId = options.memberId ?? `member-${runtime.id().slice(0, 8)}`;
  checkName("member", memberId);
  if (timeout !== undefined) checkWait("request timeout", timeout);
  const session = new Session({ ...options, driver, runtime });
  session.check(ttl);
  return { memberId, session, ttl };
}

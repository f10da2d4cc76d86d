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
import { retrying } from "./leases/retrying.ts";
import { Session } from "./leases/session.ts";
import { checkFunction, refuse, refuseValue } from "../drivers/kit/check.ts";
import { checkOptions } from "../drivers/kit/options.ts";
import { checkWait, looksLikeSeconds, NOT_SECONDS } from "./leases/timings.ts";
import { checkName } from "./names.ts";
import type { CoordinatorOptions } from "./options.ts";
import { systemRuntime } from "./runtime.ts";

/**
 * The session of the member that the options describe. No request.
 *
 * @throws {InvalidArgument} when an option cannot work, saying which and why.
 */
export function sessionOf(driver: Driver, options: CoordinatorOptions): Session {
  checkDriver(driver);
  checkOptions(
    options,
    "memberId namespace ttl lockTtl leaderTtl membershipTtl heartbeatInterval timeout subrequests clocks on runtime",
  );
  const { runtime = systemRuntime(), timeout, namespace, subrequests, on } = options;
  if (!Object(runtime).wall) {
    refuse("runtime", "it must be what systemRuntime() returns, or a copy");
  }
  const { memberId = `member-${runtime.id()}` } = options;
  checkName("member", memberId);
  if (on !== undefined) checkFunction("on", on);
  if (timeout !== undefined) {
    checkWait("request timeout", timeout);
    if (looksLikeSeconds(timeout)) refuseValue("request timeout", timeout, NOT_SECONDS);
  }
  let wrapped = driver;
  if (subrequests !== undefined) wrapped = budgeted(wrapped, subrequests);
  if (namespace !== undefined) wrapped = namespaced(wrapped, namespace);
  if (on) wrapped = traced(wrapped, (event) => session.report(event), runtime.mono);
  wrapped = retrying(wrapped, { runtime, timeout });
  const session = new Session(wrapped, { ...options, runtime, memberId });
  return session;
}

/** Throws for what is not a driver: most often a function that was not called, or a URL. */
function checkDriver(driver: Driver): void {
  if (Object(driver).guarantees) return;
  const call = typeof driver === "function" ? "; call it: new Coordinator(memory())" : "";
  refuse(
    "driver",
    `it is of type ${typeof driver}, not what memory() or another driver returns${call}`,
  );
}

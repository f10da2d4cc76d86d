/**
 * The short script: what a user does first, over real backends, in every runtime. What each case
 * meets on the wire is set at the front end before it starts, for a runtime cannot do that itself.
 *
 * @module
 */

import type { Driver } from "../../drivers/driver.ts";
import type { Coordinator } from "../../mod.ts";
import type { Fault } from "../servers/faults.ts";
import { clockSmoke } from "./smoke_clocks.ts";
import { groupSmoke } from "./smoke_groups.ts";
import { httpSmoke } from "./smoke_http.ts";
import { leaseSmoke } from "./smoke_leases.ts";
import { urlSmoke } from "./smoke_url.ts";
import { wireSmoke } from "./smoke_wire.ts";

/** One case. */
export interface SmokeCase {
  readonly name: string;
  /** What its first requests meet. */
  readonly faults?: readonly Fault[];
  /** It makes up to 16 drivers on one backend, or coordinators by the backend's URL. */
  run(driver: () => Driver, byUrl: (memberId: string) => Promise<Coordinator>): Promise<void>;
}

/** All of them, for any backend. */
export const smokeCases: readonly SmokeCase[] = [
  ...leaseSmoke,
  ...groupSmoke,
  ...clockSmoke,
  ...urlSmoke,
  ...httpSmoke,
  ...wireSmoke,
];

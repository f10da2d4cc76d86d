/**
 * What any SQL server promises that has committed a lease, whatever stands behind it.
 *
 * @module
 */

import type { Guarantees } from "../driver.ts";

/** As long as this server lives; a vendor's transport says what it promises beyond that. */
export const SQL_GUARANTEES: Guarantees = {
  consistency: "until-failover",
  clock: "server",
  durability: "disk",
  push: false,
  minTtl: 1,
};

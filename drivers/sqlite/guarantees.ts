/**
 * What libSQL promises, whoever sends to it.
 *
 * @module
 */

import type { Guarantees } from "../driver.ts";

/** Its own server, and Turso Cloud, whose primary may move. */
export const LIBSQL: Guarantees = {
  consistency: "until-failover",
  clock: "server",
  durability: "disk",
  push: false,
  minTtl: 1,
};

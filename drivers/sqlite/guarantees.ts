/**
 * What libSQL promises, over its own protocol and over a client.
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

/**
 * Every edit. Each is a bug that somebody could make in one line, or that another library has made.
 *
 * @module
 */

import { CORE_EDITS } from "./edits_core.ts";
import { CRON_EDITS } from "./edits_cron.ts";
import { DRIVER_EDITS } from "./edits_drivers.ts";
import { EDGE_EDITS } from "./edits_edges.ts";
import { GROUP_EDITS } from "./edits_groups.ts";
import { LEASE_EDITS } from "./edits_leases.ts";
import { REDIS_EDITS } from "./edits_redis.ts";
import { SQL_EDITS } from "./edits_sql.ts";
import type { Edit } from "./plant.ts";

/** All of them, room by room. */
export const EDITS: readonly Edit[] = [
  ...[...LEASE_EDITS, ...CORE_EDITS, ...CRON_EDITS, ...GROUP_EDITS],
  ...[...DRIVER_EDITS, ...REDIS_EDITS, ...SQL_EDITS],
  ...EDGE_EDITS,
];

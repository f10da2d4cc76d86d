/** How long Baton takes over PlanetScale's protocol on a real MySQL or MariaDB, and over `mysql2`. */
import type { Effort } from "./contest.ts";
import type { Row } from "./row.ts";
import { sqlRows } from "./sql_times.ts";
import type { SqlBackend } from "./sql_ways.ts";

/** What Baton may take of the time of the least that a caller could send. */
const LIMITS = { pair: 1.3 };

/** The front end's part of each request hides Baton's; so the same over sockets, which only informs. */
export async function planetscaleRows(backend: SqlBackend, effort: Effort): Promise<Row[]> {
  return [
    ...await sqlRows(backend.vendor, LIMITS, effort),
    ...await sqlRows(backend.sockets, {}, effort),
  ];
}

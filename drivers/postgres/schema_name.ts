/**
 * The name of the Postgres schema that Baton's table lives in.
 *
 * @module
 */

import { refuse } from "../kit/check.ts";

/** Checks the name, which becomes part of SQL. */
export function schemaName(name = "baton"): string {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name)) {
    refuse("schema name", "it must be at most 63 of a-z, 0-9 and _, and not begin with a digit");
  }
  return name;
}

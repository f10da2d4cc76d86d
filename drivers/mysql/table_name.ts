/**
 * The name of Baton's table in MySQL.
 *
 * @module
 */

import { refuse } from "../kit/check.ts";

/** Checks the name, which becomes part of SQL. */
export function tableName(name = "baton_leases"): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)) {
    refuse("table name", "it must be at most 64 letters, digits and _, and not begin with a digit");
  }
  return name;
}

/**
 * How to recognize a refused write among all other failures.
 *
 * @module
 */

import { CoordinationError, type ErrorDetails } from "../errors.ts";
import { errnoOf } from "../drivers/mysql/errors.ts";
import type { Fence } from "./fence.ts";

/** The SQLSTATE with which `fence_1` refuses. */
export const STALE_SQLSTATE = "BT002";
/** How the name of the refusing constraint begins; online DDL may add to its end. */
export const STALE_CONSTRAINT = "stale_token";

/** The error numbers for a violated constraint, in MySQL and in MariaDB. */
const VIOLATIONS = [3819, 4025];

/**
 * The resource refused a write and wrote nothing, because a holder with a greater token has written
 * since. Your lease is over, so stop. Sending the write again does not help.
 *
 * @example If the fence is a column of your own, in any database:
 * ```ts
 * import { StaleToken } from "@baton/baton/fencing";
 *
 * declare const lease: { token: number };
 * declare function update(sql: string, params: unknown[]): Promise<number>;
 *
 * const changed = await update(
 *   "update accounts set balance = balance - 10, fence = ? where id = 42 and fence <= ?",
 *   [lease.token, lease.token],
 * );
 * if (changed === 0) throw new StaleToken({ resource: "account:42", token: lease.token });
 * ```
 */
export class StaleToken extends CoordinationError {
  /** The class's name. */
  override readonly name: string = "StaleToken";
  /** The resource of the write. */
  readonly resource: string;
  /** The token that is too old. */
  readonly token: number;

  /** Makes the error; its code is `"stale-token"`. */
  constructor({ resource, token }: Fence, details: Pick<ErrorDetails, "cause"> = {}) {
    super(
      `A write to ${JSON.stringify(resource)} was refused, and nothing was written: its fencing ` +
        `token ${token} is too old, a later holder has written since. Stop what runs under this lease`,
      "stale-token",
      details,
    );
    this.resource = resource;
    this.token = token;
  }
}

/**
 * Whether an error, or a cause of it, is the refusal of a stale token. That is a {@link
 * StaleToken}, or the database's own error if you sent the statement yourself (`pg`, Neon,
 * `mysql2`, PlanetScale, D1, `@libsql/client`, `node:sqlite`).
 *
 * @example
 * ```ts
 * import { isStale } from "@baton/baton/fencing";
 *
 * declare const lease: { token: number };
 * declare function query(text: string, params: unknown[]): Promise<unknown>;
 *
 * try {
 *   await query(
 *     "update accounts set balance = balance - 10 " +
 *       "where id = 42 and (select baton.fence_1('account:42', $1))",
 *     [lease.token],
 *   );
 * } catch (error) {
 *   if (!isStale(error)) throw error;
 *   console.log("somebody else has taken over, and this changed nothing");
 * }
 * ```
 */
export function isStale(error: unknown): boolean {
  // Query builders wrap errors, and a chain of causes may be a circle.
  const seen = new Set<unknown>();
  for (let each = error; each instanceof Object && !seen.has(each); each = Object(each).cause) {
    seen.add(each);
    const { code, message } = each as { code?: unknown; message?: unknown };
    if (code === "stale-token" || code === STALE_SQLSTATE) return true;
    // SQLite has no number that all clients pass on.
    if (SQLITES.test(String(message))) return true;
    if (VIOLATIONS.includes(errnoOf(each)) && NAME.test(String(message))) return true;
  }
  return false;
}

const SQLITES = new RegExp(`\\bCHECK constraint failed: ${STALE_CONSTRAINT}\\b`);
const NAME = new RegExp(`['\`]${STALE_CONSTRAINT}_`);

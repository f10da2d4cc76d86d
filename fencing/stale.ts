/**
 * How a refused write is told apart from every other failure.
 *
 * @module
 */

import { CoordinationError, type ErrorDetails } from "../errors.ts";
import { errnoOf } from "../drivers/mysql/errors.ts";
import type { Fence } from "./fence.ts";

/** The SQLSTATE with which `fence_1` refuses. */
export const STALE_SQLSTATE = "BT002";
/** What the name of the constraint that refuses begins with; online DDL may lengthen its end. */
export const STALE_CONSTRAINT = "stale_token";

/** Violated constraints, in MySQL and in MariaDB. */
const VIOLATIONS = [3819, 4025];

/**
 * The resource refused a write, and nothing of it was written: a holder with a greater token has
 * been there since. The lease it was done under is over, so stop; to send it again is of no use.
 *
 * @example Where the fence is a column of your own, in any database:
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
  /** What was to be written to. */
  readonly resource: string;
  /** The token that is too old. */
  readonly token: number;

  /** Makes the error; its code is `"stale-token"`. */
  constructor({ resource, token }: Fence, details: Pick<ErrorDetails, "cause"> = {}) {
    super(
      `A write to ${
        JSON.stringify(resource)
      } was refused, and nothing was written: a later holder ` +
        `than that with the fencing token ${token} has been there. Stop what is done under this lease`,
      "stale-token",
      details,
    );
    this.resource = resource;
    this.token = token;
  }
}

/**
 * Whether an error, or what caused it, is the refusal of a stale token: {@link StaleToken}, or the
 * database's own error where you sent the statement yourself (`pg`, Neon, `mysql2`, PlanetScale).
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
  // Query builders wrap; a chain of causes may close on itself.
  const seen = new Set<unknown>();
  for (let each = error; each instanceof Object && !seen.has(each); each = Object(each).cause) {
    seen.add(each);
    const { code, message } = each as { code?: unknown; message?: unknown };
    if (code === "stale-token" || code === STALE_SQLSTATE) return true;
    if (VIOLATIONS.includes(errnoOf(each)) && NAME.test(String(message))) return true;
  }
  return false;
}

const NAME = new RegExp(`['\`]${STALE_CONSTRAINT}_`);

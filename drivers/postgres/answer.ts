/**
 * What the functions in the database answer.
 *
 * @module
 */

import { InvalidArgument, UnknownOutcome } from "../../errors.ts";
import type { Lease, Op, Outcome } from "../driver.ts";
import { bySeat } from "../kit/order.ts";
import { lastPage, type Listed, page } from "../kit/step.ts";
import type { Request } from "./request.ts";

/**
 * The outcomes of a request's operations, in the order in which they were given.
 *
 * @throws {Error} when the answer is not exactly of the procedure's form, for then it proves nothing.
 */
export function outcomesIn(rows: unknown, { ops, order }: Request): Outcome[] {
  const given: Outcome[] = [];
  const [row] = Array.isArray(rows) ? rows : [];
  try {
    const outcomes: unknown = JSON.parse(String(row["outcomes"]));
    if (!Array.isArray(outcomes) || outcomes.length !== ops.length) throw new TypeError();
    outcomes.forEach((outcome, n) => given[order[n]!] = outcomeIn(outcome, ops[n]!));
  } catch {
    if (rows === undefined) {
      throw new UnknownOutcome(
        "Invalid query function: it returns undefined, not the client's answer. So the " +
          "outcome is unknown",
        { retryable: false },
      );
    }
    if (!Array.isArray(row)) throw new Error("the answer is not from Baton's function");
    const said =
      "Invalid query function: it answers rows as arrays; leave out rowMode, arrayMode " +
      "or the like";
    if (ops.every(({ op }) => op === "inspect" || op === "list")) throw new InvalidArgument(said);
    throw new UnknownOutcome(`${said}; so the outcome is unknown`, { retryable: false });
  }
  return given;
}

/** Throws when it is none. */
function outcomeIn(outcome: unknown, op: Op): Outcome {
  const [ok, rows] = listIn(outcome);
  if (typeof ok !== "boolean") throw new TypeError();
  const leases = listIn(rows).map((row) => leaseIn(row, op));
  if (op.op === "list") return page(leases as Listed[], op.limit);
  if (op.op === "inspect" && op.seat === undefined && op.limit) return lastPage(leases, op.limit);
  return { ok, leases: leases.sort(bySeat) };
}

function leaseIn(row: unknown, { op }: Op): Lease {
  const [seat, id, token, value, left, resource] = listIn(row);
  const ends = typeof left === "number";
  if (!Number.isSafeInteger(token) || !(ends || left === null)) throw new TypeError();
  const lease = {
    seat: textIn(seat),
    id: textIn(id),
    token: token as number,
    value: textIn(value),
    left: ends ? left : Infinity,
  };
  return op === "list" ? { resource: textIn(resource), ...lease } : lease;
}

function listIn(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new TypeError();
  return value;
}

function textIn(value: unknown): string {
  if (typeof value !== "string") throw new TypeError();
  return value;
}

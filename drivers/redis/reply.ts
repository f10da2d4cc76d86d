/**
 * Reads the script's answer. It is strict, because a reply of any other form proves nothing.
 *
 * @module
 */

import type { Lease, Op, Outcome } from "../driver.ts";
import { bySeat } from "../kit/order.ts";

/**
 * `left /resource/seat token id ttl value`. The `left` is missing if the script did not ask for it.
 */
const ROW = /^(-?\d*) \/(.*?)\/(.*?) (\d+) (\S+) (\d+) ([^]*)/;

/**
 * The outcomes of a batch.
 *
 * @throws {TypeError} when the reply is not the script's.
 */
export function outcomesIn(reply: unknown, ops: readonly Op[]): Outcome[] {
  const answers = partsOf(reply);
  if (answers.length !== ops.length) throw new TypeError();
  return ops.map((op, n) => {
    const [head, ...rows] = partsOf(answers[n]);
    const leases = rows.map(leaseIn);
    if (op.op !== "list") {
      const page = op.op === "inspect" && op.limit !== undefined;
      const [ok, after] = textIn(page ? /^(?:1|>(.*))$/ : /^[01]$/, head);
      const there = leases.map(({ resource: _, ...lease }) => lease).sort(bySeat);
      return {
        ok: ok !== "0",
        leases: there,
        ...after !== undefined && { after: decodeURIComponent(after) },
      };
    }
    const [after = ""] = textIn(/^\d+$/, head);
    const found = leases.filter(({ resource }) => resource.startsWith(op.prefix));
    return { ok: true, leases: found, ...after !== "0" && { after } };
  });
}

function leaseIn(row: unknown): Required<Lease> {
  const [, left, resource = "", seat = "", token, id = "", ttl, value = ""] = textIn(ROW, row);
  // Numbers from there on are not told apart, and two grants could have the same token.
  if (Number(token) >= 2 ** 53) throw new TypeError();
  return {
    resource: decodeURIComponent(resource),
    seat: decodeURIComponent(seat),
    id: decodeURIComponent(id),
    token: Number(token),
    value,
    left: leftOf(left ? Number(left) : Number(ttl) || NO_END),
  };
}

/** PTTL's answer for a key without an end. */
const NO_END = -1;

/** PTTL rounds down, but a lease that was found alive has part of a millisecond left. */
function leftOf(pttl: number): number {
  return pttl === NO_END ? Infinity : Math.max(pttl, 1);
}

function partsOf(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw new TypeError();
  return reply;
}

/** What a pattern finds in a text or a number. Some clients return numbers as texts. */
function textIn(pattern: RegExp, part: unknown): RegExpExecArray {
  const found = typeof part === "object" ? null : pattern.exec(String(part));
  if (!found) throw new TypeError();
  return found;
}

/**
 * How the script's answer is read: strictly, for what is not exactly its form proves nothing.
 *
 * @module
 */

import type { Lease, Op, Outcome } from "../driver.ts";
import { bySeat } from "../kit/order.ts";

/**
 * The outcomes of a batch, or `undefined` when the reply is not the script's. Numbers may come as texts:
 * some clients are set so (`stringNumbers` of ioredis).
 */
export function outcomesIn(reply: unknown, ops: readonly Op[]): Outcome[] | undefined {
  if (!Array.isArray(reply) || reply.length !== ops.length) return undefined;
  const outcomes = ops.map((op, n) => outcomeIn(reply[n], op));
  return outcomes.every((outcome) => outcome !== undefined) ? outcomes : undefined;
}

function outcomeIn(answer: unknown, op: Op): Outcome | undefined {
  const [head, ...pairs] = Array.isArray(answer) ? answer : [];
  const lists = op.op === "list";
  if (!(lists ? /^\d+$/ : /^[01]$/).test(text(head))) return undefined;
  const leases: Lease[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const lease = leaseIn(pairs[i], pairs[i + 1], lists);
    if (!lease) return undefined;
    leases.push(lease);
  }
  if (!lists) return { ok: text(head) === "1", leases: leases.sort(bySeat) };
  const found = leases.filter(({ resource }) => resource!.startsWith(op.prefix));
  return { ok: true, leases: found, ...(text(head) !== "0" && { after: text(head) }) };
}

/** A row is `seat token id ttl value`; in a list it is `resource/seat …`. */
function leaseIn(row: unknown, left: unknown, listed: boolean): Lease | undefined {
  const found = /^([^ /]*)(?:\/([^ /]*))? (\d+) (\S+) (\d+) ([^]*)$/.exec(
    typeof row === "string" ? row : "",
  );
  if (!found || (found[2] !== undefined) !== listed || !/^-?\d+$/.test(text(left))) {
    return undefined;
  }
  const [, first = "", second = "", token, id = "", ttl, value = ""] = found;
  return {
    ...(listed && { resource: decodeURIComponent(first) }),
    seat: decodeURIComponent(listed ? second : first),
    id: decodeURIComponent(id),
    token: Number(token),
    value,
    left: leftOf(Number(left), Number(ttl)),
  };
}

/** An upper bound: PTTL's answer, or the ttl where it was not asked. */
function leftOf(left: number, ttl: number): number {
  if (left === NOT_ASKED) return ttl || Infinity;
  // PTTL rounds down; a lease that was found alive has some of its last millisecond left.
  return left === NO_END ? Infinity : Math.max(left, 1);
}

/** What the script says where it did not ask PTTL. */
const NOT_ASKED = -3;
/** What PTTL answers of a key without an end. */
const NO_END = -1;

/** A number or a text as a text; nothing else looks like a number. */
function text(part: unknown): string {
  return typeof part === "number" || typeof part === "string" ? `${part}` : "";
}

/**
 * Which operations of a batch one transaction of etcd can do.
 *
 * @module
 */

import type { Acquire, Op } from "../driver.ts";

/** etcd takes 128 operations in a transaction by default, and each of ours has some of its own. */
const MOST_OPS = 100;
/** etcd takes requests of 1.5 MiB by default. */
const MOST_BYTES = 2 ** 20;

/**
 * Batches that one transaction can do, in order. etcd makes all comparisons before it runs anything,
 * so what depends on an operation before it comes in the next; and so does what follows one that may
 * wait.
 */
export function* partsOf(ops: readonly Op[]): Generator<Op[]> {
  let part: Op[] = [];
  let size = 0;
  for (const op of ops) {
    const bytes = "value" in op && op.value ? op.value.length * 4 : 0;
    const full = part.length === MOST_OPS || (size + bytes > MOST_BYTES && part.length > 0);
    if (full || part.some((before) => isPatient(before) || decides(before, op))) {
      yield part;
      part = [];
      size = 0;
    }
    part.push(op);
    size += bytes;
  }
  if (part.length > 0) yield part;
}

/** Whether what one operation writes can decide another, which is compared before. */
function decides(before: Op, op: Op): boolean {
  if (!writes(before) || !writes(op)) return false;
  const { resource, seat } = before as Acquire;
  const { guard } = op as Acquire;
  return [op as Acquire, guard].some((place) =>
    place?.resource === resource && (place.seat === undefined || place.seat === seat)
  );
}

/** Whether it may change anything. */
export function writes({ op }: Op): boolean {
  return op !== "inspect" && op !== "list";
}

/** Whether it may wait. */
export function isPatient(op: Op): boolean {
  return op.op === "acquire" && (op.patience ?? 0) > 0;
}

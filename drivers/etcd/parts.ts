/**
 * Which operations of a batch one transaction of etcd can do.
 *
 * @module
 */

import type { Acquire, Op, Release, Renew } from "../driver.ts";

/**
 * etcd takes 128 operations in a transaction by default, less those of the transactions around it. So
 * ours are in groups of so many, as many as there are groups.
 */
export const GROUP = 32;
/** As many renewals as a coordinator sends at once. With what operations have of their own, 72 of 128. */
const MOST_RENEWALS = 1_000;
/** Other operations may read, and an answer must not become too long. So one counts as so many. */
const READS = 10;
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
  let count = 0;
  /** The seats that are written, and their resources. */
  let written = new Set<string>();
  for (const op of ops) {
    const bytes = bytesOf(op);
    const { guard } = op as Acquire;
    const depends = writes(op)
      ? [op, guard].some((place) => place && written.has(nameOf(place)))
      // A renewal may have to be made a second time, after what was read beside it.
      : part.some((before) => before.op === "renew" && before.value !== undefined);
    const last = part.at(-1);
    const counts = op.op === "renew" ? 1 : READS;
    const full = count + counts > MOST_RENEWALS || size + bytes > MOST_BYTES;
    if (last && (full || depends || isPatient(last))) {
      yield part;
      part = [];
      size = count = 0;
      written = new Set();
    }
    part.push(op);
    size += bytes;
    count += counts;
    if (writes(op)) written.add(nameOf(op)).add(nameOf({ resource: op.resource }));
  }
  if (part.length > 0) yield part;
}

/** About how long it is. A renewal names its key four times, and others name theirs and their guard's more often. */
function bytesOf(op: Op): number {
  const { resource = "", seat = "", id = "", value = "", guard } = op as Partial<Acquire>;
  const names = lengthOf(resource + seat + id + (guard?.resource ?? "") + (guard?.seat ?? ""));
  return 100 + lengthOf(value) + names * (op.op === "renew" ? 4 : 6);
}

function lengthOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** The name of a seat, or of all seats of a resource. */
function nameOf({ resource, seat }: { resource: string; seat?: string | undefined }): string {
  return seat === undefined ? resource : `${resource}\0${seat}`;
}

/** Whether it may change anything. */
export function writes(op: Op): op is Acquire | Renew | Release {
  return op.op !== "inspect" && op.op !== "list";
}

/** Whether it may wait. */
export function isPatient(op: Op): boolean {
  return op.op === "acquire" && (op.patience ?? 0) > 0;
}

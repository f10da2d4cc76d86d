/**
 * What no backend could carry is refused here, once for all drivers, before anything is sent.
 *
 * @module
 */

import { InvalidArgument } from "../coordination/errors.ts";
import type { Op } from "./driver.ts";

/** The longest finite ttl: what a timer, and a signed 32-bit field, can hold. */
export const MAX_TTL = 2 ** 31 - 1;

/** UTF-8 bytes allowed; two keys of 512 fit every backend's index. */
const LIMITS = { resource: 512, seat: 512, id: 128, value: 65_536 };

const encoder = new TextEncoder();

/**
 * Checks every operation of a batch.
 *
 * @throws {InvalidArgument} naming the first field that is wrong and why.
 */
export function checkOps(ops: readonly Op[], minTtl: number): void {
  for (const op of ops) {
    checkWord(op.op, ["acquire", "renew", "release", "inspect"]);
    checkText("resource", op.resource, 1);
    if (op.op !== "inspect" || op.seat !== undefined) checkText("seat", op.seat, 0);
    if (op.op === "acquire" || op.op === "renew") {
      checkText("id", op.id, 1);
      checkTtl(op.ttl, minTtl);
      if (op.op === "acquire" || op.value !== undefined) checkText("value", op.value, 0);
    } else if (op.op === "release" && op.id !== undefined) checkText("id", op.id, 1);
    if ((op.op === "acquire" || op.op === "release") && op.guard) {
      checkWord(op.guard.when, ["held", "vacant"]);
      checkText("resource", op.guard.resource, 1);
      if (op.guard.seat !== undefined) checkText("seat", op.guard.seat, 0);
    }
  }
}

function checkWord(word: string, known: readonly string[]): void {
  if (!known.includes(word)) {
    throw new InvalidArgument(
      `Cannot run this operation: "${word}" is none of ${known.join(", ")}`,
    );
  }
}

function checkText(field: keyof typeof LIMITS, text: unknown, least: number): void {
  if (typeof text !== "string" || text.length < least) {
    throw new InvalidArgument(`Cannot use this ${field}: it is empty, or not a string`);
  }
  // A lone surrogate has no UTF-8 form, so two different names would meet in one key; PostgreSQL
  // text cannot hold U+0000.
  if (!text.isWellFormed() || text.includes("\0")) {
    throw new InvalidArgument(`Cannot use this ${field}: it has a lone surrogate or U+0000`);
  }
  const limit = LIMITS[field];
  if (text.length * 3 > limit && encoder.encode(text).length > limit) {
    throw new InvalidArgument(
      `Cannot use this ${field}: it is longer than ${limit} bytes of UTF-8`,
    );
  }
}

function checkTtl(ttl: number, minTtl: number): void {
  if (ttl === Infinity) return;
  if (!Number.isSafeInteger(ttl) || ttl < minTtl || ttl > MAX_TTL) {
    throw new InvalidArgument(
      `Cannot use ttl ${ttl}: it must be whole milliseconds from ${minTtl} (this driver's minimum) ` +
        `to ${MAX_TTL}, or Infinity`,
    );
  }
}

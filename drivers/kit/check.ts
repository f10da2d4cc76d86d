/**
 * What no backend could carry is refused here, once for all drivers, before anything is sent.
 *
 * @module
 */

import { InvalidArgument } from "../../errors.ts";
import type { Acquire, Op } from "../driver.ts";

/** The longest finite ttl: what a timer, and a signed 32-bit field, can hold. */
export const MAX_TTL = 2 ** 31 - 1;
/** The longest page of a list. */
export const MAX_LIMIT = 1_000;

/** UTF-8 bytes allowed (contract rule 11); two keys of 512 fit every backend's index. */
const LIMITS = { resource: 512, prefix: 512, seat: 512, id: 128, value: 65_536, after: 4_096 };

const encoder = new TextEncoder();

/**
 * Checks every operation of a batch.
 *
 * @throws {InvalidArgument} naming the first field that is wrong and why.
 */
export function checkOps(ops: readonly Op[], minTtl: number): void {
  for (const op of ops) {
    checkWord("operation", op.op, ["acquire", "renew", "release", "inspect", "list"]);
    if (op.op === "list") {
      checkText("prefix", op.prefix);
      checkText("after", op.after, 1, true);
      checkWhole("limit", op.limit, 1, MAX_LIMIT);
      continue;
    }
    const { resource, seat, id, ttl, value, guard, patience = 0 } = op as Acquire;
    const acquires = op.op === "acquire";
    const writes = acquires || op.op === "renew";
    checkText("resource", resource, 1);
    checkText("seat", seat, 0, op.op === "inspect");
    checkText("id", id, 1, !writes);
    checkText("value", value, 0, !acquires);
    if (writes && ttl !== Infinity) checkWhole("ttl", ttl, minTtl);
    checkWhole("patience", patience, 0);
    if (guard) {
      checkWord("guard", guard.when, ["held", "vacant"]);
      checkText("resource", guard.resource, 1);
      checkText("seat", guard.seat, 0, true);
    }
  }
}

function checkWord(what: string, word: string, known: readonly string[]): void {
  if (!known.includes(word)) refuse(what, `"${word}" is none of ${known}`);
}

function checkText(field: keyof typeof LIMITS, text: unknown, least = 0, optional = false): void {
  if (optional && text === undefined) return;
  if (typeof text !== "string" || text.length < least) {
    refuse(field, "it is empty, or not a string");
  }
  // A lone surrogate has no UTF-8 form, so two different names would meet in one key; PostgreSQL
  // text cannot hold U+0000.
  if (!text.isWellFormed() || text.includes("\0")) {
    refuse(field, "it has a lone surrogate or U+0000");
  }
  const limit = LIMITS[field];
  if (text.length * 3 > limit && encoder.encode(text).length > limit) {
    refuse(field, `it is longer than ${limit} bytes of UTF-8`);
  }
}

/**
 * Throws unless a value is a whole number in a range. Default: what timers and backends can keep, in ms.
 *
 * @throws {InvalidArgument} when it is not a whole number from `least` to `most`.
 */
export function checkWhole(what: string, value: unknown, least = 1, most = MAX_TTL): void {
  if (Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most) return;
  refuseValue(what, value, `it must be a whole number from ${least} to ${most}`);
}

/** Throws what every bad argument to a driver is refused with. */
export function refuse(what: string, why: string): never {
  throw new InvalidArgument(`Cannot use this ${what}: ${why}`);
}

/** As {@link refuse}, and shows the value. */
export function refuseValue(what: string, value: unknown, why: string): never {
  const kind = typeof value === "string" ? ", a string" : "";
  throw new InvalidArgument(`Cannot use ${what} ${String(value)}${kind}: ${why}`);
}

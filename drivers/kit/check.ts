/**
 * What no backend could carry is refused here, once for all drivers, before anything is sent.
 *
 * @module
 */

import { InvalidArgument } from "../../errors.ts";
import type { Acquire, List, Op } from "../driver.ts";

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
    checkWord(op.op, ["acquire", "renew", "release", "inspect", "list"]);
    if (op.op === "list") {
      checkList(op);
      continue;
    }
    const { id, ttl, value, guard, patience = 0 } = op as Partial<Acquire>;
    const writes = op.op === "acquire" || op.op === "renew";
    checkText("resource", op.resource, 1);
    checkText("seat", op.seat, 0, op.op === "inspect");
    checkText("id", id, 1, !writes);
    checkText("value", value, 0, op.op !== "acquire");
    if (writes) checkTtl(ttl, minTtl);
    checkWhole("patience", patience, 0, MAX_TTL);
    if (guard) {
      checkWord(guard.when, ["held", "vacant"], "guard");
      checkText("resource", guard.resource, 1);
      checkText("seat", guard.seat, 0, true);
    }
  }
}

function checkList({ prefix, after, limit }: List): void {
  checkText("prefix", prefix, 0);
  checkText("after", after, 1, true);
  checkWhole("limit", limit, 1, MAX_LIMIT);
}

function checkWord(word: string, known: readonly string[], what = "operation"): void {
  if (!known.includes(word)) refuse(what, `"${word}" is none of ${known}`);
}

function checkText(
  field: keyof typeof LIMITS,
  text: unknown,
  least: number,
  optional = false,
): void {
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

function checkTtl(ttl: unknown, minTtl: number): void {
  if (ttl !== Infinity) checkWhole("ttl", ttl, minTtl, MAX_TTL, " ms, nor Infinity");
}

function checkWhole(what: string, value: unknown, least: number, most: number, unit = ""): void {
  if (!Number.isSafeInteger(value) || Number(value) < least || Number(value) > most) {
    refuse(what, `${String(value)} is not a whole number from ${least} to ${most}${unit}`);
  }
}

/** Refuses what is called to reach a backend, and cannot be. */
export function checkFunction(what: string, value: unknown, hint = ""): void {
  if (typeof value !== "function") refuse(what, `it is ${typeof value}, not a function${hint}`);
}

/** Throws what every bad argument to a driver is refused with. */
export function refuse(what: string, why: string): never {
  throw new InvalidArgument(`Cannot use this ${what}: ${why}`);
}

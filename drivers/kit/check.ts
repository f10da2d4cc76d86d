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
const LIMITS = {
  resource: 512,
  prefix: 512,
  seat: 512,
  before: 512,
  id: 128,
  value: 65_536,
  after: 4_096,
};

const OPERATIONS = ["acquire", "renew", "release", "inspect", "list"];
const GUARDS = ["held", "vacant"];

/**
 * Checks every operation of a batch.
 *
 * @throws {InvalidArgument} naming the first field that is wrong and why.
 */
export function checkOps(ops: readonly Op[], minTtl: number): void {
  for (const op of ops) {
    checkWord("operation", op.op, OPERATIONS);
    if (op.op === "list") {
      checkField("prefix", op.prefix);
      checkField("after", op.after, 1, true);
      checkWhole("limit", op.limit, 1, MAX_LIMIT);
      continue;
    }
    if (op.op === "inspect") {
      checkField("before", op.before, 0, true);
      checkWhole("limit", op.limit ?? MAX_LIMIT, 1, MAX_LIMIT);
    }
    const { resource, seat, id, ttl, value, guard, patience = 0 } = op as Acquire;
    const acquires = op.op === "acquire";
    const writes = acquires || op.op === "renew";
    checkField("resource", resource, 1);
    checkField("seat", seat, 0, op.op === "inspect");
    checkField("id", id, 1, !writes);
    checkField("value", value, 0, !acquires);
    if (writes && ttl !== Infinity) checkWhole("ttl", ttl, minTtl);
    checkWhole("patience", patience, 0);
    if (guard) {
      checkWord("guard", guard.when, GUARDS);
      checkField("resource", guard.resource, 1);
      checkField("seat", guard.seat, 0, true);
    }
  }
}

/** Throws unless a word is one of these. */
export function checkWord(what: string, word: string, known: readonly string[]): void {
  if (!known.includes(word)) refuse(what, `"${word}" is none of ${known}`);
}

function checkField(field: keyof typeof LIMITS, text: unknown, least = 0, optional = false): void {
  if (!optional || text !== undefined) checkText(field, text, least, LIMITS[field]);
}

/**
 * Throws unless a value is a text that every backend could carry.
 *
 * @param least How many characters it has at least.
 * @param most How many bytes of UTF-8 it has at most.
 * @throws {InvalidArgument} saying what is wrong with it.
 */
export function checkText(what: string, text: unknown, least: number, most: number): void {
  if (typeof text !== "string" || text.length < least) {
    refuse(what, "it is empty, or not a string");
  }
  // A lone surrogate has no UTF-8 form, so two different names would meet in one key; PostgreSQL
  // text cannot hold U+0000.
  if (!text.isWellFormed() || text.includes("\0")) {
    refuse(what, "it has a lone surrogate or U+0000");
  }
  if (text.length * 3 > most && new TextEncoder().encode(text).length > most) {
    refuse(what, `it is longer than ${most} bytes of UTF-8`);
  }
}

/**
 * Throws unless a value is a whole number in a range. Default: what timers and backends can keep, in ms.
 *
 * @throws {InvalidArgument} when it is not a whole number from `least` to `most`.
 */
export function checkWhole(
  what: string,
  value: unknown,
  least = 1,
  most = MAX_TTL,
  unit = most > 1e9 ? " (in ms, 24.8 days)" : "",
): void {
  if (Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most) return;
  refuseValue(what, value, `it must be a whole number from ${least} to ${most}${unit}`);
}

/** Refuses what is called to reach a backend, and cannot be. */
export function checkFunction(what: string, value: unknown, hint = ""): void {
  if (typeof value !== "function") refuse(what, `it is ${typeof value}, not a function${hint}`);
}

/** The way out for a user who gives a client instead of a function that sends through it. */
export const SENDS = " that sends; docs/clients.md has it for each client";

/** Throws what every bad argument to a driver is refused with. */
export function refuse(what: string, why: string): never {
  throw new InvalidArgument(`Cannot use this ${what}: ${why}`);
}

/** As {@link refuse}, and shows the value; if it is neither a number nor a text, its type. */
export function refuseValue(what: string, value: unknown, why: string): never {
  const shown = typeof value === "number"
    ? value
    : typeof value === "string"
    ? `${value}, a string`
    : `of type ${typeof value}`;
  throw new InvalidArgument(`Cannot use ${what} ${shown}: ${why}`);
}

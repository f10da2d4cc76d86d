/**
 * What a member stores on its seat.
 *
 * @module
 */

import { InvalidArgument } from "../../errors.ts";
import type { Json } from "./group_events.ts";

/** The value of a member's lease. */
export interface Stored {
  /** Its capabilities. */
  readonly capabilities: Json;
  /** When it joined, in ms since the epoch, by its own clock. */
  readonly joined: number;
  /** When it last changed its capabilities, likewise. */
  readonly updated: number;
  /** How often it has changed them. Two values with the same number are equal. */
  readonly version: number;
}

/**
 * The text of a member's value.
 *
 * @throws {InvalidArgument} when JSON cannot hold the capabilities unchanged.
 */
export function store(stored: Stored): string {
  checkJson(stored.capabilities, "capabilities", 0);
  return JSON.stringify(stored);
}

/** Reads a member's value. A text that is not such a value has no capabilities. */
export function read(text: string): Stored {
  const empty = { capabilities: null, joined: 0, updated: 0, version: 0 };
  try {
    return { ...empty, ...JSON.parse(text) };
  } catch {
    return empty;
  }
}

/** Throws for what JSON would silently drop or change: undefined, NaN, dates, functions, cycles. */
function checkJson(value: unknown, path: string, depth: number): void {
  if (value === null || typeof value === "boolean") return;
  if (typeof value === "string" && value.isWellFormed()) return;
  if (typeof value === "number" && Number.isFinite(value)) return;
  const prototype = typeof value === "object" && Object.getPrototypeOf(value);
  const plain = Array.isArray(value) || prototype === Object.prototype || prototype === null;
  if (typeof value !== "object" || !plain || depth > 50) {
    throw new InvalidArgument(`Cannot store ${path}: it is not plain JSON, or nested too deeply`);
  }
  for (const [key, each] of Object.entries(value)) checkJson(each, `${path}.${key}`, depth + 1);
}

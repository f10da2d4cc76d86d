/**
 * What the driver and the class `BatonObject` say to each other. The two may come from different
 * deployments, because Cloudflare replaces Workers and objects one after the other. So the version is in
 * the path, and a class that does not know it answers which one it knows, and does nothing.
 *
 * @module
 */

import type { Op } from "../driver.ts";
import { checkOps } from "../kit/check.ts";
import { CODEC_VERSION } from "../kit/codec.ts";
import { placeIn } from "../kit/step.ts";

/** The shortest ttl, in ms. */
export const MIN_TTL = 1;

/**
 * Runs a batch: `encodeOps()` in, `encodeOutcomes()` out. What follows after the `?` is different in each
 * call.
 */
export const APPLY = `/apply/${CODEC_VERSION}`;
/** Ends the wait of the call that has the same text after its `?`. */
export const LEAVE = `/leave/${CODEC_VERSION}`;

/** The status of an answer of {@link Refusal}. */
export const REFUSED = 409;

/** An answer that says that nothing was done. */
export interface Refusal {
  /** Why. */
  readonly refused: string;
  /** The version of the protocol that the class knows, if it was asked in another one. */
  readonly knows?: number;
}

/**
 * Checks all of a batch, so that none of its operations can be refused after another was done.
 *
 * @throws {InvalidArgument} naming the first field that is wrong and why.
 */
export function checkBatch(ops: readonly Op[]): void {
  checkOps(ops, MIN_TTL);
  for (const op of ops) {
    if (op.op === "list" && op.after !== undefined) placeIn(op.after, op.prefix);
  }
}
